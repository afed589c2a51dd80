"""ExpireSnapshot, FlipFailed and BackAndForth: whole situations, which a search hardly ever puts together."""

from __future__ import annotations

import pytest

from cohortprop.simulation import Changed, Silenced, SyncStarted
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    ExpireSnapshot,
    FlipFailed,
    Join,
    Leave,
    LoseLastAck,
    Sync,
    Wait,
)
from tests.cover.simulation.sandbox import COHORT, DAY, OTHER, Sandbox, two_cohorts

EXPIRED = 73.5 * 3600


def kinds(sandbox: Sandbox) -> list[str]:
    return [event.kind for event in sandbox.events(SyncStarted)]


def test_a_snapshot_expires_while_users_come_and_go() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT), ExpireSnapshot(COHORT, joins=("cy",), leaves=("ann",)))
    assert sandbox.take_new() == ["members(ann, bob)", "members(bob, cy)"]
    assert kinds(sandbox) == ["full", "full"]
    assert sandbox.world.now == EXPIRED
    assert sandbox.events(Changed) == [Changed(EXPIRED / 2, COHORT, ("cy",), ("ann",))]
    assert sandbox.events(Silenced) == [Silenced(0.0, EXPIRED)]


def test_the_sync_after_that_may_be_left_to_others() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), ExpireSnapshot(COHORT, leaves=("ann",), synced=False))
    assert sandbox.take_new() == ["members(ann)"]
    assert (sandbox.world.now, sandbox.members()) == (EXPIRED, [])
    assert sandbox.take(Sync(COHORT)).take_new() == ["members()"]
    assert sandbox.world.now == EXPIRED


@pytest.mark.parametrize("empty_diff", ["sent", "silent"])
@pytest.mark.parametrize("full_sync", ["members", "add_members"])
def test_nobody_comes_or_goes_and_the_next_sync_is_full_all_the_same(empty_diff: str, full_sync: str) -> None:
    sandbox = Sandbox(["ann"], empty_diff=empty_diff, full_sync=full_sync).take(Sync(COHORT), Wait(60))
    sandbox.take_new()
    sandbox.take(ExpireSnapshot(COHORT))
    both = full_sync == "add_members" and empty_diff == "sent"
    assert sandbox.take_new() == [f"{full_sync}(ann)", *["remove_members()"] * both]
    assert kinds(sandbox) == ["full", "full"]
    assert sandbox.world.now == EXPIRED + 1800  # the first half hour after so long a time


def test_it_expires_for_all_cohorts() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(Sync(OTHER), ExpireSnapshot(COHORT))
    assert kinds(sandbox) == ["full"] * 4


def test_a_sync_under_way_ends_before() -> None:
    sandbox = Sandbox("ab", page_size=1).take(AbortSync(COHORT, 1), Wait(1800), AbortSync(COHORT, 1))
    sandbox.world.network.set_sync_rule(None)
    sandbox.world.network.lay_out(["refuse"] * 3)
    sandbox.take(Wait(1741))
    assert not sandbox.world.sender.at_rest
    sandbox.take(ExpireSnapshot(COHORT))
    assert sandbox.sequence[sandbox.sequence.index("Silenced") - 1] == "SyncEnded"
    assert sandbox.world.now > EXPIRED


def test_those_of_the_sync_that_failed_change_their_minds() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT), Leave(COHORT, ("ann",)), Join(COHORT, ("cy", "dan")))
    sandbox.take(LoseLastAck(COHORT), Join(COHORT, ("eve",)), FlipFailed(COHORT))
    assert sandbox.members() == ["bob", "eve", "ann"]
    assert sandbox.events(Changed)[-1] == Changed(1860.0, COHORT, ("ann",), ("cy", "dan"))


def test_only_those_whom_it_came_to_name() -> None:
    sandbox = Sandbox("abc", page_size=1).take(AbortSync(COHORT, 1), FlipFailed(COHORT))
    assert sandbox.members() == ["c"]


def test_the_last_one_that_failed_counts_even_when_others_came_through() -> None:
    sandbox = Sandbox("a").take(AbortSync(COHORT, 0), Sync(COHORT), Join(COHORT, ("b",)), Sync(COHORT))
    assert sandbox.take(FlipFailed(COHORT)).members() == ["b"]


def test_a_paused_sync_has_failed_too() -> None:
    sandbox = Sandbox("a")
    sandbox.shop.answers = [403]
    assert sandbox.take(Sync(COHORT), FlipFailed(COHORT)).members() == []


def test_nobody_changes_their_mind_where_nothing_failed() -> None:
    sandbox = Sandbox("a").take(FlipFailed(COHORT), Sync(COHORT), FlipFailed(COHORT))
    assert sandbox.members() == ["a"]
    assert not sandbox.events(Changed)


def test_the_sync_that_failed_must_be_of_this_cohort() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(AbortSync(OTHER, 0), FlipFailed(COHORT))
    assert sandbox.members(COHORT) == ["ann", "bob"]
    assert sandbox.take(FlipFailed(OTHER)).members(OTHER) == []


def test_users_leave_and_come_back_with_a_sync_after_each() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT))
    sandbox.take_new()
    sandbox.take(BackAndForth(COHORT, ("ann", "nobody")))
    assert sandbox.take_new() == ["add_members()", "remove_members(ann)", "add_members(ann)", "remove_members()"]
    assert sandbox.members() == ["bob", "ann"]
    assert [(event.joined, event.left) for event in sandbox.events(Changed)] == [((), ("ann",)), (("ann",), ())]
    assert sandbox.world.now == 3600


def test_users_leave_and_come_back_before_the_next_sync() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT), BackAndForth(COHORT, ("ann",), synced=False))
    assert sandbox.take_new() == ["members(ann, bob)"]
    assert (sandbox.members(), sandbox.world.now) == (["bob", "ann"], 0)
    assert len(sandbox.events(Changed)) == 2


def test_nobody_looks_meanwhile() -> None:
    sandbox = Sandbox(["ann"], probing="delivery").take(Sync(COHORT))
    drained = sandbox.shop.drained
    before = len(sandbox.history)
    sandbox.take(BackAndForth(COHORT, ("ann",)))
    assert "Probed" not in sandbox.sequence[before:]
    assert sandbox.shop.drained == drained
    sandbox.take(Sync(COHORT))
    assert sandbox.sequence[-1] == "Probed"


def test_a_week_can_pass_between() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Wait(7 * DAY), ExpireSnapshot(COHORT))
    assert sandbox.take_new()[-1] == "members(ann)"
