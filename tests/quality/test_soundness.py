"""No correct receiver is accused: the small version of `nox -s soundness`."""

from __future__ import annotations

import json

import pytest

from cohortprop import zoo
from cohortprop.profiles import PROFILES
from cohortprop.simulation import scenario_from_json
from cohortprop.zoo import Entry
from measure.soundness import Job, jobs_for, watch_over
from tests.quality.hunting import verdict_on

CORRECT = [entry for entry in zoo.entries() if entry.correct]

TRIALS = 25


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("entry", CORRECT, ids=lambda entry: entry.name)
def test_correct_receiver_is_not_accused(entry: Entry, profile: str) -> None:
    job = Job(entry.name, profile, seed=5, trials=TRIALS, canonical=profile == "hostile")
    tally = watch_over(job)
    assert not tally.accusations, tally.accusations
    assert tally.trials >= TRIALS


def test_accusation_comes_with_a_scenario_that_shows_it() -> None:
    tally = watch_over(Job("last_page_wins", "documented", seed=5, trials=10, canonical=False))
    assert "membership/last-page-wins" in tally.accusations[0]
    scenario = scenario_from_json(json.loads(tally.accusations[0].splitlines()[-1]))
    assert verdict_on(zoo.find("last_page_wins"), scenario) == ("membership", "last-page-wins")


def test_trials_of_a_receiver_are_spread_over_profiles_and_seeds() -> None:
    jobs = jobs_for("applies_each_page", 20_000, seed=100)
    assert sum(job.trials for job in jobs) == 20_000
    assert {job.profile for job in jobs} == PROFILES.keys()
    assert len({job.seed for job in jobs}) == len(jobs)
    assert [job.profile for job in jobs if job.canonical] == ["hostile"], "once, where all canonical scenarios happen"


def test_readings_are_counted_by_trial() -> None:
    tally = watch_over(Job("applies_each_page", "hostile", seed=5, trials=40, canonical=False))
    assert tally.readings["halves=adds_first"] + tally.readings["halves=removes_first"] == tally.trials
    assert min(tally.readings["halves=adds_first"], tally.readings["halves=removes_first"]) > 0
