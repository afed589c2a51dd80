"""What other programs read: every format is well-formed, says the same, and holds whatever ids and answers hold."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib import resources
from typing import get_args

import jsonschema
import pytest

from cohortprop import Receiver, zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding, Report
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.reports import event_as_json
from cohortprop.reports.formats import FORMATS, as_annotations, as_event_lines, as_junit, as_sarif
from cohortprop.reports.formats.curl import as_curl
from cohortprop.simulation import Attempted, Event, Garbled, History, Restarted
from cohortprop.trial import open_kit

TARGET = "cohortprop.zoo:four_bugs"


def report_on(name: str) -> Report:
    with open_kit(zoo.find(name).factory, BUILT_IN) as kit:
        return Campaign(kit, CampaignPlan(PROFILES["realistic"], seed=1, trials=0)).run()


@pytest.fixture(scope="module")
def report() -> Report:
    """Several findings; nothing to restart, so a check that is not run."""
    return report_on("four_bugs")


@pytest.fixture(scope="module")
def garbled() -> Finding:
    """A finding about requests that are no proper deliveries, one of them not even text."""
    entry = next(entry for entry in zoo.faulty() if entry.bugs[0][0] == "malformed")
    return report_on(entry.name).findings[0]


def test_junit_has_a_case_for_each_check(report: Report) -> None:
    suite = ET.fromstring(as_junit(report, TARGET)).find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    cases = {case.get("name"): case for case in suite}
    assert set(cases) == {*report.checks, *report.not_run}
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    assert failed == {finding.violation.check for finding in report.findings}
    skipped = {name for name, case in cases.items() if case.find("skipped") is not None}
    assert skipped == set(report.not_run) != set()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (
        str(len(cases)),
        str(len(failed)),
        str(len(skipped)),
    )
    text = "".join(case.findtext("failure", "") for case in suite)
    assert text.count("What happened") == len(report.findings)


def test_junit_of_a_report_without_findings_fails_nowhere(report: Report) -> None:
    clean = replace(report, findings=[], advice=[])
    assert "<failure" not in as_junit(clean, TARGET)


def test_junit_leaves_out_what_xml_cannot_hold(report: Report) -> None:
    found = report.findings[0]
    odd = replace(found, violation=replace(found.violation, expected="a NUL \0 and \ud800, </failure>"))
    told = as_junit(replace(report, findings=[odd]), "tar\x1bget")
    assert ET.fromstring(told).find("testsuite/testcase/failure") is not None  # noqa: S314 - our own


def test_event_lines_fit_their_schema_and_tell_every_event(report: Report) -> None:
    schema = json.loads(resources.files("cohortprop.reports.formats").joinpath("events.schema.json").read_text("utf-8"))
    lines = [json.loads(line) for line in as_event_lines(report, TARGET).splitlines()]
    validator = jsonschema.Draft202012Validator(schema)
    for line in lines:
        validator.validate(line)
    told = [*report.findings, *report.advice]
    assert len(lines) == sum(len(finding.history) for finding in told)
    assert sum(line["violated"] for line in lines) == len(told)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**lines[0], "event": "nothing"})


def test_every_kind_of_event_is_in_the_schema() -> None:
    schema = json.loads(resources.files("cohortprop.reports.formats").joinpath("events.schema.json").read_text("utf-8"))
    kinds = set(schema["properties"]["event"]["enum"])
    assert event_as_json(Restarted(0.0))["event"] in kinds
    assert len(kinds) == len(get_args(Event))


def test_sarif_has_a_rule_and_a_result_for_each_cause(report: Report) -> None:
    (run,) = json.loads(as_sarif(report, TARGET))["runs"]
    told = [*report.findings, *report.advice]
    assert [result["ruleId"] for result in run["results"]] == ["/".join(finding.key) for finding in told]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert {result["level"] for result in run["results"][: len(report.findings)]} == {"error"}
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("cohortprop/zoo/__init__.py")


@pytest.mark.parametrize("target", ["http://127.0.0.1:8000/hook", "no_such_module:receiver", "tests/a.py::TestIt"])
def test_sarif_names_the_target_where_there_is_no_file(report: Report, target: str) -> None:
    (run,) = json.loads(as_sarif(report, target))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == target


def test_annotations_are_one_line_each(report: Report) -> None:
    found = report.findings[0]
    odd = replace(found, violation=replace(found.violation, expected="two\nlines, 100 %"))
    lines = as_annotations(replace(report, findings=[odd], advice=report.findings[1:2]), "a,b:c").splitlines()
    check, cause = found.key
    assert lines[0].startswith(f"::error title={check} / {cause} in a%2Cb%3Ac::")
    assert "two%0Alines, 100 %25" in lines[0]
    assert lines[1].startswith("::warning ")
    assert len(lines) == 2


def test_formats_are_known_by_name(report: Report) -> None:
    assert {name: bool(write(report, TARGET)) for name, write in FORMATS.items()} == dict.fromkeys(
        ("junit", "ndjson", "sarif", "github"), True
    )


def test_the_script_sends_what_reached_the_app_and_keeps_credentials(report: Report) -> None:
    finding = report.findings[0]
    receiver = Receiver(print, path="/hook", auth=("mixpanel", "s3cret"), headers={"X-Shop": "it's"})
    script = as_curl(finding, receiver)
    before = finding.history.events[: finding.violation.place + 1]
    reached = [event.delivery.body for event in before if isinstance(event, Attempted) and event.reached]
    assert script.count("| curl -sS -X POST") >= len(reached) > 0
    assert "s3cret" not in script
    assert "Basic" not in script
    assert sent_by(script)[: len(reached)] == reached


def test_the_script_sends_bytes_that_are_no_text(garbled: Finding) -> None:
    event = next(event for event in garbled.history if isinstance(event, Garbled))
    history = History()
    history.add(replace(event, body=b"\xff\0'\n"))
    finding = replace(garbled, history=history, violation=replace(garbled.violation, place=0))
    assert sent_by(as_curl(finding, Receiver(print))) == [b"\xff\0'\n"]


def sent_by(script: str) -> list[bytes]:
    """What a script hands to curl, which is a function here that marks where each body ends."""
    shell = "curl() { cat; printf END-OF-BODY; }\necho() { :; }\n" + script.replace("#!/bin/sh\n", "")
    env = {"AUTHORIZATION": "x", "PATH": "/bin:/usr/bin"}
    told = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, check=True, env=env)
    return told.stdout.split(b"END-OF-BODY")[:-1]
