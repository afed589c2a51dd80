"""What has failed is remembered by scenario, and shared by all who have the same database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis.database import ExampleDatabase, InMemoryExampleDatabase, ReadOnlyDatabase

from cohortprop import zoo
from cohortprop.campaign import Finding, find_in
from cohortprop.checks import BUILT_IN
from cohortprop.memory import Memory, Remembered, open_database, without_credentials
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Sync
from cohortprop.trial import open_kit, run

TARGET = "shop:receiver"
SHORT = Scenario((CohortSeed("7", "VIPs", ("ann",)),))
MERGED = Remembered("membership", "merged-cohorts", SHORT)
LONGER = Remembered("membership", "merged-cohorts", SHORT.with_steps((Sync("7"),)))
TWICE = Remembered("arrivals", "twice", SHORT)


@pytest.fixture
def database() -> ExampleDatabase:
    return InMemoryExampleDatabase()


@pytest.fixture
def told() -> list[str]:
    return []


def entry_of(database: ExampleDatabase) -> bytes:
    (value,) = database.fetch(b"cohortprop/1/shop:receiver")
    return value


def test_what_one_keeps_is_news_to_the_others_once(database: ExampleDatabase) -> None:
    one, other = Memory(database, TARGET), Memory(database, TARGET)
    assert one.news() == []
    one.keep(MERGED)
    assert one.news() == []
    assert other.news() == [MERGED]
    assert other.news() == []
    other.keep(TWICE)
    assert one.news() == [TWICE]
    assert Memory(database, TARGET).news() == [TWICE, MERGED]


def test_news_come_in_the_same_order_and_the_shorter_ones_of_a_cause_first(database: ExampleDatabase) -> None:
    one = Memory(database, TARGET)
    for each in (LONGER, MERGED, TWICE):
        one.keep(each)
    assert Memory(database, TARGET).news() == [TWICE, MERGED, LONGER]


def test_the_same_failure_is_one_entry(database: ExampleDatabase) -> None:
    for _ in range(2):
        Memory(database, TARGET).keep(MERGED)
    assert json.loads(entry_of(database))["cause"] == "merged-cohorts"


def test_each_target_has_a_memory_of_its_own(database: ExampleDatabase) -> None:
    Memory(database, TARGET).keep(MERGED)
    assert Memory(database, "shop:other").news() == []


def test_credentials_in_a_target_are_not_written_anywhere() -> None:
    class Spy(InMemoryExampleDatabase):
        def save(self, key: bytes, value: bytes) -> None:
            assert b"s3cret" not in key + value
            super().save(key, value)

    database = Spy()
    Memory(database, "http://me:s3cret@localhost:8000/hook").keep(MERGED)
    assert Memory(database, "http://me:0ther@localhost:8000/hook").news() == [MERGED]


def test_what_is_fixed_is_forgotten_by_whoever_finds_out(database: ExampleDatabase) -> None:
    Memory(database, TARGET).keep(MERGED)
    other = Memory(database, TARGET)
    (known,) = other.news()
    other.forget(known)
    assert Memory(database, TARGET).news() == []
    other.forget(known)  # and again: nothing happens


def test_what_was_written_otherwise_is_forgotten_all_the_same(database: ExampleDatabase) -> None:
    Memory(database, TARGET).keep(MERGED)
    value = entry_of(database)
    database.delete(b"cohortprop/1/shop:receiver", value)
    database.save(b"cohortprop/1/shop:receiver", json.dumps(json.loads(value), indent=1).encode())
    other = Memory(database, TARGET)
    assert other.news() == [MERGED]
    other.forget(MERGED)  # which is written differently, so is not there
    assert Memory(database, TARGET).news() == [MERGED]
    (known,) = Memory(database, TARGET).news()
    other.forget(known)
    assert Memory(database, TARGET).news() == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"\xff\x00", "is not JSON; it is passed over"),
        (b"[" * 100_000, "is not JSON; it is passed over"),
        (b"[]", "is no failure of cohortprop; it is passed over"),
        (b'{"kind": "cohortprop failure", "version": 2}', "this cohortprop reads version 1, not 2"),
        (
            b'{"kind": "cohortprop failure", "version": 1, "check": 5, "cause": "x"}',
            "check and cause: expected two strings, got 5 and 'x'",
        ),
        (
            b'{"kind": "cohortprop failure", "version": 1, "check": "a", "cause": "b", "scenario": {"version": 1}}',
            "scenario.cohorts: there must be one at least",
        ),
    ],
)
def test_a_damaged_entry_is_named_once_and_passed_over(
    database: ExampleDatabase, told: list[str], value: bytes, message: str
) -> None:
    Memory(database, TARGET).keep(MERGED)
    database.save(b"cohortprop/1/shop:receiver", value)
    memory = Memory(database, TARGET, tell=told.append)
    assert memory.news() == [MERGED]
    assert memory.news() == []
    (line,) = told
    assert line.startswith("memory of shop:receiver: entry ")
    assert line.endswith(message)


def test_every_canonical_scenario_survives(database: ExampleDatabase) -> None:
    memory = Memory(database, TARGET)
    for name, scenario in CANONICAL.items():
        memory.keep(Remembered("a check", name, scenario))
    assert {each.cause: each.scenario for each in Memory(database, TARGET).news()} == dict(CANONICAL)


def test_a_finding_of_one_machine_fails_on_another(tmp_path: Path) -> None:
    with open_kit(zoo.merges_full_sync, BUILT_IN) as kit:
        finding = find_in(kit, CANONICAL["four-days-down"], "four-days-down")
        assert isinstance(finding, Finding)
        Memory(open_database(str(tmp_path)), TARGET).keep(finding)
        (news,) = Memory(open_database(str(tmp_path)), TARGET).news()
        assert news.key == finding.key == ("membership", "ghost-after-full-sync")
        violation = run(kit, news.scenario).violation
        assert violation is not None
        assert violation.key == news.key


def test_a_word_at_the_end_about_what_could_not_be_kept(database: ExampleDatabase, told: list[str]) -> None:
    memory = Memory(ReadOnlyDatabase(database), TARGET, tell=told.append)
    memory.close()
    assert told == []
    memory.keep(MERGED)
    memory.keep(LONGER)
    memory.forget(LONGER)
    memory.close()
    assert told == ["memory of shop:receiver: at the end, the shared database does not show 1 finding of this run"]
    told.clear()
    kept = Memory(database, TARGET, tell=told.append)
    kept.keep(MERGED)
    kept.close()
    assert told == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("shop:receiver", "shop:receiver"),
        ("redis://:s3cret@host/1", "redis://***@host/1"),
        ("http://me:a@b@host:1/x?y=1", "http://***@host:1/x?y=1"),
        ("http://[", "http://["),
    ],
)
def test_credentials_are_not_shown(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
