"""The log that Mixpanel's interface shows, with the receiver's own words. ("We record failed syncs in our UI")"""

from __future__ import annotations

from cohortprop.sender import LogEntry
from tests.cover.sender.driving import (
    COHORT,
    DOWN,
    HALF_HOUR,
    REFUSED,
    always,
    churned,
    drive,
    failure,
    in_turn,
    sender_of,
    synced,
)


def test_a_sync_that_came_through() -> None:
    sender = sender_of("abc", page_size=2)
    session = drive(sender, 0, HALF_HOUR - 1, in_turn(DOWN))[0].delivery.session_id
    assert sender.log == [
        LogEntry(0, COHORT, session, "full", "started", "", 2, 0),
        LogEntry(60 / 31, COHORT, session, "full", "succeeded", "", 0, 0),
    ]


def test_a_sync_that_failed_has_the_receivers_last_message() -> None:
    sender = churned()
    answers = in_turn(*[DOWN] * 5, failure(503, "disk full"))
    sent = drive(sender, 1, 2 * HALF_HOUR - 1, answers)
    assert sender.log[2:] == [
        LogEntry(HALF_HOUR, COHORT, sent[0].delivery.session_id, "diff", "started", deliveries=2),
        LogEntry(HALF_HOUR + 60, COHORT, sent[0].delivery.session_id, "diff", "failed", "disk full"),
    ]


def test_a_sync_without_an_answer_says_why_there_was_none() -> None:
    sender = sender_of("a")
    drive(sender, 0, 60, always(REFUSED))
    assert sender.log[-1].message == "connection refused"


def test_a_sync_that_paused() -> None:
    sender = churned()
    (sent,) = drive(sender, 1, HALF_HOUR, always(failure(400, "empty list")))
    assert sender.log[-1] == LogEntry(HALF_HOUR, COHORT, sent.delivery.session_id, "diff", "paused", "empty list")


def test_an_attempt_that_is_tried_again_is_no_entry() -> None:
    sender = sender_of("a")
    drive(sender, 0, 59, always(DOWN))
    assert [entry.outcome for entry in sender.log] == ["started"]


def test_silence_is_no_entry() -> None:
    sender = synced(empty_diff="silent")
    before = list(sender.log)
    drive(sender, 1, 10 * HALF_HOUR)
    assert sender.log == before


def test_an_empty_diff_that_is_sent_is_one() -> None:
    sender = synced()
    drive(sender, 1, HALF_HOUR)
    assert [(entry.outcome, entry.kind, entry.deliveries) for entry in sender.log[2:]] == [
        ("started", "diff", 2),
        ("succeeded", "diff", 0),
    ]
