"""A one-time export sends `members` once, and never a diff."""

from __future__ import annotations

from cohortprop.simulation import Resumed, SyncEnded
from cohortprop.simulation.steps import AbortSync, ExpireSnapshot, Join, Outage, Resume, Settle, Sync, Wait
from tests.cover.simulation.sandbox import COHORT, DAY, OTHER, Sandbox, two_cohorts


def test_it_is_sent_once() -> None:
    sandbox = Sandbox(["ann"], one_time=True).take(Sync(COHORT), Join(COHORT, ("bob",)), Wait(10 * DAY), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"]
    assert sandbox.world.now == 10 * DAY


def test_settling_leaves_it_alone_once_it_has_come_through() -> None:
    sandbox = Sandbox(["ann"], one_time=True).take(Sync(COHORT), Join(COHORT, ("bob",)), Settle())
    assert sandbox.take_new() == ["members(ann)"]
    assert not sandbox.events(Resumed)


def test_settling_runs_it_again_if_it_failed() -> None:
    sandbox = Sandbox(["ann"], one_time=True).take(AbortSync(COHORT, 0), Wait(DAY))
    assert not sandbox.take_new()
    sandbox.take(Join(COHORT, ("bob",)), Settle())
    assert sandbox.take_new() == ["members(ann, bob)"]
    assert [event.outcome for event in sandbox.events(SyncEnded)] == ["failed", "succeeded"]


def test_a_person_can_run_it_again() -> None:
    sandbox = Sandbox(["ann"], one_time=True).take(Sync(COHORT), Join(COHORT, ("bob",)), Resume(COHORT), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)", "members(ann, bob)"]
    assert len(sandbox.events(Resumed)) == 1


def test_it_has_no_snapshot_that_could_expire() -> None:
    sandbox = Sandbox(["ann"], one_time=True).take(Sync(COHORT), ExpireSnapshot(COHORT, leaves=("ann",)))
    assert sandbox.take_new() == ["members(ann)"]
    assert sandbox.members() == []


def test_beside_it_a_dynamic_sync_goes_on() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(one_time=True)).take(Sync(OTHER), Sync(COHORT), Outage(60), Settle())
    assert sandbox.take_new() == [
        "members(ann, bob)",
        "members(cy, dan)",
        *["add_members()", "remove_members()"] * 2,
    ]
