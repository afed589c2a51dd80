"""`cohortprop zoo`: the table, and the measurement."""

from __future__ import annotations

import json

import pytest

from cohortprop import zoo
from cohortprop.cli.zoo import _is_right
from cohortprop.zoo import Bug
from tests.cover.cli.conftest import Run

GHOST = ("membership", "ghost-after-full-sync")


def test_every_receiver_is_in_the_table(cohortprop: Run) -> None:
    said = cohortprop("zoo")
    assert (said.code, said.err) == (0, "")
    for entry in zoo.entries():
        line = next(line for line in said.out.splitlines() if line.startswith(f"{entry.name} "))
        if entry.correct and not entry.bugs:
            assert "correct" in line
        elif entry.check is not None:
            assert entry.check in line


def test_the_table_as_json(cohortprop: Run) -> None:
    data = json.loads(cohortprop("zoo", "--json").out)
    assert [each["name"] for each in data] == [entry.name for entry in zoo.entries()]
    found = next(each for each in data if each["name"] == "merges_full_sync")
    assert found == {
        "name": "merges_full_sync",
        "target": "cohortprop.zoo:merges_full_sync",
        "kind": "faulty",
        "bugs": [{"check": "membership", "cause": "ghost-after-full-sync"}],
        "summary": zoo.find("merges_full_sync").summary,
        "design": "in memory",
    }


def test_some_are_measured(cohortprop: Run) -> None:
    names = ("merges_full_sync", "stages_full_syncs", "four_bugs", "answers_created")
    said = cohortprop("zoo", "--run", "--trials", "20", *names, "--json")
    assert (said.code, said.err) == (0, "")
    rows = {each["name"]: each for each in json.loads(said.out)}
    assert tuple(rows) == names
    assert all(row["right"] for row in rows.values())
    found = rows["merges_full_sync"]["found"]
    assert [(each["check"], each["cause"]) for each in found] == [GHOST]
    assert found[0]["steps"] <= 6
    assert rows["merges_full_sync"]["trials"] < 24  # it ends as soon as all that is declared is found
    assert rows["stages_full_syncs"]["found"] == []
    table = cohortprop("zoo", "--run", "--trials", "0", "merges_full_sync")
    assert "found, " in table.out


def test_what_is_not_as_declared_fails_the_measurement(cohortprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortprop.cli.zoo._is_right", lambda *found: False)
    said = cohortprop("zoo", "--run", "--trials", "0", "merges_full_sync")
    assert said.code == 1
    assert "NOT AS DECLARED" in said.out


@pytest.mark.parametrize(
    ("name", "bugs", "advice", "right"),
    [
        ("applies_each_page", set(), set(), True),
        ("applies_each_page", set(), {("envelope", "not-json-typed")}, True),
        ("applies_each_page", {GHOST}, set(), False),
        ("merges_full_sync", {GHOST}, set(), True),
        ("merges_full_sync", {GHOST, ("envelope", "no-envelope")}, set(), False),
        ("merges_full_sync", set(), set(), False),
        ("answers_created", set(), {("envelope", "unusual-success-status")}, True),
        ("answers_created", set(), set(), False),
        ("answers_created", {GHOST}, {("envelope", "unusual-success-status")}, False),
        ("four_bugs", {*zoo.find("four_bugs").bugs, ("arrivals", "duplicate-on-replay")}, set(), True),
        ("four_bugs", {GHOST}, set(), False),
    ],
)
def test_what_counts_as_declared(name: str, bugs: set[Bug], advice: set[Bug], right: bool) -> None:
    assert _is_right(zoo.find(name), bugs, advice) is right
