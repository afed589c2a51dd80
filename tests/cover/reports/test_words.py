from __future__ import annotations

from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortprop.reports import words
from cohortprop.reports.phrases import delivery_in_words, listed, moment, outcome_in_words, plural, shown_id, span
from cohortprop.reports.words import event_in_words, step_in_words
from cohortprop.simulation import Event
from cohortprop.simulation.steps import CREDENTIALS, GARBLINGS, Step
from cohortprop.simulation.steps import STEPS as ALL_STEPS
from cohortprop.simulation.variants import VARIANTS
from cohortprop.wire import Reply, compose, describe
from tests.cover.reports.samples import DELIVERY, EVENTS, STEPS

START = datetime.fromisoformat("2026-01-05T09:00:00+00:00")


@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_a_step_in_words(step: Step) -> None:
    assert step_in_words(step) == STEPS[step]


def test_every_step_is_tried() -> None:
    assert {type(step) for step in STEPS} == set(ALL_STEPS.values())


@pytest.mark.parametrize(("event", "expected"), EVENTS, ids=lambda value: type(value).__name__)
def test_an_event_in_words(event: Event, expected: str) -> None:
    assert event_in_words(event) == expected


def test_every_event_is_tried() -> None:
    assert {type(event) for event, _ in EVENTS} == set(get_args(Event))


def test_every_variant_of_a_refused_delivery_has_words() -> None:
    of_strays = {"what is wrong with it", "all that is new in it", "any credentials"}
    assert set(words._WITHOUT) == {*VARIANTS, *of_strays}


def test_all_credentials_and_everything_that_may_be_wrong_with_a_request_have_words() -> None:
    assert tuple(words._CREDENTIALS) == CREDENTIALS
    assert tuple(words._GARBLINGS) == GARBLINGS


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "day 1, 09:00"),
        (59.6, "day 1, 09:01"),
        (1.9, "day 1, 09:00:02"),
        (15 * 3600.0, "day 2, 00:00"),
        (3 * 86400.0 - 1, "day 4, 08:59:59"),
    ],
)
def test_a_moment(seconds: float, expected: str) -> None:
    assert moment(seconds, START) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1.935, "1.94 s"),
        (60, "1 min"),
        (3600, "1 hour"),
        (5400, "1.5 hours"),
        (3 * 86400, "72 hours"),
        (345600, "4 days"),
    ],
)
def test_a_span(seconds: float, expected: str) -> None:
    assert span(seconds) == expected


@given(st.text(max_size=32), st.text(max_size=32))
def test_two_ids_never_look_alike(one: str, other: str) -> None:
    assert (shown_id(one) == shown_id(other)) == (one == other)


@given(st.text(max_size=200))
def test_an_id_is_shown_on_one_line_without_control_characters(user: str) -> None:
    shown = shown_id(user)
    assert shown.isprintable()
    assert 0 < len(shown) <= 160


def test_a_list_of_nobody() -> None:
    assert listed([]) == "nobody"


def test_a_plural() -> None:
    assert [plural(count, "try", "tries") for count in (0, 1, 2000)] == ["0 tries", "1 try", "2,000 tries"]


def test_a_delivery_names_users_by_the_property_that_they_are_keyed_on() -> None:
    assert delivery_in_words(DELIVERY, "email") == "add_members(ann@example.com, 1 without email) page 2 of 3"


def test_a_large_delivery_is_shortened() -> None:
    members = [describe(f"u{number}") for number in range(1000)]
    large = compose(
        "members",
        members,
        project_id="1",
        cohort_id="7",
        cohort_name="VIPs",
        cohort_description=None,
        session_id="s",
        page=1,
        total_pages=1,
    )
    assert delivery_in_words(large) == "members(u0, u1, u2, u3, u4, u5, … 1000 in all)"


def test_an_empty_delivery() -> None:
    assert delivery_in_words(DELIVERY, "phone_number") == "add_members(2 without phone_number) page 2 of 3"


def test_an_answer_that_says_otherwise_than_its_status() -> None:
    denied = Reply(500, b'{"action": "add_members", "status": "success"}')
    assert outcome_in_words(denied, DELIVERY) == '500 with "status": "success"'
    assert outcome_in_words(denied) == "500"
    assert outcome_in_words(Reply(200, b'{"action": "add_members", "status": "success"}'), DELIVERY) == "200"
