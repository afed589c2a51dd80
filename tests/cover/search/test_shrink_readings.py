"""Readings are put back to the default by the shrinker, one by one, unless that is what fails, or is excluded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cohortprop.sender import QUESTIONS, Dialect
from cohortprop.shrink import shrink
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import Sync

LAST = Dialect.pin({name: list(question.readings)[-1] for name, question in QUESTIONS.items()})
"""As far from the defaults as can be."""
SCENARIO = Scenario((CohortSeed("7", "VIPs", ("ann",)),), (Sync("7"),), LAST)


@pytest.mark.parametrize("question", LAST.departures)
def test_what_is_left_is_needed(question: str) -> None:
    needed = getattr(LAST, question)
    found = shrink(SCENARIO, lambda each: each if getattr(each.dialect, question) == needed else None)
    assert found.dialect.departures == {question: needed}


def test_two_that_are_needed_together_are_both_left() -> None:
    pair = list(LAST.departures)[:2]

    def fails(each: Scenario) -> Scenario | None:
        return each if set(pair) <= set(each.dialect.departures) else None

    assert list(shrink(SCENARIO, fails).dialect.departures) == pair


def test_none_is_left_if_none_is_needed() -> None:
    assert shrink(SCENARIO, lambda each: each).dialect == Dialect()


def test_an_excluded_reading_is_never_run() -> None:
    tried: list[Scenario] = []

    def fails(each: Scenario) -> Scenario | None:
        tried.append(each)
        return each

    start = replace(SCENARIO, dialect=Dialect.pin({"full_sync": "add_members", "halves": "removes_first"}))
    found = shrink(start, fails, excludes=["full_sync=members"])
    assert found.dialect.departures == {"full_sync": "add_members"}
    assert tried
    assert all(each.dialect.full_sync == "add_members" for each in tried)
