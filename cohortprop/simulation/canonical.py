"""The canonical scenarios: the situations that every receiver should be shown once, fixed and readable.

They run before any search. What they find is found at once, at the same place each time, and needs little shrinking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cohortprop.sender import Dialect
from cohortprop.simulation.scenario import CohortSeed, Scenario
from cohortprop.simulation.steps import (
    CREDENTIALS,
    GARBLINGS,
    AbortSync,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Merge,
    Rename,
    RestartInside,
    Step,
    Sync,
    Wait,
)
from cohortprop.simulation.universe import ODD_CAST

__all__ = ["CANONICAL"]

VIPS: Final = "1001"
TRIALS: Final = "1002"
ABC: Final = ("ann", "bob", "cy")
_HALF_HOUR: Final = 1800


def _one(*steps: Step, members: tuple[str, ...] = ABC, page_size: int = 2, **readings: str) -> Scenario:
    return Scenario((CohortSeed(VIPS, "VIPs", members),), steps, Dialect.pin(readings), page_size)


def _two(*steps: Step, page_size: int = 2) -> Scenario:
    cohorts = (CohortSeed(VIPS, "VIPs", ABC), CohortSeed(TRIALS, "Trials", ("bob", "cy", "dan"), connection="second"))
    return Scenario(cohorts, steps, page_size=page_size)


CANONICAL: Final[Mapping[str, Scenario]] = {
    "the-document's-example": _one(
        Sync(VIPS),
        Wait(600),
        Leave(VIPS, ("B", "D")),
        Wait(600),
        Join(VIPS, ("E", "F")),
        Sync(VIPS),
        Sync(VIPS),
        members=("A", "B", "C", "D"),
        page_size=1000,
        full_sync="add_members",
    ),
    "a-plain-diff": _one(Sync(VIPS), Leave(VIPS, ("ann",)), Join(VIPS, ("dan",)), Sync(VIPS), Sync(VIPS)),
    "an-empty-cohort": _one(Sync(VIPS), Join(VIPS, ("ann",)), Sync(VIPS), members=()),
    "two-pages": _one(Sync(VIPS), members=(*ABC, "dan")),
    "four-days-down": _one(Sync(VIPS), ExpireSnapshot(VIPS, joins=("dan",), leaves=("ann",))),
    "four-days-down-by-adds": _one(
        Sync(VIPS), ExpireSnapshot(VIPS, joins=("dan",), leaves=("ann",)), full_sync="add_members"
    ),
    "a-lost-acknowledgement": _one(
        Sync(VIPS),
        Join(VIPS, ("dan",)),
        Fates(("lose",)),
        Sync(VIPS),
        Leave(VIPS, ("dan",)),
        LoseLastAck(VIPS),
        Sync(VIPS),
    ),
    "a-duplicate": _one(
        Fates(("duplicate",)),
        Sync(VIPS),
        Join(VIPS, ("dan",)),
        Fates(("duplicate",)),
        Sync(VIPS),
        Leave(VIPS, ("dan",)),
        Sync(VIPS),
    ),
    "from-the-top": _one(AbortSync(VIPS, 1), Leave(VIPS, ("ann",)), Sync(VIPS), Join(VIPS, ("ann",)), Sync(VIPS)),
    "a-change-of-mind": _one(Sync(VIPS), Join(VIPS, ("dan",)), LoseLastAck(VIPS), FlipFailed(VIPS), Sync(VIPS)),
    "everyone-leaves": _one(
        Sync(VIPS), Leave(VIPS, ABC), Sync(VIPS), Join(VIPS, ABC), Sync(VIPS), ExpireSnapshot(VIPS, leaves=ABC)
    ),
    "back-again": _one(Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS), Join(VIPS, ("ann",)), Sync(VIPS)),
    "a-rename": _one(
        Sync(VIPS), Rename(VIPS, "Big spenders"), Join(VIPS, ("dan",)), Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS)
    ),
    "a-new-address": _one(
        Sync(VIPS),
        Edit("ann", "email", "ann@new.example.com"),
        Leave(VIPS, ("ann",)),
        Sync(VIPS),
        Edit("dan", "email", "bob@example.com"),
        Join(VIPS, ("dan",)),
        Sync(VIPS),
        Leave(VIPS, ("dan",)),
        Sync(VIPS),
    ),
    "merged-identities": _one(Sync(VIPS), Merge("ann", "$device:ann"), Sync(VIPS)),
    "two-cohorts": _two(
        Sync(VIPS), Sync(TRIALS), Leave(VIPS, ("bob",)), Sync(VIPS), ExpireSnapshot(TRIALS, leaves=("cy",))
    ),
    "sparse-members": _one(
        Sync(VIPS),
        Join(VIPS, ("dan", "eve", "fay", "gus")),
        Sync(VIPS),
        optional_fields="populated",
        members=("ann", "bob", "cy", "hal", "ida"),
    ),
    "bare-pages": _one(Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), optional_fields="bare", page_size=1000),
    "fields-of-the-future": _one(Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), optional_fields="extra"),
    "odd-ids": _one(
        Sync(VIPS),
        Leave(VIPS, ("Ann", "007")),
        Sync(VIPS),
        Join(VIPS, ("Ann", "007")),
        Leave(VIPS, ("ann ", "7")),
        Sync(VIPS),
        members=ODD_CAST,
    ),
    "a-full-page": _one(Sync(VIPS), members=tuple(f"user-{number:04}" for number in range(1000)), page_size=1000),
    "a-restart-inside": _one(
        RestartInside(VIPS, 1), Join(VIPS, ("dan",)), RestartInside(VIPS, 1), members=(*ABC, "fay")
    ),
    "a-stranger-at-the-door": _one(
        Sync(VIPS), *(Knock(credentials) for credentials in CREDENTIALS), Join(VIPS, ("dan",)), Sync(VIPS)
    ),
    "no-proper-delivery": _one(Sync(VIPS), *(Garble(how) for how in GARBLINGS), Join(VIPS, ("dan",)), Sync(VIPS)),
    "a-one-time-export": Scenario(
        (CohortSeed(VIPS, "VIPs", ABC, one_time=True),),
        (Sync(VIPS), Join(VIPS, ("dan",)), Wait(_HALF_HOUR)),
        page_size=2,
    ),
}
"""By name; each is an item of its own in pytest, and the first phase of a campaign."""
