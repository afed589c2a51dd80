"""Which situations a trial has met: each by a scenario that does meet it, and by no scenario that only comes close."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from cohortprop.reach import SITUATIONS, met_in
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, History, Scenario
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Rename,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Settle,
    Step,
    Sync,
    Trouble,
    Wait,
)
from cohortprop.trial import Trial
from tests.cover.trial.apps import TRIALS, VIPS, kit_for

ALONE = CohortSeed(VIPS, "VIPs", ("ann", "bob", "cy"))
APART = CohortSeed(TRIALS, "Trials", ("dan",), connection="second")


def met_by(
    *steps: Step, cohorts: tuple[CohortSeed, ...] = (ALONE,), page_size: int = 1000, **readings: str
) -> set[str]:
    """Before the way home, on which every trial meets a full sync after an expired snapshot."""
    hooks: dict[str, Any] = {"restart": lambda: None, "dependency": nullcontext, "auth": ("mixpanel", "s3cret")}
    with kit_for(**hooks) as kit:
        trial = Trial(kit, Scenario(cohorts, (), Dialect.pin(readings), page_size))
        for step in steps:
            trial.apply(step)
        return met_in(trial.outcome.history)


SYNC = Sync(VIPS)
LEAVE = (SYNC, Leave(VIPS, ("ann",)), SYNC)
MET: dict[str, tuple[Step, ...]] = {
    "snapshot-expired-with-churn": (SYNC, ExpireSnapshot(VIPS, leaves=("ann",))),
    "retried-after-lost-ack": (Fates(("lose",)), SYNC),
    "flipped-after-failure": (SYNC, Join(VIPS, ("dan",)), LoseLastAck(VIPS), FlipFailed(VIPS)),
    "paused-and-resumed": (AbortSync(VIPS, 0, 404), Resume(VIPS)),
    "empty-diff": (SYNC, SYNC),
    "immediate-duplicate": (Fates(("duplicate",)), SYNC),
    "late-replay": (SYNC, Replay(0)),
    "replay-after-removal": (*LEAVE, Replay(2)),
    "left-and-returned": (SYNC, BackAndForth(VIPS, ("ann",))),
    "renamed": (SYNC, Rename(VIPS, "Big spenders"), SYNC),
    "edited": (SYNC, Edit("ann", "email", "ann@new.example.com")),
    "restarted": (Restart(),),
    "troubled": (Trouble(1), SYNC),
    "knocked": (SYNC, Knock("none")),
    "garbled": (SYNC, Garble("empty body")),
}
NEARLY: dict[str, tuple[Step, ...]] = {
    "multi-page-full-sync": (SYNC, Join(VIPS, ("dan", "eve")), SYNC),
    "snapshot-expired-with-churn": (SYNC, Leave(VIPS, ("ann",)), SYNC, ExpireSnapshot(VIPS, joins=("dan",))),
    "retried-after-lost-ack": (Fates(("refuse",)), SYNC),
    "aborted-midway": (AbortSync(VIPS, 0), SYNC),
    "flipped-after-failure": (AbortSync(VIPS, 0), SYNC, Leave(VIPS, ("ann",))),
    "paused-and-resumed": (SYNC, Resume(VIPS)),
    "empty-diff": (SYNC, Join(VIPS, ("dan",)), SYNC),
    "immediate-duplicate": (Fates(("lose", "deliver")), SYNC),
    "late-replay": (Replay(0), SYNC),
    "replay-after-removal": (*LEAVE, Replay(0), Join(VIPS, ("ann",)), SYNC, Replay(3)),
    "left-and-returned": (SYNC, Join(VIPS, ("dan",)), Leave(VIPS, ("dan", "ann"))),
    "renamed": (SYNC, Rename(VIPS, "Big spenders"), Wait(60)),
    "edited": (Edit("zoe", "email", None), SYNC),
    "restarted": (SYNC, Settle()),
    "restarted-inside": (SYNC, Restart(), SYNC),
    "shared-user": (SYNC, Sync(TRIALS)),
    "troubled": (SYNC, Trouble(1)),
    "knocked": (Knock("none"), SYNC),
    "garbled": (Garble("empty body"), SYNC),
}


@pytest.mark.parametrize("situation", MET)
def test_met(situation: str) -> None:
    assert situation in met_by(*MET[situation])


def test_met_by_pages() -> None:
    assert "multi-page-full-sync" in met_by(SYNC, page_size=2)
    assert "aborted-midway" in met_by(AbortSync(VIPS, 1), page_size=2)
    assert {"restarted", "restarted-inside"} <= met_by(RestartInside(VIPS, 1), page_size=2)


def test_met_by_two_cohorts() -> None:
    assert "shared-user" in met_by(SYNC, Join(TRIALS, ("ann",)), Sync(TRIALS), cohorts=(ALONE, APART))


@pytest.mark.parametrize("situation", NEARLY)
def test_not_met(situation: str) -> None:
    cohorts = (ALONE, APART) if situation == "shared-user" else (ALONE,)
    assert situation not in met_by(*NEARLY[situation], cohorts=cohorts)


def test_every_situation_is_met_here() -> None:
    others = {"multi-page-full-sync", "aborted-midway", "restarted-inside", "shared-user"}
    assert MET.keys() | others == SITUATIONS.keys() == NEARLY.keys()


def test_nothing_is_met_by_nothing() -> None:
    assert not met_in(History())


def test_no_situation_is_met_that_is_not_listed() -> None:
    steps = tuple(step for each in MET.values() for step in each)
    assert met_by(*steps, page_size=2) <= SITUATIONS.keys()
