"""`torn`: while a full sync is under way, nobody disappears who is in before it and after it. Advice.

A receiver that empties the cohort at page one and refills it is right in the end, and the document does not forbid it;
but whoever reads the members in between misses people. This is the sharper reading: out only once every page of the
session has come, and only who is named by none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cohortprop.checks.base import Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.oracle import IN
from cohortprop.simulation import Attempted, Event, Garbled, LateArrived, Probed, SyncEnded, SyncStarted
from cohortprop.wire import MEMBERS

__all__ = ["TORN"]

CAUSES: Final = (
    Cause(
        "emptied-before-refilled",
        "During a full sync members disappear for a while who are in the cohort before and after it.",
        "Collect the pages beside what is held, and put them in its place at once when the last one is there.",
        severity="advice",
    ),
)


@dataclass(slots=True)
class _Refill:
    """A full sync under way.

    Args:
        certain: who was in for certain when it began.
        named: whom its pages have named so far.
        pages: numbers of those that have come.
        total: how many there are to be.
    """

    certain: set[str]
    named: set[str] = field(default_factory=set)
    pages: set[int] = field(default_factory=set)
    total: int = 1

    @property
    def staying(self) -> set[str]:
        """Who must be there now: before the last page nobody can be known to have left."""
        return self.certain & self.named if len(self.pages) >= self.total else self.certain


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Follow each full sync, and judge each look that falls into one."""
    refills: dict[str, _Refill] = evidence.memory("torn")
    match event:
        case SyncStarted(kind="full"):
            states = evidence.oracle.known(event.cohort)
            refills[event.cohort] = _Refill({user for user, possible in states.items() if possible == IN})
        case Attempted() if event.reached and event.delivery.action == MEMBERS:
            refill = refills.get(event.delivery.cohort_id)
            if refill is not None:
                page = evidence.page(event.delivery)
                refill.named.update(page.users)
                refill.pages.add(page.number)
                refill.total = page.total
        case LateArrived() | Garbled() | SyncEnded():
            cohort = event.cohort if isinstance(event, SyncEnded) else event.delivery.cohort_id
            refills.pop(cohort, None)
        case Probed() if event.held is not None:
            for cohort, refill in refills.items():
                for user in sorted(refill.staying - event.held.get(cohort, frozenset()))[:1]:
                    yield _violation(cohort, user, evidence)


def _violation(cohort: str, user: str, evidence: Evidence) -> Violation:
    return Violation(
        "torn",
        evidence.place,
        expected=f"{user} to be held all through the full sync of cohort {cohort}: nobody has said that they left",
        seen=f"the receiver does not hold {user} while the pages come in",
        cohort=cohort,
        user=user,
        signature="emptied",
    )


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """There is one way to be torn."""
    return "emptied-before-refilled"


IN_BETWEEN: Final = Judge(
    "torn",
    observe,
    diagnose,
    needs=("members",),
    sees=(SyncStarted, Attempted, LateArrived, Garbled, SyncEnded, Probed),
)

TORN: Final = Check(
    "torn",
    "At no instant of a full sync is a member missing who is in before it and after it.",
    'Section "Webhook Format": `members` is the whole cohort, in one or more pages.',
    (IN_BETWEEN,),
    CAUSES,
)
