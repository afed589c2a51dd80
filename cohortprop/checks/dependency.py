"""`dependency`: trouble of the app's own, its database down, is answered so that the delivery comes again.

A 5xx or 429 is retried; a 2xx is believed, so what was not stored is lost; a 4xx stops the sync until a person resumes
it. Whether a 2xx was right is seen by whom the app holds afterwards: one that had nothing to store may well give it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cohortprop.checks.base import Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.membership import HOLDINGS
from cohortprop.simulation import Attempted, Event
from cohortprop.wire import TOO_MANY_REQUESTS, Reply

__all__ = ["DEPENDENCY"]

CAUSES: Final = (
    Cause(
        "paused-by-trouble",
        "While its own dependency fails, the app answers 4xx, which pauses the sync until a person resumes it.",
        "Answer 503 to whatever is not the request's own fault: Mixpanel tries again by itself.",
    ),
    Cause(
        "acknowledged-in-trouble",
        "While its own dependency fails, the app answers success, and what the page said is not kept.",
        "Answer success only after the commit; let the error of the dependency become a 503.",
    ),
    Cause(
        "not-repaired-by-retry",
        "A request that failed is taken for one that was processed when it is sent again.",
        "In one transaction store the members and mark the page as processed, so that both are there, or neither.",
    ),
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge the answers that were given in trouble."""
    if not isinstance(event, Attempted) or not event.troubled or not isinstance(event.reply, Reply):
        return
    status = event.reply.status
    if 400 <= status < 500 and status != TOO_MANY_REQUESTS:
        yield Violation(
            "dependency",
            evidence.place,
            expected=f"a 5xx or 429 for {event.delivery}, since the trouble is the app's own and may pass",
            seen=f"HTTP {status}",
            cohort=event.delivery.cohort_id,
            signature="paused",
            delivery=event.delivery,
        )


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """A 4xx speaks for itself."""
    return "paused-by-trouble"


DEPENDENCY: Final = Check(
    "dependency",
    "While the app's own dependency fails it answers 5xx or 429, and afterwards it catches up.",
    'Section "Failed Syncs": 429 and 5xx are retried; 400, 401, 403 and 404 pause the sync.',
    (Judge("dependency", observe, diagnose, sees=(Attempted,)), HOLDINGS),
    CAUSES,
    needs=("dependency",),
    profile="realistic",
)
