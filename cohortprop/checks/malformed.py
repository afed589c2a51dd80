"""`malformed`: what is no proper delivery is refused, and does no harm.

A 5xx would be retried for as long as the sync lives. A 2xx for what nobody can understand would also be given to a page
that was cut in transit, and the page would be lost. Where a request can be understood all the same, it may be applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cohortprop.checks.acceptance import REFUSALS, nothing_taken_since_garbled
from cohortprop.checks.base import UNCLASSIFIED, Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.strays import change_by_stray, has_envelope, is_taken
from cohortprop.simulation import UNREADABLE, Event, Examined, Garbled, Probed
from cohortprop.wire import Reply

__all__ = ["MALFORMED"]

CAUSES: Final = (
    Cause(
        "crashes-on-malformed",
        "A request that is no proper delivery makes the app fail, instead of being refused.",
        "Validate before acting: let ValueError, KeyError, TypeError, AttributeError and RecursionError become a 400.",
    ),
    Cause(
        "malformed-acknowledged",
        "A request of which nothing can be understood is acknowledged, so a page that is cut in transit is lost.",
        "Answer 400 to a body that is not JSON or not the documented object; never success after a caught exception.",
    ),
    Cause(
        "malformed-applied",
        "A request that is no proper delivery changes something all the same.",
        "Validate the whole request before the first change, and act on nothing but the three documented actions.",
    ),
    Cause(
        "broken-by-malformed",
        "After a request that is no proper delivery the app no longer takes what it took before.",
        "Release locks and roll transactions back whatever happens, and never queue what was not validated.",
    ),
    Cause(
        "malformed-outside-envelope",
        "A request that is no proper delivery is refused with a page of the framework's.",
        "Add an error handler that answers {action, status: failure, error: {message, code}}.",
        severity="advice",
    ),
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge what a garbled request is answered, and what came of it."""
    if isinstance(event, Garbled):
        reply = event.reply
        if isinstance(reply, Reply):
            if reply.status >= 500:
                yield _violation(event, evidence, f"HTTP {reply.status}", "crash")
            elif is_taken(reply, event.delivery.action):
                if event.how in UNREADABLE:
                    yield _violation(event, evidence, f"HTTP {reply.status}: success", "acknowledged")
            elif reply.status >= 400 and not has_envelope(reply, event.delivery.action):
                yield _violation(event, evidence, f"HTTP {reply.status}, but not in the documented JSON", "no envelope")
        if event.fault:
            yield _violation(event, evidence, f"since then the receiver cannot be looked at: {event.fault}", "broken")
    elif isinstance(event, Probed):
        found = change_by_stray(evidence)
        if found is not None and isinstance(stray := found[0], Garbled):
            change = found[1]
            yield _violation(stray, evidence, change.seen, "changed", change.cohort, change.user)


def _violation(
    event: Garbled, evidence: Evidence, seen: str, signature: str, cohort: str = "", user: str = ""
) -> Violation:
    either = ", or all that can be understood of it to be done" if event.named else ""
    return Violation(
        "malformed",
        evidence.place,
        expected=f"{event.delivery}, with something wrong ({event.how}), to be refused by a 4xx{either}",
        seen=seen,
        cohort=cohort or event.delivery.cohort_id,
        user=user,
        signature=signature,
        delivery=event.delivery,
    )


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """Name the cause.

    A crash is the garbling's only if the same request with nothing wrong is taken. If that is not, nor a delivery that
    was taken before, then this request, or another garbled one before it, has broken the app.
    """
    if violation.signature == "crash":
        examined = [event for event in evidence.history.events[violation.place :] if isinstance(event, Examined)]
        taken = [isinstance(event.reply, Reply) and event.reply.accepted for event in examined]
        if all(taken[:1]):
            return "crashes-on-malformed"
        broken = not any(taken) or nothing_taken_since_garbled(violation, evidence)
        return "broken-by-malformed" if broken else UNCLASSIFIED.name
    if violation.signature == "changed":
        garbled = garbled_before(violation, evidence)
        if garbled is not None and garbled.how == "too many members" and violation.user in garbled.named:
            return "full-page-cut"
        if "stranger" in evidence.known_causes and (garbled is None or violation.user not in garbled.named):
            return "stranger"
    return _NAMES[violation.signature]


def garbled_before(violation: Violation, evidence: Evidence) -> Garbled | None:
    """The request after which the violation showed."""
    events = evidence.history.events[: violation.place + 1]
    return next((event for event in reversed(events) if isinstance(event, Garbled)), None)


_NAMES: Final = {
    "acknowledged": "malformed-acknowledged",
    "changed": "malformed-applied",
    "broken": "broken-by-malformed",
    "no envelope": "malformed-outside-envelope",
}


MALFORMED: Final = Check(
    "malformed",
    "What is no proper delivery is refused with nothing changed, or applied as far as it makes sense; never a 5xx.",
    'Section "Failed Syncs": a 5xx is retried, and a 2xx is believed.',
    (
        Judge("malformed", observe, diagnose, sees=(Garbled, Probed), examines="stray"),
        REFUSALS,
    ),
    (*CAUSES, UNCLASSIFIED),
    profile="realistic",
)
