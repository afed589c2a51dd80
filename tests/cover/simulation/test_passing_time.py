"""Days pass without a sync: the receiver hears nothing, and is looked at before it hears anything again."""

from __future__ import annotations

import pytest

from cohortprop.simulation import Attempted, Probed, Silenced, SyncStarted
from cohortprop.simulation.steps import Fates, Outage, PassTime, Sync
from tests.cover.simulation.sandbox import COHORT, DAY, Sandbox, two_cohorts


@pytest.mark.parametrize("days", [1, 4, 31, 366])
def test_so_many_days_pass_and_nothing_is_heard(days: int) -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    began = sandbox.world.now
    sandbox.take_new()
    sandbox.take(PassTime(days))
    assert sandbox.world.now == began + days * DAY
    assert not sandbox.take_new()
    (silence,) = sandbox.events(Silenced)
    assert (silence.at, silence.until) == (began, began + days * DAY)


@pytest.mark.parametrize(("days", "kind"), [(1, "diff"), (2, "diff"), (4, "full"), (31, "full")])
def test_the_next_sync_runs_at_once_and_is_full_when_the_snapshot_has_expired(days: int, kind: str) -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), PassTime(days))
    now = sandbox.world.now
    sandbox.take(Sync(COHORT))
    last = sandbox.events(SyncStarted)[-1]
    assert (last.at, last.kind) == (now, kind)


@pytest.mark.parametrize("probing", ["delivery", "seldom"])
def test_a_watched_receiver_is_looked_at_before_anything_reaches_it(probing: str) -> None:
    sandbox = Sandbox(["ann"], probing=probing).take(Sync(COHORT))  # type: ignore[arg-type]  # one of the literals
    before = len(sandbox.history)
    sandbox.take(PassTime(31), Sync(COHORT))
    looks = [event.at for event in sandbox.events(Probed, since=before)]
    heard = [event.at for event in sandbox.events(Attempted, since=before)]
    if probing == "seldom":
        assert not looks
    else:
        assert looks[0] == sandbox.events(Silenced)[0].until
        assert sandbox.sequence[before:].index("Probed") < sandbox.sequence[before:].index("Attempted")
    assert heard


def test_a_sync_under_way_is_over_before_the_days_begin() -> None:
    sandbox = Sandbox(["ann", "bob"], page_size=1).take(Fates(("deliver", "refuse 503")))
    sandbox.world.advance(0.0)
    while sandbox.world.sender.at_rest:
        sandbox.world.advance(sandbox.world.now + 1)
    sandbox.take(PassTime(4))
    (silence,) = sandbox.events(Silenced)
    assert max(event.at for event in sandbox.events(Attempted)) <= silence.at
    assert sandbox.shop.heard == ["members(ann)", "members(bob)"]


def test_all_cohorts_are_silent() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(Sync(COHORT), PassTime(31))
    heard = len(sandbox.shop.heard)
    sandbox.take(Sync(COHORT), Sync("8"))
    assert [event.at for event in sandbox.events(Attempted)][:heard] == [0.0] * heard


def test_an_outage_may_end_meanwhile() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Outage(3600), PassTime(1), Sync(COHORT))
    assert sandbox.shop.heard[-1] == "remove_members()"


def test_nothing_passes_in_a_halted_world() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    sandbox.world.halted = True
    now = sandbox.world.now
    sandbox.take(PassTime(4))
    assert sandbox.world.now == now
    assert not sandbox.events(Silenced)
