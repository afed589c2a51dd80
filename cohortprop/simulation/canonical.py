"""The canonical scenarios: the situations that every receiver should be shown once, fixed and readable.

They run before any search. What they find is found at once, at the same place each time, and needs little shrinking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cohortprop.sender import Dialect
from cohortprop.simulation.scenario import CohortSeed, Scenario
from cohortprop.simulation.steps import (
    CREDENTIALS,
    GARBLINGS,
    AbortSync,
    Collide,
    Describe,
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
    PassTime,
    Rename,
    RestartInside,
    Step,
    Sync,
    SyncTogether,
    Trouble,
    Wait,
)
from cohortprop.simulation.universe import ODD_CAST
from cohortprop.wire import BATCH_SIZE

__all__ = ["CANONICAL"]

VIPS: Final = "1001"
TRIALS: Final = "1002"
ABC: Final = ("ann", "bob", "cy")
EXPORTED: Final = tuple(f"Property {number}" for number in range(1, 21))
_HALF_HOUR: Final = 1800


def _one(*steps: Step, members: tuple[str, ...] = ABC, page_size: int = 2, **readings: str) -> Scenario:
    return Scenario((CohortSeed(VIPS, "VIPs", members),), steps, Dialect.pin(readings), page_size)


def _two(*steps: Step, page_size: int = 2, project: str = "1", **readings: str) -> Scenario:
    trials = CohortSeed(TRIALS, "Trials", ("bob", "cy", "dan"), project_id=project, connection="second")
    return Scenario((CohortSeed(VIPS, "VIPs", ABC), trials), steps, Dialect.pin(readings), page_size)


def _page(**others: Any) -> Scenario:
    members = tuple(f"user-{number:04}" for number in range(BATCH_SIZE))
    return Scenario((CohortSeed(VIPS, "VIPs", members),), (Sync(VIPS),), page_size=BATCH_SIZE, **others)


def _meeting(number: int) -> Scenario:
    """Two cohorts with users in common, synced at once; another number is another interleaving."""
    return _two(
        SyncTogether(10 * number),
        Join(VIPS, ("dan", "eve")),
        Leave(TRIALS, ("cy",)),
        Join(TRIALS, ("ann", "eve")),
        SyncTogether(10 * number + 1),
        Leave(VIPS, ("bob",)),
        Join(TRIALS, ("cy",)),
        SyncTogether(10 * number + 2),
        deliveries_at_once="together",
    )


def _colliding(number: int) -> Scenario:
    """Each delivery comes twice at once; another number is another interleaving."""
    return _one(
        Collide(VIPS, 10 * number),
        Join(VIPS, ("dan", "eve")),
        Leave(VIPS, ("ann",)),
        Collide(VIPS, 10 * number + 1),
        Join(VIPS, ("fay", "gus", "hal")),
        Collide(VIPS, 10 * number + 2),
        Leave(VIPS, ("dan",)),
        Join(VIPS, ("ann",)),
        Collide(VIPS, 10 * number + 3),
        deliveries_at_once="together",
    )


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
    "a-new-description": _one(
        Sync(VIPS), Describe(VIPS, "edited"), Join(VIPS, ("dan",)), Sync(VIPS), Describe(VIPS, None), Sync(VIPS)
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
    "two-projects": _two(
        Sync(VIPS), Sync(TRIALS), Leave(TRIALS, ("bob",)), Sync(TRIALS), Join(VIPS, ("dan",)), Sync(VIPS), project="2"
    ),
    "two-cohorts-in-turns": _two(
        Sync(VIPS),
        Leave(VIPS, ("cy",)),
        Join(TRIALS, ("ann",)),
        Sync(VIPS),
        ExpireSnapshot(VIPS, joins=("dan",), leaves=("ann",)),
        page_size=1,
    ),
    "a-full-page": _page(),
    "a-full-page-of-properties": _page(exported=EXPORTED),
    "a-month-passes": _one(
        Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), PassTime(1), Sync(VIPS), PassTime(31), Sync(VIPS)
    ),
    "new-year": replace(
        _one(Sync(VIPS), Join(VIPS, ("dan",)), LoseLastAck(VIPS), Sync(VIPS), PassTime(1), Sync(VIPS)),
        start="2026-12-31T23:20:00+00:00",
    ),
    "a-failing-dependency": _one(
        Trouble(2),
        Sync(VIPS),
        Join(VIPS, ("dan", "eve")),
        Trouble(1),
        Sync(VIPS),
        ExpireSnapshot(VIPS, joins=("fay",), leaves=("ann",), synced=False),
        Trouble(1),
        Sync(VIPS),
    ),
    "a-restart-inside": _one(
        RestartInside(VIPS, 1), Join(VIPS, ("dan",)), RestartInside(VIPS, 1), members=(*ABC, "fay")
    ),
    "a-stranger-at-the-door": _one(
        Sync(VIPS), *(Knock(credentials) for credentials in CREDENTIALS), Join(VIPS, ("dan",)), Sync(VIPS)
    ),
    "no-proper-delivery": _one(Sync(VIPS), *(Garble(how) for how in GARBLINGS), Join(VIPS, ("dan",)), Sync(VIPS)),
    **{f"at-the-same-moment-{number}": _meeting(number) for number in range(1, 4)},
    **{f"twice-at-the-same-moment-{number}": _colliding(number) for number in range(1, 7)},
    "a-one-time-export": Scenario(
        (CohortSeed(VIPS, "VIPs", ABC, one_time=True),),
        (Sync(VIPS), Join(VIPS, ("dan",)), Wait(_HALF_HOUR)),
        page_size=2,
    ),
}
"""By name; each is an item of its own in pytest, and the first phase of a campaign."""
