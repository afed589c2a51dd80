"""The document's own example, to the letter. ("Example Webhook Sync Scenario")"""

from __future__ import annotations

from cohortprop.sender import Cohort, Dialect, Sender, Sleep, Source
from cohortprop.sender.subscription import State
from tests.cover.sender.driving import COHORT, HALF_HOUR, drive, stories

MINUTE = 60.0


def play(dialect: Dialect) -> tuple[Sender, list[tuple[float, str]]]:
    """A to F, from T to T+1h; T is midnight here."""
    source = Source()
    source.add_cohort(Cohort(COHORT, "VIPs"))
    source.join(COHORT, "ABCD")
    sender = Sender(source, dialect)
    sender.create_sync(COHORT, 0)
    sent = drive(sender, 0, 10 * MINUTE)
    source.leave(COHORT, "BD")
    sent += drive(sender, 10 * MINUTE, 20 * MINUTE)
    source.join(COHORT, "EF")
    sent += drive(sender, 20 * MINUTE, 60 * MINUTE)
    return sender, stories(sent)


def test_to_the_letter() -> None:
    _, sent = play(Dialect(full_sync="add_members"))
    assert sent == [
        (0.0, "add_members(A, B, C, D)"),
        (0.0, "remove_members()"),
        (30 * MINUTE, "add_members(E, F)"),
        (30 * MINUTE, "remove_members(B, D)"),
        (60 * MINUTE, "add_members()"),
        (60 * MINUTE, "remove_members()"),
    ]


def test_as_the_text_has_it() -> None:
    _, sent = play(Dialect())
    assert sent == [
        (0.0, "members(A, B, C, D)"),
        (30 * MINUTE, "add_members(E, F)"),
        (30 * MINUTE, "remove_members(B, D)"),
        (60 * MINUTE, "add_members()"),
        (60 * MINUTE, "remove_members()"),
    ]


def test_three_syncs_have_three_sessions_and_the_next_is_due_half_an_hour_later() -> None:
    sender, _ = play(Dialect())
    sessions = [entry.session_id for entry in sender.log if entry.outcome == "started"]
    assert len(set(sessions)) == 3
    assert sender.poll(60 * MINUTE) == Sleep(60 * MINUTE + HALF_HOUR)
    assert sender.subscriptions[COHORT].state is State.WAITING


def test_the_halves_of_a_diff_share_a_session() -> None:
    source = Source()
    source.add_cohort(Cohort(COHORT, "VIPs"))
    sender = Sender(source, Dialect(full_sync="add_members"))
    sender.create_sync(COHORT, 0)
    adds, removes = drive(sender, 0, 0)
    assert adds.delivery.session_id == removes.delivery.session_id
    assert (adds.send.connection, adds.send.attempt) == ("webhook", 1)
