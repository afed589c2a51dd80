"""JSON for programs: the keys are those that are documented, and everything can be dumped."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from cohortprop.reports import event_as_json, finding_as_json, machine_readable, report_as_json
from cohortprop.simulation import Event, Garbled, scenario_from_json
from tests.cover.reports.cases import CASES, finding_of
from tests.cover.reports.samples import EVENTS
from tests.cover.reports.test_terminal import report_of


def documented(heading: str) -> set[str]:
    """The keys in that part of the module's text: the words before each colon, and those in backquotes after `;`."""
    text = machine_readable.__doc__ or ""
    part = text.split(f"{heading}:\n")[1].split("\n\n")[0]
    keys: set[str] = set()
    for line in re.findall(r"^    (\w[\w, ]*): ", part, re.MULTILINE):
        keys.update(line.split(", "))
    return keys | set(re.findall(r"; `(\w+)`:", part))


@pytest.mark.parametrize("name", CASES)
def test_the_keys_of_a_finding_are_documented(name: str) -> None:
    data = finding_as_json(finding_of(name), events=True)
    assert set(data) == documented("A finding")
    assert set(finding_as_json(finding_of(name))) == set(data) - {"events"}


def test_the_keys_of_a_report_are_documented() -> None:
    assert set(report_as_json(report_of(), "shop:receiver")) == documented("A report")


@pytest.mark.parametrize("name", CASES)
def test_a_finding_survives_json(name: str) -> None:
    finding = finding_of(name)
    data: dict[str, Any] = json.loads(json.dumps(finding_as_json(finding, events=True)))
    assert data == finding_as_json(finding, events=True)
    assert (data["check"], data["cause"]) == finding.key
    assert scenario_from_json(data["scenario"]) == finding.scenario
    assert len(data["events"]) == len(finding.history)


def test_a_wrong_membership() -> None:
    data = finding_as_json(finding_of("ghost-after-four-days"))
    assert data["severity"] == "bug"
    assert data["user"] == "ann"
    assert data["standing"][0] == {
        "user": "ann",
        "source": False,
        "held": True,
        "allowed": "must be out",
        "wrong": True,
    }
    assert [scene["moment"] for scene in data["story"]] == ["day 1, 09:00", "day 1, 09:00", "day 4, 10:30"]
    assert data["request"]["action"] == "members"
    assert data["reply"]["status"] == 200
    assert data["afterwards"].startswith("No: neither")
    assert data["traceback"] is data["stack"] is data["tried"] is None
    assert data["readings"] == {}
    assert data["arrivals"] == {"ann": 1, "bob": 1, "cy": 1, "dan": 1}
    assert data["log"] == []


def test_a_crash_and_a_hang() -> None:
    crash, hang = finding_as_json(finding_of("crash")), finding_as_json(finding_of("hang"))
    assert crash["traceback"].endswith("KeyError: 'email'")
    assert crash["reply"]["crash"].endswith("KeyError: 'email'")
    assert crash["log"] == ["WARNING shop: members for cohort 1001", "ERROR shop: saving ann"]
    assert crash["readings"] == {"optional_fields": "populated"}
    assert "with every property populated → 200" in crash["tried"]
    assert hang["reply"] == {"no_answer": "timed out"}
    assert "acquire" in hang["stack"]


def test_arrivals() -> None:
    assert finding_as_json(finding_of("mailed-twice"))["arrivals"] == {"dan": 2, "ann": 1, "bob": 1, "cy": 1}


def test_a_report() -> None:
    report = report_of()
    report.muted["membership", "ghost-after-full-sync"] = 12
    data = json.loads(json.dumps(report_as_json(report, "shop:receiver")))
    assert data["version"] == 1
    assert data["target"] == "shop:receiver"
    assert data["budget"] == {"trials": 1000, "seconds": 20.0}
    assert [finding["cause"] for finding in data["findings"]] == ["ghost-after-full-sync", "duplicate-on-retry"]
    assert [advice["cause"] for advice in data["advice"]] == ["unusual-success-status"]
    assert data["not_run"] == {"arrivals": ["arrivals"]}
    assert data["muted"] == [{"check": "membership", "cause": "ghost-after-full-sync", "times": 12}]
    assert data["progress"]["virtual_seconds"] == 86400.0 * 1234
    assert set(data["reach"]) | set(data["never_met"])
    assert not set(data["reach"]) & set(data["never_met"])
    assert "events" not in data["findings"][0]
    assert "events" in report_as_json(report, events=True)["findings"][0]


@pytest.mark.parametrize(("event", "text"), EVENTS, ids=lambda value: type(value).__name__)
def test_an_event(event: Event, text: str) -> None:
    data = event_as_json(event)
    assert data == json.loads(json.dumps(data))
    assert data["text"] == text
    assert data["event"] == re.sub(r"(?<!^)([A-Z])", r"-\1", type(event).__name__).lower()
    assert data["at"] == 0.0


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", ""),
        (b'{"action"', '{"action"'),
        (b"Zo\xeb \\ud800", "Zo\\xeb \\ud800"),
        (b"[" * 4000, "[" * 4000),
        (b"[" * 200_000, "[" * 4000 + "… (200000 bytes)"),
    ],
    ids=["empty", "cut", "not UTF-8", "just short enough", "long"],
)
def test_a_garbled_body_is_told_as_text(body: bytes, told: str) -> None:
    (garbled,) = (event for event, _ in EVENTS if isinstance(event, Garbled))
    data = event_as_json(replace(garbled, body=body))
    assert data["body"] == told
    assert json.loads(json.dumps(data)) == data


def test_the_fields_of_an_event() -> None:
    by_kind = {event_as_json(event)["event"]: event_as_json(event) for event, _ in reversed(EVENTS)}
    assert by_kind["stepped"]["step"] == {"step": "Sync", "cohort": "7"}
    assert by_kind["attempted"]["delivery"] == {
        "action": "add_members",
        "cohort": "7",
        "name": "VIPs",
        "session": "s",
        "page": 2,
        "total_pages": 3,
        "ids": ["ann", "bob"],
    }
    assert by_kind["attempted"]["outcome"] == {"status": 200, "content_type": "", "body": ""}
    assert by_kind["probed"]["held"] == {"7": ["ann", "bob"]}
    assert by_kind["probed"]["arrivals"] == {"7": {"ann": 2}}
    assert by_kind["probed"]["settled"] == {"7": "equal"}
    assert by_kind["outage-began"]["answer"] == {"no_answer": "connection refused"}
    assert by_kind["changed"]["left"] == ["ann", "bob"]
