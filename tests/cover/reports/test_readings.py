"""A finding that rests on one reading of the document says so in every output, and how to exclude that reading."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cohortprop import Receiver
from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.reports import finding_as_json, show_finding, show_report, tell
from cohortprop.reports.readings import rests_on, under
from cohortprop.script import ScriptFailed
from cohortprop.sender import Dialect
from cohortprop.trial import open_kit
from cohortprop.wire import MEMBERS
from tests.cover.reports.test_terminal import console_of, report_of, shown

BY_ADDS = "full_sync=add_members"
EXCLUDED = f'Receiver(excludes=("{BY_ADDS}",))'


def knows_members_only() -> Receiver:
    """Refuses an add for a cohort that no `members` has announced: wrong only where full syncs are sent as adds."""
    known = set()

    def app(environ, start_response):  # type: ignore[no-untyped-def]  # as WSGI has it
        try:
            body = json.load(environ["wsgi.input"])
            cohort, action = body["parameters"]["mixpanel_cohort_id"], body["action"]
            proper = isinstance(body["parameters"]["members"], list)
        except (ValueError, KeyError, TypeError, RecursionError):
            cohort, action, proper = "", "", False
        if proper and action == MEMBERS:
            known.add(cohort)
        right = proper and cohort in known
        start_response("200 OK" if right else "404 Not Found", [("Content-Type", "application/json")])
        answer = {"action": action, "status": "success" if right else "failure"}
        return [json.dumps(answer if right else answer | {"error": {"message": "unknown", "code": 404}}).encode()]

    return Receiver(app)


def found(*pins: str, profile: str = "realistic") -> Finding:
    plan = CampaignPlan(PROFILES[profile], seed=1, trials=20, pins=pins)
    with open_kit(knows_members_only, BUILT_IN) as kit:
        (finding,) = Campaign(kit, plan).run().findings
    return finding


@pytest.fixture(scope="module")
def finding() -> Finding:
    """Rests on one reading; the scenario in which it was met departs from others, too, or soon will."""
    return found()


def test_only_what_is_needed_is_left(finding: Finding) -> None:
    assert finding.violation.cause == "refused-delta"
    assert finding.scenario.dialect.departures == {"full_sync": "add_members"}
    assert [each.reading for each in rests_on(finding)] == [BY_ADDS]
    assert under(finding) == f"under the reading {BY_ADDS}"


def test_the_story_says_it(finding: Finding) -> None:
    story = " ".join(tell(finding, width=200).split())
    assert (
        "Reading Mixpanel's documentation can be read in several ways here. In this run: “A full sync is sent as"
        in story
    )
    assert f"scenario shows” ({BY_ADDS}). Under other readings these events do not show the bug; others may." in story
    assert f"If the receiver need not support this: {EXCLUDED}." in story


def test_a_pinned_reading_is_told_as_such() -> None:
    story = " ".join(tell(found(BY_ADDS), width=200).split())
    assert f"others may. It is pinned. If the receiver need not support this: {EXCLUDED}, and no pin" in story
    assert "these events do not show the bug" in story
    assert "It is pinned" not in tell(found("empty_diff=silent"))


def test_nothing_is_told_of_a_pin_that_does_not_matter() -> None:
    finding = found(BY_ADDS, "empty_diff=silent", "optional_fields=populated")
    assert [each.reading for each in rests_on(finding)] == [BY_ADDS]


def test_where_the_default_is_excluded_there_is_nothing_to_exclude(finding: Finding) -> None:
    story = " ".join(tell(replace(finding, excludes=("full_sync=members",)), width=200).split())
    assert "The receiver excludes full_sync=members, so it was not tried that way" in story
    assert "these events do not show the bug" not in story
    assert "Receiver(excludes" not in story


def test_in_short(finding: Finding) -> None:
    console, raw = console_of(200)
    show_finding(console, finding, quiet=True)
    line = next(line for line in shown(raw).splitlines() if line.startswith("  under the reading"))
    assert line.startswith(f"  under the reading {BY_ADDS}. If the receiver need not support this: {EXCLUDED}.")


def test_in_the_list_at_the_end(finding: Finding) -> None:
    console, raw = console_of(200)
    show_report(console, report_of(findings=[finding]))
    (line,) = [line for line in shown(raw).splitlines() if line.startswith("  acceptance / refused-delta")]
    assert line.endswith(f", under the reading {BY_ADDS}")


def test_in_json(finding: Finding) -> None:
    data = finding_as_json(finding)
    (rests,) = data["rests_on"]
    assert rests["reading"] == BY_ADDS
    assert EXCLUDED in rests["exclude"]
    assert "add_members" in rests["meaning"]


def test_in_one_line(finding: Finding) -> None:
    assert str(ScriptFailed(finding)).endswith(f"; under the reading {BY_ADDS}")


def test_several_are_told_together(finding: Finding) -> None:
    two = replace(
        finding,
        scenario=replace(
            finding.scenario, dialect=Dialect.pin({"halves": "removes_first", "full_sync": "add_members"})
        ),
    )
    assert under(two).startswith("under the readings ")
    assert len(finding_as_json(two)["rests_on"]) == 2


def test_a_finding_under_the_default_readings_says_nothing(finding: Finding) -> None:
    plain = replace(finding, scenario=replace(finding.scenario, dialect=Dialect()))
    assert under(plain) == ""
    assert "Reading" not in tell(plain)
    assert str(ScriptFailed(plain)).endswith("HTTP 404")
    assert finding_as_json(plain)["rests_on"] == []


def test_advice_is_not_shrunk_and_says_nothing(finding: Finding) -> None:
    advice = replace(finding, violation=replace(finding.violation, severity="advice"))
    assert under(advice) == ""


@pytest.mark.parametrize("finding_name", ["acceptance"])
def test_a_story_says_where_to_read_on(finding: Finding, finding_name: str) -> None:
    assert f"More        cohortprop --explain {finding_name}" in tell(finding)
    unknown = replace(finding, violation=replace(finding.violation, check="somebody's"))
    assert "--explain" not in tell(unknown)
