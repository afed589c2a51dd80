"""When a delivery that failed is tried again. ("We retry syncs 5 times over 60 secs with exponential backoff")"""

from __future__ import annotations

import itertools

import pytest

from cohortprop.sender import Dialect, Sleep, retry_offsets
from tests.cover.sender.driving import COHORT, DOWN, HALF_HOUR, always, drive, in_turn, next_send, said, sender_of

FIVE_MORE = [0, 60 / 31, 180 / 31, 420 / 31, 900 / 31, 60]
FIVE_IN_ALL = [0, 4, 12, 28, 60]


def test_five_tries_after_the_first() -> None:
    sent = drive(sender_of("a"), 0, HALF_HOUR - 1, always(DOWN))
    assert [each.at for each in sent] == FIVE_MORE
    assert [each.send.attempt for each in sent] == [1, 2, 3, 4, 5, 6]


def test_five_tries_in_all() -> None:
    sent = drive(sender_of("a", Dialect(retries="five_in_all")), 0, HALF_HOUR - 1, always(DOWN))
    assert [each.at for each in sent] == FIVE_IN_ALL
    assert [each.send.attempt for each in sent] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("reading", "first_wait"), [("five_more", 60 / 31), ("five_in_all", 60 / 15)])
def test_the_waits_double(reading: str, first_wait: float) -> None:
    offsets = retry_offsets(Dialect.pin({"retries": reading}))
    waits = [after - before for before, after in itertools.pairwise((0, *offsets))]
    assert waits == pytest.approx([first_wait * 2**number for number in range(len(offsets))])
    assert offsets[-1] == 60


def test_the_sender_sleeps_until_the_next_try() -> None:
    sender = sender_of("a")
    drive(sender, 0, 0, always(DOWN))
    assert sender.poll(0) == Sleep(60 / 31)
    assert sender.poll(1.9) == Sleep(60 / 31)
    drive(sender, 60 / 31, 60 / 31, always(DOWN))
    assert sender.poll(2) == Sleep(180 / 31)


def test_after_the_last_try_the_next_half_hour() -> None:
    sender = sender_of("a")
    drive(sender, 0, 60, always(DOWN))
    assert sender.poll(60) == Sleep(HALF_HOUR)
    assert sender.subscriptions[COHORT].failed


@pytest.mark.parametrize("tries", [1, 2, 3, 4, 5])
def test_any_of_the_tries_may_succeed(tries: int) -> None:
    sender = sender_of("a")
    sent = drive(sender, 0, HALF_HOUR - 1, in_turn(*[DOWN] * tries))
    assert [each.at for each in sent] == FIVE_MORE[: tries + 1]
    assert not sender.subscriptions[COHORT].failed
    assert sender.poll(61) == Sleep(HALF_HOUR)


def test_each_page_has_its_own_five_from_its_own_first_try() -> None:
    sent = drive(sender_of("ab", page_size=1), 0, HALF_HOUR - 1, in_turn(DOWN, DOWN, None, *[DOWN] * 9))
    second_page = 180 / 31
    assert [each.at for each in sent] == pytest.approx(
        [0, 60 / 31, second_page, second_page, *(second_page + offset for offset in FIVE_MORE[1:])]
    )
    assert said(sent)[3:] == ["members(b) page 2 of 2"] * 6
    assert [each.send.attempt for each in sent] == [1, 2, 3, 1, 2, 3, 4, 5, 6]


def test_the_instants_count_from_the_first_try_even_if_an_answer_takes_its_time() -> None:
    sender = sender_of("a")
    send = next_send(sender, 0)
    for expected in FIVE_MORE[1:4]:
        sender.answer(send, DOWN, 30)
        assert sender.subscriptions[COHORT].due_at == expected
        send = next_send(sender, 30)


def test_each_sync_has_its_tries_anew() -> None:
    sent = drive(sender_of("a"), 0, 2 * HALF_HOUR - 1, always(DOWN))
    assert [each.at for each in sent] == FIVE_MORE + [HALF_HOUR + offset for offset in FIVE_MORE]
