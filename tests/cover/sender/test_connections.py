"""Syncs of one connection run one after another; several connections run side by side (seen)."""

from __future__ import annotations

import pytest

from cohortprop.errors import UsageError
from cohortprop.sender import Cohort, Dialect, Idle, Send, Sender, Sleep, Source
from tests.cover.sender.driving import DOWN, HALF_HOUR, Answer, accept, drive, failure, in_turn, said, stories


def several(cohorts: dict[str, str], *, page_size: int = 1, **readings: str) -> Sender:
    """A sender with these cohorts, each with two members, on these connections."""
    source = Source()
    sender = Sender(source, Dialect.pin(readings), page_size=page_size)
    for cohort, connection in cohorts.items():
        source.add_cohort(Cohort(cohort, f"Cohort {cohort}"))
        source.join(cohort, [f"a{cohort}", f"b{cohort}"])
        sender.create_sync(cohort, 0, connection=connection)
    return sender


def order(sender: Sender, start: float = 0, until: float = 0, answer: Answer = accept) -> list[str]:
    return [" ".join(each.delivery.ids) for each in drive(sender, start, until, answer)]


def test_one_connection_one_sync_at_a_time() -> None:
    sender = several({"1": "x", "2": "x", "3": "x"})
    assert order(sender) == ["a1", "b1", "a2", "b2", "a3", "b3"]


def test_connections_take_turns_page_by_page() -> None:
    sender = several({"1": "x", "2": "y"})
    sent = drive(sender, 0, 0)
    assert [each.delivery.ids[0] for each in sent] == ["a1", "a2", "b1", "b2"]
    assert [each.send.connection for each in sent] == ["x", "y", "x", "y"]


def test_also_where_one_of_them_goes_on_with_its_next_cohort() -> None:
    sender = several({"1": "x", "2": "x", "3": "y", "4": "z"})
    assert order(sender) == ["a1", "a3", "a4", "b1", "b3", "b4", "a2", "b2"]
    sender = several({"1": "x", "2": "x", "3": "y"}, page_size=2)
    assert order(sender) == ["a1 b1", "a3 b3", "a2 b2"]


def test_a_connection_that_backs_off_holds_up_its_own_cohorts_only() -> None:
    sender = several({"1": "x", "2": "x", "3": "y"}, page_size=2)
    failed = []

    def answer(send, now):  # type: ignore[no-untyped-def]
        if send.delivery.cohort_id == "1" and now < 60:
            failed.append(now)
            return DOWN
        return accept(send, now)

    sent = drive(sender, 0, 60, answer)
    assert stories(sent)[:2] == [(0.0, "members(a1, b1)"), (0.0, "members(a3, b3)")]
    assert stories(sent)[-2:] == [(60.0, "members(a1, b1)"), (60.0, "members(a2, b2)")]
    assert len(failed) == 5


def test_a_turn_is_over_only_when_a_page_was_taken() -> None:
    source = Source()
    sender = Sender(source)
    for cohort, created_at in {"1": 0.0, "2": 60 / 31}.items():
        source.add_cohort(Cohort(cohort, "VIPs"))
        source.join(cohort, [f"a{cohort}"])
        sender.create_sync(cohort, created_at, connection=cohort)
    assert order(sender, 0, 0, in_turn(DOWN)) == ["a1"]
    assert order(sender, 60 / 31, 60 / 31) == ["a1", "a2"]


def test_who_was_due_first_goes_first_when_the_connection_is_free_again() -> None:
    source = Source()
    sender = Sender(source, Dialect(empty_diff="silent"))
    for cohort, created_at in {"1": 0.0, "2": 20.0, "3": 10.0}.items():
        source.add_cohort(Cohort(cohort, "VIPs"))
        source.join(cohort, [f"a{cohort}"])
        sender.create_sync(cohort, created_at)
    sent = drive(sender, 0, 60, lambda send, now: DOWN if now < 60 else accept(send, now))
    assert [each.delivery.ids[0] for each in sent] == ["a1"] * 6 + ["a3", "a2"]


def test_the_next_moment_is_the_earliest_of_any_connection() -> None:
    source = Source()
    sender = Sender(source)
    for cohort, created_at in {"1": 100.0, "2": 50.0, "3": 70.0}.items():
        source.add_cohort(Cohort(cohort, "VIPs"))
        sender.create_sync(cohort, created_at, connection=cohort)
    assert sender.poll(0) == Sleep(50)
    drive(sender, 50, 50)
    assert sender.poll(50) == Sleep(70)
    drive(sender, 70, 70)
    assert sender.poll(70) == Sleep(100)
    drive(sender, 100, 100)
    assert sender.poll(100) == Sleep(50 + HALF_HOUR)


def test_a_connection_that_is_idle_does_not_hide_another_one() -> None:
    sender = several({"1": "x", "2": "y"}, page_size=2)
    drive(sender, 0, 0, lambda send, now: failure(404) if send.connection == "x" else accept(send, now))
    assert sender.poll(0) == Sleep(HALF_HOUR)


def test_silence_on_one_connection_lets_the_next_one_speak() -> None:
    sender = several({"1": "x", "2": "y"}, page_size=2, empty_diff="silent")
    order(sender)
    sender.source.join("2", ["c2"])
    assert said(drive(sender, 1, HALF_HOUR)) == ["add_members(c2)"]
    assert sender.poll(HALF_HOUR) == Sleep(2 * HALF_HOUR)


def test_without_syncs_there_is_nothing_to_do() -> None:
    assert Sender(Source()).poll(0) == Idle()


def test_a_sync_that_is_created_later_is_due_then() -> None:
    source = Source()
    source.add_cohort(Cohort("1", "VIPs"))
    sender = Sender(source)
    sender.create_sync("1", 250)
    assert sender.poll(0) == Sleep(250)
    assert [at for at, _ in stories(drive(sender, 0, 250 + HALF_HOUR))] == [250, 250 + HALF_HOUR, 250 + HALF_HOUR]
    assert [sender.subscriptions["1"].created_by, sender.subscriptions["1"].connection] == ["owner", "webhook"]


def test_a_cohort_is_synced_once() -> None:
    sender = several({"1": "x"})
    with pytest.raises(UsageError, match=r"^cohort '1' is synced already$"):
        sender.create_sync("1", 0, connection="y")


def test_a_cohort_must_exist() -> None:
    with pytest.raises(UsageError, match=r"^no cohort '2'; there are 1$"):
        several({"1": "x"}).create_sync("2", 0)


def test_the_members_of_two_cohorts_are_kept_apart() -> None:
    sender = several({"1": "x", "2": "x"}, page_size=10)
    order(sender)
    sender.source.leave("1", ["a1"])
    sender.source.join("2", ["a1"])
    assert said(drive(sender, 1, HALF_HOUR)) == [
        "add_members()",
        "remove_members(a1)",
        "add_members(a1)",
        "remove_members()",
    ]


def test_what_another_connection_sends_at_the_same_moment() -> None:
    sender = several({"1": "x", "2": "y", "3": "z"})
    first = sender.poll(0)
    assert isinstance(first, Send)
    assert first.connection == "x"
    beside = sender.poll_beside(first, 0)
    assert beside is not None
    assert (beside.connection, beside.delivery.ids) == ("y", ("a2",))
    again = sender.poll_beside(beside, 0)
    assert again is not None
    assert again.connection == "x", "the first one is still to be answered, and is told once more"
    assert again.delivery is first.delivery


def test_nothing_is_sent_beside_where_no_other_connection_has_anything_to_say() -> None:
    alone = several({"1": "x", "2": "x"})
    send = alone.poll(0)
    assert isinstance(send, Send)
    assert alone.poll_beside(send, 0) is None
    later = several({"1": "x", "2": "y"})
    drive(later, 0, 0)
    send = later.poll(HALF_HOUR)
    assert isinstance(send, Send)
    assert later.poll_beside(send._replace(connection="y"), HALF_HOUR - 1) is None, "the others sleep at that moment"
