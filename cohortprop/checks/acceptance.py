"""`acceptance`: a correct delivery is taken.

Whatever the sender may send, a receiver has to take, or the sync fails, or pauses for ever. A non-transient refusal is
judged at once. Transient ones may happen to anybody; they are judged when all retries are used up, and only if neither
the network nor a failing dependency had a part in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cohortprop.checks.base import UNCLASSIFIED, Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.simulation import Attempted, Died, Event, Examined, Garbled, Hung, SyncEnded, describe_outcome
from cohortprop.wire import RETRIES, TOO_MANY_REQUESTS, Delivery, NoReply, Outcome, Reply

__all__ = ["ACCEPTANCE", "REFUSALS", "nothing_taken_since_garbled"]

CAUSES: Final = (
    Cause(
        "hangs",
        "The receiver does not answer at all.",
        "Look at the stack: something waits for a lock, a queue or a socket that nobody will ever serve.",
    ),
    Cause(
        "server-died",
        "The server ends by itself while it is used.",
        "See what it wrote last. Nothing that is sent may end a server: catch what a handler raises, and answer 500.",
    ),
    Cause(
        "closes-connection",
        "The connection is refused, closed or broken instead of an answer, on every try.",
        "Look at the server's log, and at what stands before it: a limit of size or time, a worker that is killed.",
    ),
    Cause(
        "refused-always",
        "No delivery is taken, whatever is in it.",
        "Is it the right place? Compare Receiver(path=...), auth and headers with what the app expects.",
    ),
    Cause(
        "refused-delta",
        "add_members or remove_members is refused for a cohort that no `members` call has announced.",
        "Create the cohort on first sight, whatever the action: a first sync may come as add_members.",
    ),
    Cause(
        "refused-empty-page",
        "A page without members is refused.",
        "Take an empty list for what it is: nothing has changed. Both halves of a diff are sent even when empty.",
    ),
    Cause(
        "stumbles",
        "A delivery failed at first, with no fault injected, and was taken on a retry.",
        "See the traceback; until it is mended each such delivery costs a retry.",
        severity="advice",
    ),
    UNCLASSIFIED,
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge refusals at once, and failed syncs at their end."""
    match event:
        case Hung():
            yield _violation(event.delivery, evidence, "no answer within the time limit", "hang")
        case Died():
            yield _death(event, evidence)
        case Attempted() if isinstance(event.reply, Reply) and not event.troubled:
            reply = event.reply
            if not reply.accepted and not _is_transient(reply):
                yield _violation(event.delivery, evidence, f"HTTP {reply.status}", "refusal")
            elif reply.accepted and event.attempt > 1 and (failed := _stumbles(event, evidence)):
                seen = f"{describe_outcome(failed)} at first, then taken"
                yield _violation(event.delivery, evidence, seen, "stumble")
        case SyncEnded(outcome="failed"):
            answers = _own_failures(event.session, evidence)
            if answers:
                last = answers[-1]
                protocol = "HTTP " if isinstance(last.outcome, Reply) else ""
                seen = f"{protocol}{describe_outcome(last.outcome)} on every try"
                yield _violation(last.delivery, evidence, seen, "failure")


def _is_transient(reply: Outcome) -> bool:
    if isinstance(reply, NoReply):  # of the app itself: a server that closes the connection
        return reply.reason != "timed out"
    return reply.status == TOO_MANY_REQUESTS or reply.status >= 500


def _tries(evidence: Evidence, delivery: Delivery, began: int) -> list[Attempted]:
    return [
        event
        for event in evidence.history.events[began:]
        if isinstance(event, Attempted) and event.delivery is delivery
    ]


def _stumbles(event: Attempted, evidence: Evidence) -> Outcome | None:
    """The app's own transient failure of this delivery before it took it."""
    session = evidence.sessions[event.delivery.session_id]
    for tried in _tries(evidence, event.delivery, session.began):
        reply = tried.reply
        if reply is not None and not tried.troubled and tried.fate == "deliver" and _is_transient(reply):
            return reply
    return None


def _own_failures(session_id: str, evidence: Evidence) -> list[Attempted]:
    """The tries of a failed sync's last delivery, if the app alone is to blame: it saw enough of them undisturbed."""
    session = evidence.sessions[session_id]
    tries: list[Attempted] = []
    for event in reversed(evidence.history.events[session.began :]):
        if isinstance(event, Attempted) and event.delivery.session_id == session_id:
            tries = _tries(evidence, event.delivery, session.began)
            break
    own = [
        tried
        for tried in tries
        if tried.reply is not None
        and tried.fate in ("deliver", "duplicate")
        and not tried.troubled
        and _is_transient(tried.reply)
    ]
    return own if len(own) >= RETRIES - 1 and len(own) >= len(tries) - 1 else []


def _death(event: Died, evidence: Evidence) -> Violation:
    return Violation(
        "acceptance",
        evidence.place,
        expected="the server to go on, whatever it is sent",
        seen=f"it {event.how.partition(chr(10))[0]}",
        cohort=event.delivery.cohort_id if event.delivery is not None else "",
        signature="death",
        delivery=event.delivery,
    )


def _violation(delivery: Delivery, evidence: Evidence, seen: str, signature: str) -> Violation:
    return Violation(
        "acceptance",
        evidence.place,
        expected=f"{delivery} to be taken: the sender may send it, and nothing was wrong on the way",
        seen=seen,
        cohort=delivery.cohort_id,
        signature=signature,
        delivery=delivery,
    )


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """Name the cause: the peculiarity without which the delivery is taken, as the examination after a refusal shows."""
    if violation.signature == "hang":
        return "broken-by-malformed" if nothing_taken_since_garbled(violation, evidence) else "hangs"
    if violation.signature == "death":
        return "server-died"
    if violation.signature == "stumble":
        return "stumbles"
    examined = [event for event in evidence.history.events[violation.place :] if isinstance(event, Examined)]
    for event in examined:
        if event.without and isinstance(event.reply, Reply) and event.reply.accepted:
            return _REFUSED[event.without]
    if examined and nothing_taken_since_garbled(violation, evidence):
        return "broken-by-malformed"
    if _was_cut_off(violation, evidence):
        return "closes-connection"
    if examined and _unauthorized(evidence.history.events[violation.place]) and evidence.receiver.credentials:
        return "right-credentials-refused"
    for event in examined:  # with several bugs, more than one peculiarity may be in the way
        if event.without and _REFUSED[event.without] in evidence.known_causes:
            return _REFUSED[event.without]
    if examined and not any(_taken(event) for event in evidence.history.events):
        return "refused-always"
    return UNCLASSIFIED.name


def _was_cut_off(violation: Violation, evidence: Evidence) -> bool:
    """Whether the last try of the delivery brought no answer at all."""
    for event in reversed(evidence.history.events[: violation.place]):
        if isinstance(event, Attempted) and event.delivery is violation.delivery:
            return isinstance(event.reply, NoReply)
    return False


def _unauthorized(event: Event) -> bool:
    return isinstance(event, Attempted) and isinstance(event.reply, Reply) and event.reply.status in (401, 403)


def nothing_taken_since_garbled(violation: Violation, evidence: Evidence) -> bool:
    """Whether deliveries were taken until a request came that was no proper one, and none has been since."""
    taken = False
    garbled = False
    for event in evidence.history.events[: violation.place]:
        if isinstance(event, Garbled):
            garbled = garbled or taken
        elif _taken(event):
            taken, garbled = True, False
    return garbled


def _taken(event: Event) -> bool:
    return isinstance(event, Attempted | Examined) and isinstance(event.reply, Reply) and event.reply.accepted


_REFUSED: Final = {
    "many members": "refused-full-page",
    "no members": "refused-empty-page",
    "an extra field": "refused-extra-fields",
    "a missing field": "refused-missing-field",
    "a sparse member": "refused-sparse-member",
    "a new name": "refused-rename",
    "a known member": "refused-repeat",
    "an odd id": "refused-odd-id",
    "an unannounced cohort": "refused-delta",
}


REFUSALS: Final = Judge(
    "acceptance",
    observe,
    diagnose,
    sees=(Attempted, Hung, Died, SyncEnded),
    examines="delivery",
)

ACCEPTANCE: Final = Check(
    "acceptance",
    "A correct delivery, with no fault injected, is taken.",
    'Sections "Failed Syncs" (a refusal fails or pauses the sync) and "Webhook Format" (what may be sent).',
    (REFUSALS,),
    CAUSES,
)
