"""A non-transient error pauses a sync, tells everybody, and waits for a person. ("Failed Syncs")"""

from __future__ import annotations

import pytest

from cohortprop.sender import Cohort, Idle, LogEntry, Notification, Sender, Sleep, Source
from cohortprop.sender.subscription import State
from tests.cover.sender.driving import (
    COHORT,
    DAY,
    DOWN,
    HALF_HOUR,
    accept,
    always,
    drive,
    failure,
    said,
    sender_of,
    stories,
)


def paused() -> Sender:
    sender = sender_of("a")
    drive(sender, 0, 0, always(failure(404, "no such cohort")))
    return sender


def test_nothing_is_sent_until_a_person_resumes_it() -> None:
    sender = paused()
    assert sender.subscriptions[COHORT].state is State.PAUSED
    assert sender.poll(0) == Idle()
    assert drive(sender, 0, 30 * DAY) == []
    assert sender.poll(30 * DAY) == Idle()


def test_everybody_who_has_set_up_a_sync_is_notified() -> None:
    source = Source()
    sender = Sender(source)
    for cohort, creator in {"7": "ann", "8": "bob", "9": "ann"}.items():
        source.add_cohort(Cohort(cohort, "VIPs"))
        sender.create_sync(cohort, 0, created_by=creator)
    drive(sender, 0, 0, lambda send, now: failure(401, "who?") if send.delivery.cohort_id == "8" else accept(send, now))
    assert sender.notifications == [Notification(0, "8", ("ann", "bob"), "who?")]


def test_the_owner_is_told_unless_somebody_else_set_it_up() -> None:
    assert paused().notifications == [Notification(0, COHORT, ("owner",), "no such cohort")]


def test_a_failure_that_does_not_pause_tells_nobody() -> None:
    sender = sender_of("a")
    drive(sender, 0, HALF_HOUR - 1, always(DOWN))
    drive(sender, HALF_HOUR, HALF_HOUR, always(failure(422)))
    assert sender.notifications == []


def test_each_pause_is_a_notification_of_its_own() -> None:
    sender = paused()
    sender.resume(COHORT, 10)
    drive(sender, 10, 10, always(failure(400, "still not")))
    assert [(mail.at, mail.message) for mail in sender.notifications] == [(0, "no such cohort"), (10, "still not")]


def test_resuming_syncs_at_once_and_then_on_the_half_hours_as_ever() -> None:
    sender = paused()
    assert sender.resume(COHORT, 4000) is True
    assert stories(drive(sender, 4000, 3 * HALF_HOUR)) == [
        (4000.0, "members(a)"),
        (5400.0, "add_members()"),
        (5400.0, "remove_members()"),
    ]


def test_resuming_what_is_not_paused_does_nothing() -> None:
    sender = sender_of("a")
    assert sender.resume(COHORT, 0) is False
    drive(sender, 0, 0, always(DOWN))
    assert sender.resume(COHORT, 1) is False
    assert sender.poll(1) == Sleep(60 / 31)
    assert [entry.outcome for entry in sender.log] == ["started"]


def test_the_log_has_the_pause_the_resume_and_what_follows() -> None:
    sender = paused()
    sender.resume(COHORT, 10)
    drive(sender, 10, 10)
    first, second = (entry.session_id for entry in sender.log if entry.outcome == "started")
    assert sender.log == [
        LogEntry(0, COHORT, first, "full", "started", deliveries=1),
        LogEntry(0, COHORT, first, "full", "paused", "no such cohort"),
        LogEntry(10, COHORT, "", "diff", "resumed"),
        LogEntry(10, COHORT, second, "full", "started", deliveries=1),
        LogEntry(10, COHORT, second, "full", "succeeded"),
    ]


def test_a_pause_in_mid_sync_starts_from_the_top_when_resumed() -> None:
    sender = sender_of("abc", page_size=1)
    drive(sender, 0, 0, lambda send, now: failure(403) if send.delivery.page == 2 else accept(send, now))
    sender.resume(COHORT, 5)
    assert said(drive(sender, 5, 5)) == [f"members({user}) page {n} of 3" for n, user in enumerate("abc", 1)]


@pytest.mark.parametrize("tries", [1, 5])
def test_a_retry_can_pause_too(tries: int) -> None:
    sender = sender_of("a")
    answers = [*[DOWN] * tries, failure(400, "enough")]
    sent = drive(sender, 0, HALF_HOUR, lambda send, now: answers.pop(0))
    assert len(sent) == tries + 1
    assert [entry.outcome for entry in sender.log] == ["started", "paused"]


def test_a_pause_holds_up_nothing_else_on_the_connection() -> None:
    source = Source()
    sender = Sender(source)
    for cohort in ("7", "8"):
        source.add_cohort(Cohort(cohort, "VIPs"))
        source.join(cohort, [f"u{cohort}"])
        sender.create_sync(cohort, 0)
    sent = drive(
        sender, 0, HALF_HOUR, lambda send, now: failure(404) if send.delivery.cohort_id == "7" else accept(send, now)
    )
    assert said(sent) == ["members(u7)", "members(u8)", "add_members()", "remove_members()"]
    assert sender.poll(HALF_HOUR) == Sleep(2 * HALF_HOUR)
