"""Findings to tell of: a receiver and a fixed scenario each, run once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cohortprop import Receiver, zoo
from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN, Violation
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import (
    AbortSync,
    ExpireSnapshot,
    Fates,
    Join,
    Leave,
    Rename,
    RestartInside,
    Step,
    Sync,
    Trouble,
)
from cohortprop.trial import Outcome, open_kit, run
from tests.cover.reports.shop import shop

VIPS = "1001"
TRIALS = "1002"


def scenario(
    *steps: Step,
    members: tuple[str, ...] = ("ann", "bob", "cy"),
    readings: Mapping[str, str] | None = None,
    **world: Any,
) -> Scenario:
    """A scenario with one cohort."""
    seed = CohortSeed(VIPS, "VIPs", members, one_time=world.pop("one_time", False))
    return Scenario((seed,), steps, Dialect.pin(readings or {}), **world)


TWO_COHORTS = (
    CohortSeed(VIPS, "VIPs", ("ann", "bob")),
    CohortSeed(TRIALS, "Trials", ("bob", "cy")),
)

CASES: dict[str, tuple[Callable[[], Receiver], Scenario]] = {
    "ghost-after-four-days": (
        zoo.merges_full_sync,
        scenario(Sync(VIPS), ExpireSnapshot(VIPS, joins=("dan",), leaves=("ann",))),
    ),
    "stale-pages": (
        zoo.stages_per_cohort,
        scenario(AbortSync(VIPS, 1), Leave(VIPS, ("ann",)), Sync(VIPS), page_size=2),
    ),
    "page-lost-in-a-restart": (zoo.stages_in_memory, scenario(RestartInside(VIPS, 1), page_size=2)),
    "cross-cohort-damage": (
        zoo.leaves_everywhere,
        Scenario(TWO_COHORTS, (Sync(VIPS), Sync(TRIALS), Leave(VIPS, ("bob",)), Sync(VIPS))),
    ),
    "keyed-by-name": (
        zoo.keyed_by_name,
        scenario(Sync(VIPS), Rename(VIPS, "Big spenders"), Leave(VIPS, ("ann",)), Sync(VIPS)),
    ),
    "odd-ids": (zoo.casts_ids, scenario(Sync(VIPS), members=("ann ", "007", "n" * 120))),
    "counted-repeats": (
        zoo.counts_repeats,
        scenario(
            Sync(VIPS),
            Join(VIPS, ("dan",)),
            Fates(("duplicate",)),
            Sync(VIPS),
            Leave(VIPS, ("dan",)),
            Sync(VIPS),
            readings={"full_sync": "add_members"},
        ),
    ),
    "mailed-twice": (zoo.mails_on_retry, scenario(Sync(VIPS), Join(VIPS, ("dan",)), Fates(("lose",)), Sync(VIPS))),
    "never-mailed": (zoo.forgets_to_mail, scenario(Trouble(1), Sync(VIPS), members=("ann",))),
    "refused-empty-page": (zoo.refuses_empty_page, scenario(Sync(VIPS), Sync(VIPS))),
    "refused-full-page": (
        zoo.refuses_full_page,
        scenario(Sync(VIPS), members=tuple(f"user-{number:04}" for number in range(1000))),
    ),
    "action-not-echoed": (zoo.echoes_wrong_action, scenario(Sync(VIPS))),
    "crash": (
        shop("needs an address"),
        scenario(Sync(VIPS), members=("ann", "hal"), readings={"optional_fields": "populated"}, page_size=1),
    ),
    "hang": (shop("locks twice"), scenario(Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS))),
}


@cache
def outcome_of(name: str) -> Outcome:
    """The trial of a case."""
    factory, what = CASES[name]
    with open_kit(factory, BUILT_IN, time_limit=0.5 if name == "hang" else 10.0) as kit:
        return run(kit, what)


def finding_of(name: str) -> Finding:
    """The finding of a case."""
    outcome = outcome_of(name)
    assert outcome.violation is not None, name
    return Finding(outcome.violation, outcome.scenario, outcome.history, name, 1, outcome.id_property)


def told_to_its_end(
    factory: Callable[[], Receiver], what: Scenario, user: str = "ann", check: str = "membership"
) -> Finding:
    """A trial in which nothing is wrong, told as if something were, so that all of it can be looked at."""
    with open_kit(factory, BUILT_IN) as kit:
        outcome = run(kit, what)
    assert outcome.violation is None
    violation = Violation(check, len(outcome.history) - 1, "expected", "seen", VIPS, user, "lost")
    return Finding(violation, outcome.scenario, outcome.history, "made up", 1, outcome.id_property)
