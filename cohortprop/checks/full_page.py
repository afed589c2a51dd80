"""`full_page`: a page of a thousand members is taken, and taken whole.

With the four default properties it is about 175 kB, and with twenty exported ones near a megabyte: more than the limit
that some frameworks and proxies have by default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cohortprop.checks.acceptance import REFUSALS
from cohortprop.checks.base import Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.membership import HOLDINGS
from cohortprop.simulation import Attempted, Event
from cohortprop.wire import BATCH_SIZE

__all__ = ["FULL_PAGE"]

CAUSES: Final = (
    Cause(
        "refused-full-page",
        "A page of many members is refused as too large.",
        "Raise the body limit of the framework or proxy: a page of 1000 members is about 175 kB.",
    ),
    Cause(
        "full-page-cut",
        "A page of many members is acknowledged, and only a part of them is held.",
        "Look for a limit, in a statement, a chunk or a slice, and take all of the page, or none of it and say so.",
    ),
    Cause(
        "slow-page",
        "A page of 1000 members takes so long that the sender may give it up.",
        "Write the page in one statement, or a few: the sender waits for 30 seconds, and then sends it again.",
        severity="advice",
    ),
)

_SLOW: Final = 3.0
"""Real seconds for a full page: a tenth of what the sender waits, and in production there is a network in between."""


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge how long a full page took."""
    if isinstance(event, Attempted) and event.took > _SLOW and event.delivery.size == BATCH_SIZE:
        yield Violation(
            "full_page",
            evidence.place,
            expected=f"a page of {BATCH_SIZE} members to be taken within {_SLOW:g} seconds",
            seen=f"it took {event.took:.1f} seconds",
            cohort=event.delivery.cohort_id,
            signature="slow",
            severity="advice",
            delivery=event.delivery,
        )


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """Only slowness is judged here."""
    return "slow-page"


PACE: Final = Judge("full_page", observe, diagnose, sees=(Attempted,))

FULL_PAGE: Final = Check(
    "full_page",
    "A page of 1000 members is taken whole, in reasonable time.",
    'Section "Webhook Format": at most 1000 members a call, with all the properties that are exported.',
    (
        REFUSALS,
        HOLDINGS,
        PACE,
    ),
    CAUSES,
)
