"""Where the document is silent or contradicts itself: one question each, and the readings that it supports.

A `Dialect` answers every question with one reading. The first reading of a question is its default. Questions marked
`open` have readings that the document supports equally well, and a real receiver must live with each of them; the
others are a matter of a hostile world.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal

from cohortprop.errors import UsageError

__all__ = ["QUESTIONS", "Dialect", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that the document leaves to the reader.

    Args:
        text: the question.
        readings: each reading's name and meaning; the first is the default.
        open: whether both readings must be lived with, so that the realistic profile draws them.
        source: section of the document.
    """

    text: str
    readings: Mapping[str, str]
    source: str
    open: bool = False


QUESTIONS: Final[Mapping[str, Question]] = {
    "full_sync": Question(
        "A full sync is sent as",
        {
            "members": "members, as the text says",
            "add_members": "add_members, as the document's own scenario shows",
        },
        source="Webhook Format; Example Webhook Sync Scenario",
        open=True,
    ),
    "empty_diff": Question(
        "When there is nothing to say",
        {
            "sent": "the calls are made with an empty list, as in the scenario",
            "silent": "no empty call is made",
        },
        source="Example Webhook Sync Scenario",
        open=True,
    ),
    "optional_fields": Question(
        "Optional fields",
        {
            "all": "all are there",
            "populated": "a member carries only the properties that are populated",
            "bare": "page_info and the description are missing on single pages",
            "extra": "there are fields which the document does not name",
        },
        source="Webhook Format; Exported Properties",
        open=True,
    ),
    "after_failure": Question(
        "After a failed sync, the next one is",
        {
            "diff": "a diff against the last good snapshot",
            "members": "a full refresh by members",
        },
        source="Diffing",
    ),
    "restarted_sync": Question(
        "A sync that starts again from the top",
        {
            "new_session": "is planned anew, under a new session id",
            "same_deliveries": "sends the same deliveries again, under the same session id",
        },
        source="FAQ",
    ),
    "page_numbers": Question(
        "The pages of the two halves of a diff are numbered",
        {
            "each_half": "each half on its own",
            "one_run": "in one run over both halves",
        },
        source="Webhook Format",
    ),
    "halves": Question(
        "A diff begins with",
        {
            "adds_first": "add_members",
            "removes_first": "remove_members",
        },
        source="Diffing",
    ),
    "failure_in_2xx": Question(
        "A 2xx whose body says failure",
        {
            "code_decides": "counts as the status in error.code",
            "transient": "is a transient failure",
        },
        source="Expected Response Format; Failed Syncs",
    ),
    "odd_answer": Question(
        "A 2xx that echoes another action, or is no JSON",
        {
            "success": "is a success",
            "failure": "fails the sync",
        },
        source="Expected Response Format",
    ),
    "other_4xx": Question(
        "A 4xx that the document does not name",
        {
            "fail": "fails the sync, without a retry",
            "pause": "pauses the sync",
        },
        source="Failed Syncs",
    ),
    "redirect": Question(
        "A redirect, which is never followed,",
        {
            "fail": "fails the sync, without a retry",
            "transient": "is a transient failure",
        },
        source="Failed Syncs",
    ),
    "no_answer": Question(
        "No answer at all",
        {
            "transient": "is a transient failure",
            "fail": "fails the sync, without a retry",
        },
        source="Failed Syncs",
    ),
    "retries": Question(
        "Retried 5 times over 60 s means",
        {
            "five_more": "five tries after the first",
            "five_in_all": "five tries in all",
        },
        source="Failed Syncs",
    ),
    "three_days": Question(
        "A snapshot that is exactly three days old",
        {
            "valid": "is still valid",
            "expired": "has expired",
        },
        source="Full Sync; Diffing",
    ),
    "resume": Question(
        "A sync that is resumed",
        {
            "at_once": "runs at once",
            "next_tick": "waits for its next half hour",
        },
        source="Failed Syncs",
    ),
    "deliveries_at_once": Question(
        "Deliveries that are due at the same moment, on several connections or as copies of one,",
        {
            "in_turn": "arrive one after the other",
            "together": "arrive at once, and are worked on side by side",
        },
        source="Sync Behavior",
    ),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One reading for each open question. Each field is a question; `QUESTIONS` says what it asks.

    Raises:
        UsageError: from `parse` and `pin`, for a question or reading that does not exist.

    Example:
        >>> Dialect().full_sync
        'members'
        >>> Dialect.parse(["full_sync=add_members"]).full_sync
        'add_members'
    """

    full_sync: Literal["members", "add_members"] = "members"
    empty_diff: Literal["sent", "silent"] = "sent"
    optional_fields: Literal["all", "populated", "bare", "extra"] = "all"
    after_failure: Literal["diff", "members"] = "diff"
    restarted_sync: Literal["new_session", "same_deliveries"] = "new_session"
    page_numbers: Literal["each_half", "one_run"] = "each_half"
    halves: Literal["adds_first", "removes_first"] = "adds_first"
    failure_in_2xx: Literal["code_decides", "transient"] = "code_decides"
    odd_answer: Literal["success", "failure"] = "success"
    other_4xx: Literal["fail", "pause"] = "fail"
    redirect: Literal["fail", "transient"] = "fail"
    no_answer: Literal["transient", "fail"] = "transient"
    retries: Literal["five_more", "five_in_all"] = "five_more"
    three_days: Literal["valid", "expired"] = "valid"
    resume: Literal["at_once", "next_tick"] = "at_once"
    deliveries_at_once: Literal["in_turn", "together"] = "in_turn"

    @classmethod
    def parse(cls, pins: Iterable[str]) -> Dialect:
        """The default dialect with readings pinned, each written ``question=reading``."""
        return cls.pin(dict(map(split_pin, pins)))

    @classmethod
    def pin(cls, readings: Mapping[str, str]) -> Dialect:
        """The default dialect with some readings replaced, by question."""
        for question, reading in readings.items():
            check_reading(question, reading)
        return cls(**readings)  # type: ignore[arg-type]  # each value was just checked against its Literal

    @property
    def departures(self) -> dict[str, str]:
        """The readings that are not the default, by question."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }


def split_pin(pin: str) -> tuple[str, str]:
    """Split ``question=reading`` and check both parts.

    Raises:
        UsageError: no such question or reading.
    """
    question, separator, reading = pin.partition("=")
    if not separator:
        raise UsageError(f"{pin!r} is not a reading: write question=reading, as in full_sync=add_members")
    check_reading(question, reading)
    return question, reading


def check_reading(question: str, reading: str) -> None:
    """Raises UsageError unless the question and its reading exist."""
    if question not in QUESTIONS:
        raise UsageError(f"no question is called {question!r}; there are {', '.join(QUESTIONS)}")
    if reading not in QUESTIONS[question].readings:
        choices = ", ".join(QUESTIONS[question].readings)
        raise UsageError(f"{question}={reading!r}: choose one of {choices}")
