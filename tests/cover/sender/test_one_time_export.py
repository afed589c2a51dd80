"""A one-time export: the whole cohort once, never a diff."""

from __future__ import annotations

import pytest

from cohortprop.sender import Dialect, Idle
from cohortprop.sender.subscription import State
from cohortprop.wire import Outcome
from tests.cover.sender.driving import (
    COHORT,
    DAY,
    DOWN,
    HALF_HOUR,
    always,
    drive,
    failure,
    in_turn,
    said,
    sender_of,
    stories,
)


def test_once_and_never_again() -> None:
    sender = sender_of("ab", page_size=1, one_time=True)
    assert stories(drive(sender, 0, DAY)) == [(0.0, "members(a) page 1 of 2"), (0.0, "members(b) page 2 of 2")]
    subscription = sender.subscriptions[COHORT]
    assert subscription.state is State.FINISHED
    assert subscription.succeeded
    assert not subscription.acts
    assert sender.poll(DAY) == Idle()


def test_retries_are_as_ever() -> None:
    sender = sender_of("a", one_time=True)
    assert len(drive(sender, 0, DAY, in_turn(*[DOWN] * 5))) == 6
    assert sender.subscriptions[COHORT].succeeded


def test_given_up_is_given_up() -> None:
    sender = sender_of("a", one_time=True)
    assert len(drive(sender, 0, DAY, always(DOWN))) == 6
    subscription = sender.subscriptions[COHORT]
    assert subscription.state is State.FINISHED
    assert not subscription.succeeded
    assert [entry.outcome for entry in sender.log] == ["started", "failed"]


def test_a_pausing_answer_pauses_it() -> None:
    sender = sender_of("a", one_time=True)
    assert len(drive(sender, 0, DAY, always(failure(403)))) == 1
    assert sender.subscriptions[COHORT].state is State.PAUSED
    assert len(sender.notifications) == 1


@pytest.mark.parametrize("first", [DOWN, failure(403), None], ids=["given up", "paused", "succeeded"])
@pytest.mark.parametrize("resume", ["at_once", "next_tick"])
def test_a_person_may_run_it_again_at_once_and_it_is_full_again(first: Outcome | None, resume: str) -> None:
    sender = sender_of("a", Dialect.pin({"resume": resume}), one_time=True)
    drive(sender, 0, 60, in_turn(*[first] * 6))
    sender.source.join(COHORT, "b")
    assert sender.resume(COHORT, 100) is True
    assert stories(drive(sender, 100, DAY)) == [(100.0, "members(a, b)")]
    assert sender.subscriptions[COHORT].state is State.FINISHED
    assert sender.subscriptions[COHORT].succeeded


def test_while_it_runs_there_is_nothing_to_resume() -> None:
    sender = sender_of("a", one_time=True)
    drive(sender, 0, 0, always(DOWN))
    assert sender.resume(COHORT, 1) is False


def test_it_is_a_full_sync_as_the_dialect_has_it() -> None:
    sender = sender_of("a", Dialect(full_sync="add_members"), one_time=True)
    assert said(drive(sender, 0, HALF_HOUR)) == ["add_members(a)", "remove_members()"]


def test_nothing_to_say_is_a_success() -> None:
    sender = sender_of("", Dialect(full_sync="add_members", empty_diff="silent"), one_time=True)
    assert drive(sender, 0, HALF_HOUR) == []
    assert sender.subscriptions[COHORT].state is State.FINISHED
    assert sender.subscriptions[COHORT].succeeded


def test_a_dynamic_sync_remembers_that_it_once_succeeded() -> None:
    sender = sender_of("a")
    assert not sender.subscriptions[COHORT].succeeded
    drive(sender, 0, 0)
    drive(sender, 1, HALF_HOUR, always(failure(404)))
    assert sender.subscriptions[COHORT].succeeded
