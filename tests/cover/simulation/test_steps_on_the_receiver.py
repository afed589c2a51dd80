"""Restart, RestartInside and Trouble: what they do to the receiver, where its description says how."""

from __future__ import annotations

import pytest

from cohortprop.errors import UsageError
from cohortprop.simulation import Attempted, Restarted, SyncEnded
from cohortprop.simulation.steps import (
    Fates,
    Join,
    Outage,
    Replay,
    Restart,
    RestartInside,
    Settle,
    Step,
    Sync,
    Trouble,
    Wait,
)
from tests.cover.simulation.sandbox import COHORT, OTHER, Sandbox, Shop, two_cohorts


def test_the_receiver_is_restarted() -> None:
    sandbox = Sandbox(["ann"]).take(Wait(5), Restart())
    assert sandbox.shop.restarted == 1
    assert sandbox.events(Restarted) == [Restarted(5.0)]


def test_a_restart_may_give_a_new_app() -> None:
    new = Shop()
    sandbox = Sandbox(["ann"], receiver={"restart": lambda: new})
    sandbox.take(Sync(COHORT), Restart(), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"]
    assert new.heard == ["add_members()", "remove_members()"]


def test_a_restart_must_give_an_app_or_none() -> None:
    sandbox = Sandbox(receiver={"restart": lambda: "done"})
    with pytest.raises(UsageError) as fault:
        sandbox.take(Restart())
    assert str(fault.value) == "Receiver(restart=...) returned 'done': expected the new app, or None"


def restarts_at(sandbox: Sandbox) -> list[int]:
    """How many requests had been heard at each restart."""
    heard = 0
    found = []
    for event in sandbox.history:
        heard += isinstance(event, Attempted) and event.reached
        if isinstance(event, Restarted):
            found.append(heard)
    return found


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_the_receiver_is_restarted_inside_a_sync(after: int) -> None:
    sandbox = Sandbox("abc", page_size=1).take(RestartInside(COHORT, after))
    assert restarts_at(sandbox) == [after]
    assert sandbox.shop.restarted == 1
    assert sandbox.take_new() == ["members(a)", "members(b)", "members(c)"]


def test_a_sync_that_is_too_short_restarts_nothing() -> None:
    sandbox = Sandbox("ab", page_size=1).take(RestartInside(COHORT, 3), Sync(COHORT), Sync(COHORT))
    assert restarts_at(sandbox) == []


def test_it_is_restarted_once_however_often_the_delivery_is_tried() -> None:
    sandbox = Sandbox("ab", page_size=1).take(Fates(("refuse", "lose", "lose")), RestartInside(COHORT, 1))
    assert restarts_at(sandbox) == [1]
    assert sandbox.take_new() == ["members(a)", "members(a)", "members(a)", "members(b)"]


def test_it_is_not_restarted_inside_the_sync_of_another_cohort() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(), page_size=1).take(RestartInside(OTHER, 1))
    assert sandbox.take_new() == ["members(ann)", "members(cy)", "members(bob)", "members(dan)"]
    assert restarts_at(sandbox) == [2]


@pytest.mark.parametrize("step", [Restart(), RestartInside(COHORT, 1), RestartInside(COHORT, 0)])
def test_without_a_way_to_restart_nothing_is_restarted(step: Step) -> None:
    sandbox = Sandbox(["ann"], receiver={"restart": None}).take(step)
    assert "Restarted" not in sandbox.sequence


def test_the_dependency_fails_during_the_next_attempts() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(2), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)!", "members(ann)!", "members(ann)"]
    assert [event.troubled for event in sandbox.events(Attempted)] == [True, True, False]
    assert [event.outcome for event in sandbox.events(SyncEnded)] == ["succeeded"]


def test_attempts_that_do_not_reach_the_app_do_not_count() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(1), Fates(("refuse",)), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)!", "members(ann)"]
    assert [event.troubled for event in sandbox.events(Attempted)] == [False, True, False]


def test_duplicates_and_late_arrivals_count() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(3), Fates(("duplicate",)), Wait(1), Replay(0))
    assert sandbox.take_new() == ["members(ann)!"] * 3
    assert sandbox.take(Wait(60)).take_new() == ["members(ann)"]


def test_trouble_ends_when_all_settles() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(9), Settle())
    assert sandbox.take_new() == ["members(ann)"]


def test_later_trouble_takes_the_place_of_earlier_trouble() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(9), Trouble(1), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)!", "members(ann)"]


def test_without_a_dependency_there_is_no_trouble() -> None:
    sandbox = Sandbox(["ann"], receiver={"dependency": None}).take(Trouble(2), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"]
    assert [event.troubled for event in sandbox.events(Attempted)] == [False]


def test_a_dependency_must_be_a_context_manager() -> None:
    sandbox = Sandbox(["ann"], receiver={"dependency": lambda: None})
    with pytest.raises(UsageError, match=r"^Receiver\(dependency=\.\.\.\) failed: TypeError: .*context manager"):
        sandbox.take(Trouble(1), Sync(COHORT))


def test_what_fails_in_ending_the_trouble_is_not_said_to_be_the_apps_answer() -> None:
    class Stuck:
        def __enter__(self) -> None:
            pass

        def __exit__(self, *exc_info: object) -> None:
            raise RuntimeError("cannot be mended")

    sandbox = Sandbox(["ann"], receiver={"dependency": Stuck})
    with pytest.raises(UsageError, match=r"^Receiver\(dependency=\.\.\.\) failed: RuntimeError: cannot be mended"):
        sandbox.take(Trouble(1), Sync(COHORT))


def test_an_outage_goes_before_the_trouble() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(1), Outage(3600), Sync(COHORT), Join(COHORT, ("bob",)))
    assert not sandbox.shop.heard
    sandbox.take(Wait(3600), Sync(COHORT))
    assert sandbox.take_new()[0] == "members(ann, bob)!"
