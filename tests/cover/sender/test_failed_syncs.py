"""A sync that failed leaves the old snapshot, and the next one starts from the top. ("Failed Syncs", "FAQ")"""

from __future__ import annotations

import pytest

from cohortprop.sender import Sleep
from tests.cover.sender.driving import (
    COHORT,
    DOWN,
    HALF_HOUR,
    REFUSED,
    always,
    drive,
    failure,
    in_turn,
    said,
    sender_of,
)


def test_a_failure_in_mid_sync_sends_again_who_was_already_sent() -> None:
    sender = sender_of("abcd", page_size=2)
    first = drive(sender, 0, HALF_HOUR - 1, in_turn(None, *[DOWN] * 6))
    assert said(first) == ["members(a, b) page 1 of 2"] + ["members(c, d) page 2 of 2"] * 6
    again = drive(sender, HALF_HOUR, HALF_HOUR)
    assert said(again) == ["members(a, b) page 1 of 2", "members(c, d) page 2 of 2"]
    assert again[0].delivery.session_id != first[0].delivery.session_id


def test_a_failure_between_the_halves_of_a_diff() -> None:
    sender = sender_of("ab")
    drive(sender, 0, 0)
    sender.source.leave(COHORT, "a")
    sender.source.join(COHORT, "c")
    assert said(drive(sender, 1, HALF_HOUR, in_turn(None, failure(422)))) == ["add_members(c)", "remove_members(a)"]
    assert said(drive(sender, HALF_HOUR, 2 * HALF_HOUR)) == ["add_members(c)", "remove_members(a)"]


def test_the_old_snapshot_stays_in_place() -> None:
    sender = sender_of("a")
    drive(sender, 0, 0)
    before = sender.subscriptions[COHORT].snapshot
    sender.source.join(COHORT, "b")
    drive(sender, 1, HALF_HOUR + 60, always(REFUSED))
    assert sender.subscriptions[COHORT].snapshot is before
    sender.source.leave(COHORT, "b")
    sender.source.join(COHORT, "c")
    assert said(drive(sender, HALF_HOUR + 61, 2 * HALF_HOUR)) == ["add_members(c)", "remove_members()"]


def test_who_came_and_went_between_two_good_syncs_is_never_spoken_of_again() -> None:
    """Why the protocol does not converge: b may have been applied, and nobody will take it back."""
    sender = sender_of("a")
    drive(sender, 0, 0)
    sender.source.join(COHORT, "b")
    assert said(drive(sender, 1, HALF_HOUR, in_turn(failure(422)))) == ["add_members(b)"]
    sender.source.leave(COHORT, "b")
    assert said(drive(sender, HALF_HOUR, 2 * HALF_HOUR)) == ["add_members()", "remove_members()"]


def test_the_next_try_is_on_the_next_half_hour() -> None:
    sender = sender_of("a")
    drive(sender, 0, 0, always(failure(422)))
    assert sender.poll(0) == Sleep(HALF_HOUR)
    assert sender.poll(1) == Sleep(HALF_HOUR)


def test_a_half_hour_that_was_missed_is_not_made_up_for() -> None:
    sender = sender_of("a")
    drive(sender, 0, 0)
    assert len(drive(sender, 5 * HALF_HOUR + 10, 5 * HALF_HOUR + 10)) == 2
    assert sender.poll(5 * HALF_HOUR + 10) == Sleep(6 * HALF_HOUR)


@pytest.mark.parametrize("created_at", [60 / 31 + 1800, 180 / 31 + 1800, 859946.5287952899, 0.1])
def test_each_half_hour_comes_once_whatever_floats_make_of_it(created_at: float) -> None:
    """A tick that lies a hair before its half hour must not be due again at the same moment."""
    sender = sender_of("a")
    sender.subscriptions[COHORT].created_at = sender.subscriptions[COHORT].due_at = created_at
    sent = drive(sender, created_at, created_at + 2000 * HALF_HOUR + 1)
    assert len(sent) == 1 + 2 * 2000
    assert sent[-1].at == pytest.approx(created_at + 2000 * HALF_HOUR)


def test_a_tick_counts_from_the_creation() -> None:
    subscription = sender_of("a").subscriptions[COHORT]
    subscription.created_at = 100.0
    assert subscription.next_tick(100) == 100 + HALF_HOUR
    assert subscription.next_tick(100 + HALF_HOUR - 0.001) == 100 + HALF_HOUR
    assert subscription.next_tick(100 + HALF_HOUR) == 100 + 2 * HALF_HOUR
    assert subscription.next_tick(100 + 2.5 * HALF_HOUR) == 100 + 3 * HALF_HOUR
