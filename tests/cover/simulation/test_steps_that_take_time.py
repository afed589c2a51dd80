"""Wait, Sync, Settle, Resume: how far they let time go, and what is sent on the way."""

from __future__ import annotations

import pytest

from cohortprop.simulation import Attempted, Resumed, SyncEnded
from cohortprop.simulation.steps import Fates, Join, Leave, Outage, Probe, Resume, Settle, Sync, Trouble, Wait
from tests.cover.simulation.sandbox import COHORT, HALF_HOUR, OTHER, Sandbox, two_cohorts

NOTHING_NEW = ["add_members()", "remove_members()"]


def test_waiting_lets_syncs_run_that_fall_due_meanwhile() -> None:
    sandbox = Sandbox(["ann"]).take(Wait(2 * HALF_HOUR))
    assert sandbox.world.now == 2 * HALF_HOUR
    assert sandbox.take_new() == ["members(ann)", *NOTHING_NEW]
    assert [event.at for event in sandbox.events(Attempted)] == [0, 1800, 1800]


def test_what_is_due_when_the_wait_is_over_comes_later() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Wait(HALF_HOUR))
    assert sandbox.take_new() == ["members(ann)"]
    assert sandbox.take(Wait(1)).take_new() == NOTHING_NEW


@pytest.mark.parametrize("seconds", [1, 7, 1799])
def test_waiting_takes_exactly_so_long(seconds: int) -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Wait(seconds))
    assert sandbox.world.now == seconds
    assert sandbox.take_new() == ["members(ann)"]


def test_waiting_for_no_time_does_nothing() -> None:
    sandbox = Sandbox(["ann"]).take(Wait(0))
    assert sandbox.world.now == 0
    assert not sandbox.history.events


def test_a_wait_may_end_between_two_tries() -> None:
    sandbox = Sandbox(["ann"]).take(Fates(("refuse", "refuse")), Wait(3))
    assert [event.attempt for event in sandbox.events(Attempted)] == [1, 2]
    sandbox.take(Sync(COHORT))
    assert [event.attempt for event in sandbox.events(Attempted)] == [1, 2, 3]
    assert sandbox.take_new() == ["members(ann)"]


def test_a_sync_runs_when_it_falls_due() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    assert (sandbox.world.now, sandbox.take_new()) == (0, ["members(ann)"])
    sandbox.take(Join(COHORT, ("bob",)), Wait(600), Leave(COHORT, ("ann",)), Sync(COHORT))
    assert (sandbox.world.now, sandbox.take_new()) == (1800, ["add_members(bob)", "remove_members(ann)"])


def test_a_sync_runs_to_its_end() -> None:
    sandbox = Sandbox("abc", page_size=1).take(Fates(("deliver", "refuse")), Sync(COHORT))
    assert sandbox.take_new() == ["members(a)", "members(b)", "members(c)"]
    assert [event.outcome for event in sandbox.events(SyncEnded)] == ["succeeded"]
    assert 0 < sandbox.world.now < 2


def test_a_sync_may_end_by_failing() -> None:
    sandbox = Sandbox(["ann"]).take(Outage(3600), Sync(COHORT))
    assert [event.outcome for event in sandbox.events(SyncEnded)] == ["failed"]
    assert sandbox.world.now == 60
    assert not sandbox.shop.heard


def test_a_sync_with_nothing_to_say_takes_its_half_hour_all_the_same() -> None:
    sandbox = Sandbox(["ann"], empty_diff="silent").take(Sync(COHORT), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"]
    assert sandbox.world.now == 1800


def test_a_sync_takes_the_others_along_that_fall_due_by_then() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(Sync(OTHER))
    assert sandbox.take_new() == ["members(ann, bob)", "members(cy, dan)"]
    assert sandbox.world.now == 0


def test_a_paused_sync_does_not_run() -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"]
    assert sandbox.world.now == 0


def test_a_paused_sync_is_resumed() -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT), Wait(100), Resume(COHORT))
    assert sandbox.events(Resumed) == [Resumed(100.0, COHORT)]
    assert sandbox.take_new() == ["members(ann)"]
    assert sandbox.take(Sync(COHORT)).take_new() == ["members(ann)"]
    assert sandbox.world.now == 100


def test_a_sync_that_runs_cannot_be_resumed() -> None:
    sandbox = Sandbox(["ann"]).take(Resume(COHORT))
    assert not sandbox.history.events


def test_a_resumed_sync_may_wait_for_its_half_hour() -> None:
    sandbox = Sandbox(["ann"], resume="next_tick")
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT), Wait(100), Resume(COHORT), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"] * 2
    assert sandbox.world.now == 1800


def test_settling_ends_all_faults_and_syncs_each_cohort() -> None:
    sandbox = Sandbox(cohorts=two_cohorts())
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT))
    assert sandbox.take_new() == ["members(ann, bob)", "members(cy, dan)"]
    sandbox.take(Outage(1_000_000), Fates(("lose", "refuse")), Trouble(9), Settle())
    assert sandbox.take_new() == ["members(ann, bob)", "add_members()", "add_members()", *["remove_members()"] * 2]
    assert sandbox.events(Resumed) == [Resumed(0.0, COHORT)]
    assert [event.outcome for event in sandbox.events(SyncEnded)] == ["paused", *["succeeded"] * 4]
    assert sandbox.shop.held == {COHORT: {"ann", "bob"}, OTHER: {"cy", "dan"}}


def test_the_receiver_is_looked_at() -> None:
    sandbox = Sandbox(["ann"]).take(Probe())
    assert sandbox.sequence == ["Probed"]
    sandbox.take(Sync(COHORT), Probe())
    assert sandbox.sequence == ["Probed", "SyncStarted", "Attempted", "SyncEnded", "Probed"]


def test_nobody_looks_twice_at_what_cannot_have_changed() -> None:
    sandbox = Sandbox(["ann"]).take(Probe(), Probe(), Join(COHORT, ("bob",)), Probe())
    assert sandbox.sequence == ["Probed", "Changed"]
    sandbox.take(Wait(1), Probe())  # what a receiver holds may expire by itself
    assert sandbox.sequence[-1] == "Probed"
