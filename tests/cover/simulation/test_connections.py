"""Syncs of one connection run one after another; two connections take turns, and each is told in the history."""

from __future__ import annotations

from cohortprop.simulation import Attempted, Probed, SyncEnded, SyncStarted
from cohortprop.simulation.steps import AbortSync, Fates, Sync, Wait
from tests.cover.simulation.sandbox import COHORT, OTHER, Sandbox, two_cohorts


def turns(sandbox: Sandbox) -> list[str]:
    """Whose delivery each attempt was."""
    return [event.delivery.cohort_id for event in sandbox.events(Attempted)]


def test_two_connections_take_turns_page_by_page() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(), page_size=1).take(Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)", "members(cy)", "members(bob)", "members(dan)"]
    assert [event.cohort for event in sandbox.events(SyncStarted)] == [COHORT, OTHER]
    assert [event.cohort for event in sandbox.events(SyncEnded)] == [COHORT, OTHER]
    kinds = [kind for kind in sandbox.sequence if kind != "Attempted"]
    assert kinds == ["SyncStarted", "SyncStarted", "SyncEnded", "SyncEnded"]


def test_on_one_connection_a_sync_ends_before_the_next_begins() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(connection="webhook"), page_size=1).take(Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)", "members(bob)", "members(cy)", "members(dan)"]
    kinds = [kind for kind in sandbox.sequence if kind != "Attempted"]
    assert kinds == ["SyncStarted", "SyncEnded"] * 2


def test_while_one_connection_waits_to_retry_the_other_goes_on() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(), page_size=1).take(Fates(("refuse",)), Sync(COHORT))
    assert turns(sandbox) == [COHORT, OTHER, OTHER, COHORT, COHORT]


def test_on_one_connection_a_sync_that_fails_holds_the_other_up() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(connection="webhook")).take(AbortSync(COHORT, 0), Wait(1))
    assert turns(sandbox) == [COHORT] * 6 + [OTHER]
    assert sandbox.events(SyncStarted)[1].at == 60


def test_on_two_connections_it_does_not() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(AbortSync(COHORT, 0))
    assert turns(sandbox) == [COHORT, OTHER] + [COHORT] * 5
    assert sandbox.events(SyncStarted)[1].at == 0


def test_a_look_asks_for_all_cohorts() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(), probing="delivery").take(Sync(COHORT))
    first, second = sandbox.events(Probed)
    assert first.held == {COHORT: frozenset({"ann", "bob"}), OTHER: frozenset()}
    assert second.held == {COHORT: frozenset({"ann", "bob"}), OTHER: frozenset({"cy", "dan"})}
    assert first.source == second.source == {COHORT: ("ann", "bob"), OTHER: ("cy", "dan")}
