"""What is not the point is gone from a finding, however much of it there was."""

from __future__ import annotations

import pytest

from cohortprop import zoo
from cohortprop.campaign import CampaignPlan, shrink_finding
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import (
    BackAndForth,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    Join,
    Leave,
    Outage,
    Rename,
    Replay,
    Resume,
    Settle,
    Step,
    Sync,
    Wait,
)
from cohortprop.simulation.universe import ODD_CAST
from cohortprop.trial import run
from tests.quality.hunting import kit_for

VIPS, TRIALS = "1001", "1002"

EVENTFUL: tuple[Step, ...] = (
    *(Sync(VIPS), Sync(TRIALS), Wait(600), Join(VIPS, ("dan", "eve")), Rename(VIPS, "Big spenders"), Sync(VIPS)),
    *(Outage(6 * 3600, 503), Wait(7 * 3600), Edit("ann", "email", "ann@new.example.com"), Sync(VIPS), Settle()),
    *(BackAndForth(VIPS, ("bob",)), Fates(("lose",)), Sync(VIPS), Describe(TRIALS, "edited"), Leave(VIPS, ("eve",))),
    *(Sync(VIPS), Join(TRIALS, ("ann", "7")), Sync(TRIALS), Resume(VIPS), Wait(1800), Replay(0), Sync(TRIALS)),
    *(ExpireSnapshot(VIPS, joins=("fay",), leaves=("ann", "cy")), Sync(VIPS), Wait(600)),
)
"""Two cohorts, nine users and twenty-six steps."""


@pytest.mark.parametrize(("name", "most"), [("merges_full_sync", 2), ("keyed_by_name", 2), ("ignores_removals", 3)])
def test_an_eventful_scenario_shrinks_to_its_point(name: str, most: int) -> None:
    cohorts = (CohortSeed(VIPS, "VIPs", ("ann", "bob", "cy")), CohortSeed(TRIALS, "Trials", ODD_CAST[:4]))
    scenario = Scenario(cohorts, EVENTFUL, Dialect(empty_diff="silent"), page_size=2)
    entry = zoo.find(name)
    with kit_for(entry) as kit:
        outcome = run(kit, scenario)
        assert outcome.violation is not None
        found = shrink_finding(kit, outcome, "test", 1, (), CampaignPlan(shrink_seconds=60.0))
    assert found.key == outcome.violation.key == entry.bugs[0]
    assert len(found.scenario.steps) <= most
    assert len(found.scenario.cohorts) <= len(cohorts)
    assert not set(found.scenario.dialect.departures)
    assert sum(len(cohort.members) for cohort in found.scenario.cohorts) <= 2
