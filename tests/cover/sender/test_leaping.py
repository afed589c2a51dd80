"""Stepping over an outage, or over silence, by arithmetic instead of attempt by attempt."""

from __future__ import annotations

from typing import Any

import pytest

from cohortprop.errors import ToolkitError
from cohortprop.sender import Cohort, Dialect, LogEntry, Sender, Sleep, Source
from tests.cover.sender.driving import (
    CHURN,
    COHORT,
    DAY,
    DOWN,
    HALF_HOUR,
    always,
    churned,
    drive,
    failure,
    in_turn,
    said,
    sender_of,
    stories,
    synced,
)


def leap(sender: Sender, now: float, half_hours: int) -> float:
    """Leap so many half hours; returns the moment after it."""
    sender.leap(half_hours * HALF_HOUR, now, half_hours)
    return now + half_hours * HALF_HOUR


class TestPhase:
    """Equal phases, half an hour apart, are what allows a leap."""

    def test_is_relative_to_the_moment(self) -> None:
        sender = sender_of("a")
        drive(sender, 0, 60, always(DOWN))
        first = sender.phase(100)
        drive(sender, 101, HALF_HOUR + 60, always(DOWN))
        assert sender.phase(HALF_HOUR + 100) == first
        assert sender.phase(HALF_HOUR + 101) != first

    def test_in_silence_too(self) -> None:
        sender = synced(empty_diff="silent")
        first = sender.phase(1)
        assert drive(sender, 1, HALF_HOUR) == []
        assert sender.phase(HALF_HOUR + 1) == first

    def test_has_a_place_for_each_cohort(self) -> None:
        sender = sender_of("a")
        one = sender.phase(0)
        sender.source.add_cohort(Cohort("8", "Others"))
        sender.create_sync("8", 0)
        assert len(sender.phase(0)) == 2  # type: ignore[arg-type]
        assert sender.phase(0) != one

    def test_of_what_stands_still_is_the_same_at_any_moment(self) -> None:
        sender = sender_of("a")
        drive(sender, 0, 0, always(failure(404)))
        assert sender.phase(10) == sender.phase(10 + HALF_HOUR) == sender.phase(12345)

    def test_does_not_mind_the_noise_of_floats(self) -> None:
        sender = sender_of("a")
        drive(sender, 0, 0)
        assert sender.phase(0.1 + 0.2) == sender.phase(0.3)
        assert sender.phase(10) == sender.phase(10 + 4e-7)
        assert sender.phase(10) != sender.phase(10 + 2e-6)

    @pytest.mark.parametrize(
        "change",
        [
            lambda sender: drive(sender, 0, 0, always(DOWN)),
            lambda sender: drive(sender, 0, 0, in_turn(None, DOWN)),
            lambda sender: drive(sender, 0, 0, always(failure(422))),
            lambda sender: drive(sender, 0, 0, always(failure(404))),
            lambda sender: drive(sender, 0, 0),
        ],
        ids=["backing off", "second page", "failed", "paused", "succeeded"],
    )
    def test_tells_situations_apart(self, change) -> None:  # type: ignore[no-untyped-def]
        fresh, other = sender_of("ab", page_size=1), sender_of("ab", page_size=1)
        change(other)
        assert fresh.phase(0) != other.phase(0)

    def test_tells_apart_how_often_it_was_tried(self) -> None:
        once, twice = sender_of("a"), sender_of("a")
        drive(once, 0, 0, always(DOWN))
        drive(twice, 0, 2, always(DOWN))
        once.subscriptions[COHORT].due_at = twice.subscriptions[COHORT].due_at
        assert once.phase(2) != twice.phase(2)

    def test_tells_a_failure_from_a_success(self) -> None:
        good, bad = sender_of("a"), sender_of("a")
        drive(good, 0, 0)
        drive(bad, 0, 0, always(failure(422)))
        bad.subscriptions[COHORT].tries = good.subscriptions[COHORT].tries
        assert good.phase(0) != bad.phase(0)


class TestInAnOutage:
    def failing(self, **readings: Any) -> tuple[Sender, float]:
        """Churn that has failed to come through twice."""
        sender = churned(**readings)
        drive(sender, 1, 2 * HALF_HOUR + 60, always(DOWN))
        return sender, 2 * HALF_HOUR + 61

    def test_the_half_hours_go_on(self) -> None:
        sender, now = self.failing()
        now = leap(sender, now, 10)
        assert sender.poll(now) == Sleep(13 * HALF_HOUR)
        assert stories(drive(sender, now, 13 * HALF_HOUR)) == [(13 * HALF_HOUR, said_) for said_ in CHURN]

    def test_the_snapshot_ages(self) -> None:
        sender, now = self.failing()
        leap(sender, now, 10)
        snapshot = sender.subscriptions[COHORT].snapshot
        assert snapshot is not None
        assert snapshot.taken_at == 0

    @pytest.mark.parametrize(
        ("half_hours", "expected"), [(141, CHURN), (142, ["members(b, c)"]), (9999, ["members(b, c)"])]
    )
    def test_and_expires(self, half_hours: int, expected: list[str]) -> None:
        """The first sync after the leap is due three days, or half an hour more, after the snapshot."""
        sender, now = self.failing()
        now = leap(sender, now, half_hours)
        assert said(drive(sender, now, now + HALF_HOUR)) == expected

    def test_the_log_has_the_last_failure_once_more_and_how_often(self) -> None:
        sender, now = self.failing()
        drive(sender, now, 3 * HALF_HOUR + 60, always(failure(503, "disk full")))
        before = list(sender.log)
        leap(sender, 3 * HALF_HOUR + 61, 7)
        entry = LogEntry(10 * HALF_HOUR + 61, COHORT, before[-1].session_id, "diff", "failed", "disk full", repeats=7)
        assert sender.log == [*before, entry]

    def test_each_cohort_that_fails_has_its_entry(self) -> None:
        source = Source()
        sender = Sender(source, Dialect(empty_diff="silent"))
        for cohort, created_at in {"1": 300.0, "2": 100.0, "3": 200.0, "4": 400.0}.items():
            source.add_cohort(Cohort(cohort, "VIPs"))
            source.join(cohort, "a")
            sender.create_sync(cohort, created_at, connection=cohort)
        drive(sender, 0, HALF_HOUR)
        for cohort in "123":
            source.join(cohort, "b")
        drive(sender, HALF_HOUR, 3 * HALF_HOUR, lambda send, now: failure(404 if send.connection == "3" else 422))
        before = len(sender.log)
        leap(sender, 3 * HALF_HOUR, 5)
        assert [(entry.cohort_id, entry.outcome, entry.repeats) for entry in sender.log[before:]] == [
            ("2", "failed", 5),
            ("1", "failed", 5),
        ]

    def test_what_is_resumed_has_not_failed_again(self) -> None:
        sender = churned(resume="next_tick")
        drive(sender, 1, HALF_HOUR, always(failure(404)))
        sender.resume(COHORT, HALF_HOUR + 1)
        before = list(sender.log)
        leap(sender, HALF_HOUR + 1, 5)
        assert sender.log == before

    def test_what_is_paused_stays_so_and_its_snapshot_ages(self) -> None:
        sender = churned()
        drive(sender, 1, HALF_HOUR, always(failure(404)))
        before = (sender.phase(HALF_HOUR), list(sender.log))
        now = leap(sender, HALF_HOUR, 200)
        assert (sender.phase(now), sender.log) == before
        sender.resume(COHORT, now)
        assert said(drive(sender, now, now)) == ["members(b, c)"]

    def test_a_sync_that_is_sent_again_to_the_letter_is_still_the_same_one(self) -> None:
        sender, now = self.failing(restarted_sync="same_deliveries")
        session = sender.log[-1].session_id
        sender.source.join(COHORT, "d")
        now = leap(sender, now, 10)
        sent = drive(sender, now, now + HALF_HOUR)
        assert said(sent) == CHURN
        assert sent[0].delivery.session_id == session

    def test_also_if_it_is_the_very_first_one(self) -> None:
        sender = sender_of("a", Dialect(restarted_sync="same_deliveries"))
        drive(sender, 0, HALF_HOUR + 60, always(DOWN))
        session = sender.log[-1].session_id
        now = leap(sender, HALF_HOUR + 61, 200)
        sender.source.join(COHORT, "b")
        (sent,) = drive(sender, now, now + HALF_HOUR)
        assert (str(sent.delivery), sent.delivery.session_id) == ("members(a)", session)

    def test_where_it_is_planned_anew_it_is_so_after_an_expiry_too(self) -> None:
        sender, now = self.failing()
        now = leap(sender, now, 143)
        sender.source.join(COHORT, "d")
        assert said(drive(sender, now, now + HALF_HOUR)) == ["members(b, c, d)"]

    def test_but_when_the_snapshot_expires_it_is_the_full_sync_of_that_moment(self) -> None:
        sender, now = self.failing(restarted_sync="same_deliveries")
        session = sender.log[-1].session_id
        now = leap(sender, now, 143)
        sender.source.join(COHORT, "d")
        sent = drive(sender, now, now + HALF_HOUR)
        assert said(sent) == ["members(b, c)"]
        assert sent[0].delivery.session_id != session

    def test_a_full_sync_with_nothing_to_say_succeeds(self) -> None:
        """Everybody has left; as a diff that failed, as a full sync by `add_members` it is silent."""
        sender = synced("a", full_sync="add_members", empty_diff="silent", restarted_sync="same_deliveries")
        sender.source.leave(COHORT, "a")
        now = 2 * HALF_HOUR + 61
        drive(sender, 1, now, always(DOWN))
        before = len(sender.log)
        now = leap(sender, now, 200)
        subscription = sender.subscriptions[COHORT]
        assert subscription.snapshot is not None
        assert (subscription.failed, subscription.state.value, subscription.tries) == (False, "waiting", 0)
        assert (list(subscription.snapshot.members), subscription.snapshot.taken_at) == ([], 202 * HALF_HOUR)
        assert subscription.due_at == 203 * HALF_HOUR
        assert len(sender.log) == before
        sender.source.join(COHORT, "z")
        assert said(drive(sender, now, 203 * HALF_HOUR)) == ["add_members(z)"]

    def test_a_refresh_after_a_failure_stays_a_refresh(self) -> None:
        sender, now = self.failing(after_failure="members", restarted_sync="same_deliveries")
        session = sender.log[-1].session_id
        now = leap(sender, now, 200)
        sent = drive(sender, now, now + HALF_HOUR)
        assert said(sent) == ["members(b, c)"]
        assert sent[0].delivery.session_id == session


class TestInSilence:
    def test_the_snapshot_is_renewed(self) -> None:
        sender = synced(empty_diff="silent")
        drive(sender, 1, 2 * HALF_HOUR)
        now = leap(sender, 2 * HALF_HOUR + 1, 1000)
        snapshot = sender.subscriptions[COHORT].snapshot
        assert snapshot is not None
        assert snapshot.taken_at == 1002 * HALF_HOUR
        sender.source.join(COHORT, "c")
        assert stories(drive(sender, now, now + HALF_HOUR)) == [(1003 * HALF_HOUR, "add_members(c)")]

    def test_the_log_stays_as_it_is(self) -> None:
        sender = synced(empty_diff="silent")
        before = list(sender.log)
        leap(sender, HALF_HOUR + 1, 1000)
        assert sender.log == before
        empty = Sender(Source())
        leap(empty, 0, 10)
        assert empty.log == []

    def test_a_failure_that_was_overcome_is_not_repeated(self) -> None:
        """u joins, the sync fails, u leaves again: the next one is silent, and nothing fails any more."""
        sender = synced(empty_diff="silent")
        sender.source.join(COHORT, "u")
        drive(sender, 1, HALF_HOUR, always(failure(422)))
        sender.source.leave(COHORT, "u")
        drive(sender, HALF_HOUR + 1, 3 * HALF_HOUR)
        before = list(sender.log)
        assert before[-1].outcome == "failed"
        leap(sender, 3 * HALF_HOUR, 100)
        assert sender.log == before

    def test_nor_one_of_an_export_that_was_given_up(self) -> None:
        sender = sender_of("a", one_time=True)
        drive(sender, 0, 60, always(DOWN))
        before = list(sender.log)
        leap(sender, HALF_HOUR, 100)
        assert sender.log == before

    def test_a_finished_exports_snapshot_is_not_renewed(self) -> None:
        sender = sender_of("a", one_time=True)
        drive(sender, 0, 0)
        leap(sender, HALF_HOUR, 1000)
        snapshot = sender.subscriptions[COHORT].snapshot
        assert snapshot is not None
        assert snapshot.taken_at == 0

    def test_a_sync_that_has_not_begun_yet_only_moves(self) -> None:
        sender = sender_of("a")
        leap(sender, 0, 2)
        assert sender.poll(0) == Sleep(2 * HALF_HOUR)
        assert said(drive(sender, 2 * HALF_HOUR, 2 * HALF_HOUR)) == ["members(a)"]


def test_no_sync_may_be_under_way() -> None:
    sender = sender_of("a")
    drive(sender, 0, 0, always(DOWN))
    with pytest.raises(ToolkitError, match=r"^a leap in the middle of a sync$"):
        leap(sender, 0, 1)


def test_four_days_in_the_dark_and_a_silent_year() -> None:
    sender = churned(empty_diff="silent")
    drive(sender, 1, 2 * HALF_HOUR + 60, always(DOWN))
    now = leap(sender, 2 * HALF_HOUR + 61, 192)
    assert stories(drive(sender, now, now + HALF_HOUR)) == [(195 * HALF_HOUR, "members(b, c)")]
    drive(sender, now, 196 * HALF_HOUR)
    year = 365 * 48
    now = leap(sender, 196 * HALF_HOUR + 1, year)
    sender.source.leave(COHORT, "b")
    assert stories(drive(sender, now, now + HALF_HOUR)) == [((year + 197) * HALF_HOUR, "remove_members(b)")]
    assert now > 369 * DAY
