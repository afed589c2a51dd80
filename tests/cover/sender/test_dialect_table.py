"""No question and no reading of the dialect goes without its test."""

from __future__ import annotations

import typing
from dataclasses import fields

import pytest

from cohortprop.sender import QUESTIONS, Dialect
from tests.cover.sender import test_dialect_what_answers_mean, test_dialect_what_is_sent

NOT_THE_SENDERS = {"deliveries_at_once"}
"""How deliveries arrive is for the world to say; see `simulation/test_abreast.py`."""


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name not in NOT_THE_SENDERS])
def test_each_question_has_a_class_of_tests(question: str) -> None:
    name = "Test" + question.title().replace("_", "").replace("2Xx", "2xx").replace("4Xx", "4xx")
    assert hasattr(test_dialect_what_is_sent, name) or hasattr(test_dialect_what_answers_mean, name)


def test_each_question_is_a_field_of_the_dialect() -> None:
    assert [field.name for field in fields(Dialect)] == list(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_dialect_takes_the_readings_that_the_table_has(question: str) -> None:
    literal = typing.get_type_hints(Dialect)[question]
    assert list(typing.get_args(literal)) == list(QUESTIONS[question].readings)
    assert getattr(Dialect(), question) == next(iter(QUESTIONS[question].readings))
