"""Who is told that members are missing while a full sync comes in."""

from __future__ import annotations

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import ExpireSnapshot, Sync
from cohortprop.trial import open_kit, run

TORN = ("torn", "emptied-before-refilled")
REFILLS = {"applies_each_page", "clears_and_refills", "deletes_and_refills_sqlite"}
"""They empty the cohort at page one, and say so."""
REFILLED = Scenario(
    (CohortSeed("7", "VIPs", ("ann", "bob", "cy")),), (Sync("7"), ExpireSnapshot("7", leaves=("bob",))), page_size=1
)


@pytest.mark.parametrize("name", [entry.name for entry in zoo.entries() if entry.correct])
def test_only_those_that_empty_a_cohort_before_they_refill_it(name: str) -> None:
    with open_kit(zoo.find(name).factory, BUILT_IN) as kit:
        outcome = run(kit, REFILLED)
    assert outcome.violation is None
    assert (TORN in [each.key for each in outcome.advice]) == (name in REFILLS)


def test_a_first_sync_tears_nothing() -> None:
    first = REFILLED.with_steps((Sync("7"),))
    with open_kit(zoo.clears_and_refills, BUILT_IN) as kit:
        assert not [each for each in run(kit, Scenario(first.cohorts, first.steps)).advice if each.key == TORN]
