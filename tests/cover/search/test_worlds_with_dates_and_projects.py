"""Drawn worlds begin near the end of a month or a year at times, and have two projects at times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cohortprop.shrink import shrink
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.scenario import DEFAULT_START
from cohortprop.simulation.steps import PassTime, Sync
from cohortprop.trial import Outcome
from tests.cover.search.machines import drawn, zoo_kit


@pytest.fixture(scope="module")
def told() -> list[Outcome]:
    with zoo_kit("counts_in_bits") as kit:
        return drawn(kit, 80, steps=15)


def test_trials_start_on_ordinary_days_and_at_the_end_of_a_month_and_a_year(told: list[Outcome]) -> None:
    starts = [outcome.scenario.started_at for outcome in told]
    assert {(start.month, start.day) for start in starts} == {(1, 5), (1, 31), (12, 31)}


def test_all_lengths_of_time_pass(told: list[Outcome]) -> None:
    days = {step.days for outcome in told for step in outcome.scenario.steps if isinstance(step, PassTime)}
    assert days == {1, 4, 31, 366}


def test_there_are_two_projects_at_times(told: list[Outcome]) -> None:
    projects = {tuple(seed.project_id for seed in outcome.scenario.cohorts) for outcome in told}
    assert projects == {("1",), ("1", "1"), ("1", "2")}


def scenario(days: int) -> Scenario:
    cohorts = (CohortSeed("7", "VIPs", ("ann",)),)
    return Scenario(cohorts, (Sync("7"), PassTime(days), Sync("7")), start="2026-12-31T22:20:00+00:00")


def test_shrinking_makes_days_fewer_but_never_none() -> None:
    def fails(candidate: Scenario) -> Scenario | None:
        return candidate if any(isinstance(step, PassTime) for step in candidate.steps) else None

    assert shrink(scenario(366), fails).steps == (PassTime(1),)


@pytest.mark.parametrize(("needed", "start"), [(True, "2026-12-31T22:20:00+00:00"), (False, DEFAULT_START)])
def test_shrinking_starts_on_an_ordinary_day_if_that_will_do(needed: bool, start: str) -> None:
    def fails(candidate: Scenario) -> Scenario | None:
        return None if needed and candidate.start == DEFAULT_START else candidate

    assert shrink(replace(scenario(4)), fails).start == start
