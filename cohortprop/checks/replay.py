"""`replay`: a delivery that comes again changes nothing.

At once, because the network or a retry doubled it: then it must do no harm at all. Long after: then only what the
oracle knows to be beyond any receiver is excused, unless strict replays are asked for. That a late copy still acts is
told all the same, as advice, in the hostile profile: nothing in the protocol keeps copies from coming late.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cohortprop.checks.acceptance import REFUSALS
from cohortprop.checks.base import Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.membership import HOLDINGS
from cohortprop.simulation import Attempted, Duplicated, Event, Garbled, Knocked, LateArrived, Probed, Restarted

__all__ = ["REPLAY"]

CAUSES: Final = (
    Cause(
        "counted-repeats",
        "Memberships are counted up and down, and a repeated page counts twice.",
        "Store membership as a fact (in or out), not as a count: every page can come more than once.",
    ),
    Cause(
        "refused-repeat",
        "A delivery that names users who are held already is refused.",
        "Insert with an upsert: retries and restarted syncs name users again.",
    ),
    Cause(
        "replay-overwrites",
        "A late copy of a delivery that was acknowledged long ago changes what is held.",
        "Remember finished sessions by mixpanel_session_id, and answer success to their copies without acting.",
    ),
    Cause(
        "late-copy-acts",
        "A late copy of a delivery whose sync was complete long ago is acted upon once more.",
        "Remember finished sessions by mixpanel_session_id, and answer success to their copies without acting.",
        severity="advice",
    ),
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Compare the looks before and after a late copy of a delivery of a sync that had succeeded."""
    events = evidence.history.events
    if len(events) < 2 or not isinstance(event, Probed):
        return
    copy = events[-2]
    if not isinstance(copy, LateArrived) or copy.strict or copy.troubled:
        return
    session = evidence.sessions.get(copy.delivery.session_id)
    before = _look_before(events[:-2])
    if session is None or session.outcome != "succeeded" or before is None:
        return
    changed = [cohort for cohort, held in (event.held or {}).items() if held != (before.held or {}).get(cohort, held)]
    acted = event.arrivals is not None and event.arrivals != before.arrivals
    if changed or acted:
        yield Violation(
            "replay",
            evidence.place,
            expected=f"nothing to come of a late copy of {copy.delivery}, whose sync had succeeded",
            seen=f"the members of cohort {changed[0]} change" if changed else "somebody is acted upon once more",
            cohort=copy.delivery.cohort_id,
            signature="late copy",
            delivery=copy.delivery,
        )


_COMING: Final = (Duplicated, LateArrived, Garbled, Knocked, Restarted)
"""Events by which something has come to the receiver."""


def _look_before(events: list[Event]) -> Probed | None:
    """The last look, if nothing has come to the receiver since."""
    for event in reversed(events):
        if isinstance(event, Probed):
            return event
        if isinstance(event, (Duplicated, LateArrived, Garbled, Knocked, Restarted)) or (
            isinstance(event, Attempted) and event.reached
        ):
            return None
    return None


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """There is one thing that a late copy can show."""
    return "late-copy-acts"


LATE_COPIES: Final = Judge("late copies", observe, diagnose, needs=("members",), sees=(Probed,), profile="hostile")

REPLAY: Final = Check(
    "replay",
    "A delivery that arrives twice has the effect of one.",
    'Sections "Failed Syncs" and "FAQ": failed syncs start again from the top, so delivery is at least once.',
    (
        HOLDINGS,
        REFUSALS,
        LATE_COPIES,
    ),
    CAUSES,
)
