"""`envelope`: the answer is the documented one.

That the action is echoed and that status and HTTP code agree is the contract: bugs. An error page outside the envelope,
a 201, a missing content type do no harm as far as anybody knows: advice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cohortprop.checks.base import Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.simulation import Attempted, Event
from cohortprop.wire import Problem, Reply, read

__all__ = ["ENVELOPE"]

CAUSES: Final = (
    Cause(
        "no-envelope",
        "A delivery is acknowledged, but not with the documented JSON.",
        'Answer {"action": <the request\'s action>, "status": "success"}.',
    ),
    Cause(
        "action-not-echoed",
        "The answer names another action than the request.",
        "Copy `action` from the request into the answer.",
    ),
    Cause(
        "failure-in-2xx",
        "The body says failure while HTTP says success.",
        "Give a failure its HTTP status: 5xx when a retry can help, 4xx when only a person can.",
    ),
    Cause(
        "success-in-error",
        "The body says success while HTTP says error.",
        'Write "failure" into the body of an error, with the message to be shown.',
    ),
    Cause(
        "error-outside-envelope",
        "An error is answered with a page of the framework's, so its reason is not shown to anybody.",
        "Add an error handler that answers {action, status: failure, error: {message, code}}.",
        severity="advice",
    ),
    Cause(
        "unusual-success-status",
        "Success is answered with another status than 200.",
        "Answer 200.",
        severity="advice",
    ),
    Cause(
        "not-json-typed",
        "The answer is JSON, but its content type does not say so.",
        "Set Content-Type: application/json.",
        severity="advice",
    ),
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge each answer."""
    if not isinstance(event, Attempted) or not isinstance(event.reply, Reply):
        return
    reply = event.reply
    for problem in read(reply, event.delivery.action).problems:
        cause = _cause(problem, reply)
        yield Violation(
            "envelope",
            evidence.place,
            expected=f'{{"action": "{event.delivery.action}", "status": ...}}, with an HTTP status that says the same',
            seen=problem.text,
            cohort=event.delivery.cohort_id,
            signature=cause,
            cause=cause,
        )


def _cause(problem: Problem, reply: Reply) -> str:
    """In an error, nobody acts on the body; what is wrong with it only hides the reason."""
    if not reply.accepted and problem.kind in ("no-envelope", "action-not-echoed"):
        return "error-outside-envelope"
    return problem.kind


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """The problem is the cause."""
    return violation.signature


ENVELOPE: Final = Check(
    "envelope",
    "Each answer is the documented JSON, and says the same as its HTTP status.",
    'Section "Expected Response Format".',
    (Judge("envelope", observe, diagnose, sees=(Attempted,)),),
    CAUSES,
)
