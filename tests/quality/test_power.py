"""Each contender of `nox -s power` finds what is easy to find, says nothing against who is right, and is counted."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from cohortprop import Receiver, zoo
from measure import power
from measure.peers import afternoon, campaign, schemathesis_peer
from measure.peers.meter import Job, Meter, Result, Sighting
from measure.peers.openapi import describe

PATIENT = 120.0
"""Seconds: a slow machine must not fail a test."""

needs_schemathesis = pytest.mark.skipif(
    importlib.util.find_spec("schemathesis") is None, reason="needs Schemathesis, the extra power"
)


def job(contender: str, name: str, requests: int = 1000, **more: object) -> Job:
    return Job(contender, name, 1, requests, PATIENT, **more)  # type: ignore[arg-type]


def result(contender: str, name: str, requests: int | None, *names: str) -> Result:
    sighting = None if requests is None else Sighting("wrong", requests, 0.5)
    return Result(job(contender, name), sighting, 100, 1.0, names)


def test_all_requests_are_counted_those_after_a_restart_too() -> None:
    def app(environ: object, start_response: object) -> list[bytes]:
        return [b"done"]

    meter = Meter(job("nobody", "nothing", requests=3))
    receiver = meter.put_before(Receiver(app, restart=lambda: app))
    assert receiver.restart is not None
    apps: list[Any] = [receiver.app, receiver.app, receiver.restart()]
    for each in apps:
        assert not meter.spent
        each({}, print)
    assert meter.requests == 3
    assert meter.spent


def test_what_is_seen_when_the_budget_is_spent_does_not_count() -> None:
    meter = Meter(job("nobody", "nothing", requests=3))
    meter.note("too late", requests=4)
    assert meter.result().sighting is None
    meter.note("in time", requests=2)
    meter.note("later", requests=3)
    sighting = meter.result().sighting
    assert sighting is not None
    assert (sighting.what, sighting.requests) == ("in time", 2)


def test_cohortprop_finds_and_is_silent() -> None:
    found = campaign.hunt(job("cohortprop", "merges_full_sync"))
    assert found.sighting is not None
    assert found.sighting.what == "membership/ghost-after-full-sync"
    assert 1 < found.sighting.requests < found.requests  # which are those for shrinking, too
    calm = campaign.hunt(job("cohortprop", "applies_each_page", requests=300))
    assert calm.sighting is None
    assert calm.requests >= 300


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("merges_full_sync", "too many"),
        ("mails_on_full_sync", "is welcomed"),
        ("asks_for_nothing", "a stranger is answered 200"),
        ("refuses_empty_page", "is answered 400"),
        ("caches_for_a_day", "too few"),
    ],
)
def test_the_machine_of_an_afternoon_finds(name: str, what: str) -> None:
    found = afternoon.hunt(job("afternoon", name, requests=2000))
    assert found.sighting is not None
    assert what in found.sighting.what
    assert found.sighting.requests == found.requests  # it stops there


@pytest.mark.parametrize("name", ["applies_each_page", "keys_on_user_id", "queues_pages", "remembers_bodies"])
def test_the_machine_of_an_afternoon_is_silent(name: str) -> None:
    calm = afternoon.hunt(job("afternoon", name, requests=300))
    assert calm.sighting is None
    assert calm.requests >= 300


@needs_schemathesis
def test_schemathesis_finds() -> None:
    found = schemathesis_peer.hunt(job("schemathesis", "answers_plain_ok"))
    assert found.sighting is not None
    assert "UnsupportedMethod" not in found.sighting.what
    assert found.sighting.requests <= 10


@needs_schemathesis
def test_what_schemathesis_says_against_correct_receivers_is_collected_and_then_left_out() -> None:
    calm = schemathesis_peer.hunt(job("schemathesis", "applies_each_page", requests=60, whole=True))
    assert calm.requests >= 60
    assert any("405" in name or "UnsupportedMethod" in name for name in calm.names)
    again = schemathesis_peer.hunt(job("schemathesis", "applies_each_page", requests=60, known=frozenset(calm.names)))
    assert again.sighting is None


@pytest.mark.parametrize(
    "entry", [each for each in zoo.entries() if each.kind == "correct"], ids=lambda each: each.name
)
def test_the_description_names_the_path_and_who_may_call(entry: zoo.Entry) -> None:
    receiver = entry.factory()
    document = describe(receiver)
    assert list(document["paths"]) == [receiver.path]
    assert ("security" in document) == bool(receiver.sent_headers)


def test_rows_that_a_peer_wins_or_that_are_not_found_are_marked() -> None:
    caught = {
        "cohortprop": {
            "hangs": [result("cohortprop", "hangs", 10)],
            "merges_full_sync": [result("cohortprop", "merges_full_sync", 10)],
            "casts_ids": [result("cohortprop", "casts_ids", 10), result("cohortprop", "casts_ids", None)],
        },
        "afternoon": {
            "hangs": [result("afternoon", "hangs", 10)],
            "merges_full_sync": [result("afternoon", "merges_full_sync", 11)],
            "casts_ids": [result("afternoon", "casts_ids", None), result("afternoon", "casts_ids", None)],
        },
    }
    marks = {name: power._mark(name, caught) for name in caught["cohortprop"]}
    assert marks == {"hangs": "← state machine", "merges_full_sync": "", "casts_ids": "!"}
    assert power._cell(caught["cohortprop"]["casts_ids"]) == "1/2 · 10 · 0.50 s"
    assert power._cell(caught["afternoon"]["casts_ids"]) == "0/2"


def test_the_page_is_written_and_the_aim_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needed: dict[str, int | None] = {"cohortprop": 20, "afternoon": 30}

    def hunt(each: Job) -> Result:
        faulty = each.name == "merges_full_sync"
        return result(each.contender, each.name, needed[each.contender] if faulty else None)

    monkeypatch.setattr(power, "hunt", hunt)
    page = tmp_path / "power.md"
    arguments = ["--seeds", "3", "--only", "merges_full_sync", "--only", "applies_each_page", "--write", str(page)]
    arguments += ["--contender", "cohortprop", "--contender", "afternoon"]
    assert power.main(arguments) == 0
    text = page.read_text("utf-8")
    assert "3/3 · 20 · 0.50 s | 3/3 · 30 · 0.50 s" in text
    assert "0 of 1 accused" in text
    assert text.startswith("# How cohortprop compares\n\n3 seeds each, at most 2000 requests")
    needed["afternoon"] = 20
    assert power.main(arguments) == 1
    assert "cohortprop does not win on 1: merges_full_sync (← state machine)." in capsys.readouterr().out
