"""Choosing readings by name, and what is said to who gets a name wrong."""

from __future__ import annotations

import pytest

from cohortprop.errors import UsageError
from cohortprop.sender import QUESTIONS, Dialect, check_reading, split_pin


def test_without_pins_every_question_has_its_first_reading() -> None:
    assert Dialect.parse([]) == Dialect()
    assert Dialect().departures == {}


def test_the_defaults() -> None:
    assert {question: getattr(Dialect(), question) for question in QUESTIONS} == {
        "full_sync": "members",
        "empty_diff": "sent",
        "optional_fields": "all",
        "after_failure": "diff",
        "restarted_sync": "new_session",
        "page_numbers": "each_half",
        "halves": "adds_first",
        "failure_in_2xx": "code_decides",
        "odd_answer": "success",
        "other_4xx": "fail",
        "redirect": "fail",
        "no_answer": "transient",
        "retries": "five_more",
        "three_days": "valid",
        "resume": "at_once",
        "deliveries_at_once": "in_turn",
    }


def test_the_questions_that_a_real_receiver_must_live_with_either_way() -> None:
    assert [name for name, question in QUESTIONS.items() if question.open] == [
        "full_sync",
        "empty_diff",
        "optional_fields",
    ]


def test_pins_replace_single_readings() -> None:
    dialect = Dialect.parse(["full_sync=add_members", "three_days=expired"])
    assert dialect == Dialect(full_sync="add_members", three_days="expired")
    assert dialect.departures == {"full_sync": "add_members", "three_days": "expired"}
    assert Dialect.pin(dialect.departures) == dialect


def test_pinning_the_default_departs_from_nothing() -> None:
    assert Dialect.pin({"resume": "at_once"}).departures == {}


def test_a_pin_in_its_two_parts() -> None:
    assert split_pin("halves=removes_first") == ("halves", "removes_first")


@pytest.mark.parametrize("pin", ["full_sync", "", "full_sync:members"])
def test_a_pin_without_a_reading(pin: str) -> None:
    message = f"{pin!r} is not a reading: write question=reading, as in full_sync=add_members"
    with pytest.raises(UsageError) as caught:
        Dialect.parse([pin])
    assert str(caught.value) == message


def test_a_question_that_does_not_exist() -> None:
    expected = f"no question is called 'fullsync'; there are {', '.join(QUESTIONS)}"
    with pytest.raises(UsageError) as caught:
        Dialect.parse(["fullsync=members"])
    assert str(caught.value) == expected
    with pytest.raises(UsageError) as caught:
        Dialect.pin({"fullsync": "members"})
    assert str(caught.value) == expected


def test_a_reading_that_does_not_exist() -> None:
    expected = "full_sync='replace': choose one of members, add_members"
    with pytest.raises(UsageError) as caught:
        split_pin("full_sync=replace")
    assert str(caught.value) == expected
    with pytest.raises(UsageError) as caught:
        check_reading("full_sync", "replace")
    assert str(caught.value) == expected


def test_all_that_follows_the_first_equals_sign_is_the_reading() -> None:
    with pytest.raises(UsageError, match=r"^full_sync='members=x': choose one of members, add_members$"):
        split_pin("full_sync=members=x")


def test_a_dialect_is_a_value() -> None:
    assert hash(Dialect.parse(["retries=five_in_all"])) == hash(Dialect(retries="five_in_all"))
    assert Dialect() != Dialect(retries="five_in_all")
