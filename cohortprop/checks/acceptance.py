"""`acceptance`: a correct delivery is taken.

Whatever the sender may send, a receiver has to take, or the sync fails, or pauses for ever. A non-transient refusal is
judged at once. Transient ones may happen to anybody; they are judged when all retries are used up, and only if neither
the network nor a failing dependency had a part in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from cohortprop.checks.base import UNCLASSIFIED, Cause, Check, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.sender import default_profile
from cohortprop.simulation import Attempted, Event, Hung, SyncEnded, describe_outcome
from cohortprop.wire import MEMBERS, PAUSING_STATUSES, RETRIES, TOO_MANY_REQUESTS, Delivery, Reply

__all__ = ["ACCEPTANCE"]

CAUSES: Final = (
    Cause(
        "hangs",
        "The receiver does not answer at all.",
        "Look at the stack: something waits for a lock, a queue or a socket that nobody will ever serve.",
    ),
    Cause(
        "refused-full-page",
        "A page of many members is refused as too large.",
        "Raise the body limit of the framework or proxy: a page of 1000 members is about 175 kB.",
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
        "refused-extra-fields",
        "A delivery with a field that the document does not name is refused.",
        "Ignore what you do not know; exported properties and parameters can be added at any time.",
    ),
    Cause(
        "refused-missing-field",
        "A delivery without page_info or description is refused.",
        "Treat a delivery without page_info as page 1 of 1, and the description as optional.",
    ),
    Cause(
        "refused-sparse-member",
        "A member without some optional property is refused, and the whole page with them.",
        "Only mixpanel_distinct_id is always there; read every other property as optional.",
    ),
    Cause(
        "refused-odd-id",
        "A member with an unusual distinct id is refused, and the whole page with them.",
        "Take mixpanel_distinct_id as any text.",
    ),
    Cause(
        "refused-rename",
        "A delivery is refused since the cohort's name or description was edited.",
        "Update the name by mixpanel_cohort_id; do not insist on the one seen first.",
    ),
    Cause(
        "refused-repeat",
        "A delivery that names users who are held already is refused.",
        "Insert with an upsert: retries and restarted syncs name users again.",
    ),
    Cause(
        "stumbles",
        "A delivery failed at first, with no fault injected, and was taken on a retry.",
        "See the traceback; until it is mended each such delivery costs a retry.",
    ),
    UNCLASSIFIED,
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge refusals at once, and failed syncs at their end."""
    match event:
        case Hung():
            yield _violation(event.delivery, evidence, "no answer within the time limit", "hang")
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
                seen = f"HTTP {describe_outcome(last.outcome)} on every try"
                yield _violation(last.delivery, evidence, seen, "failure")


def _is_transient(reply: Reply) -> bool:
    return reply.status == TOO_MANY_REQUESTS or reply.status >= 500


def _tries(evidence: Evidence, delivery: Delivery, began: int) -> list[Attempted]:
    return [
        event
        for event in evidence.history.events[began:]
        if isinstance(event, Attempted) and event.delivery is delivery
    ]


def _stumbles(event: Attempted, evidence: Evidence) -> Reply | None:
    """The app's own transient failure of this delivery before it took it."""
    session = evidence.sessions[event.delivery.session_id]
    for tried in _tries(evidence, event.delivery, session.began):
        reply = tried.reply
        if isinstance(reply, Reply) and not tried.troubled and tried.fate == "deliver" and _is_transient(reply):
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
        if isinstance(tried.reply, Reply)
        and tried.fate in ("deliver", "duplicate")
        and not tried.troubled
        and _is_transient(tried.reply)
    ]
    return own if len(own) >= RETRIES - 1 and len(own) >= len(tries) - 1 else []


def _violation(delivery: Delivery, evidence: Evidence, seen: str, signature: str) -> Violation:
    return Violation(
        "acceptance",
        evidence.place,
        expected=f"{delivery} to be taken: the sender may send it, and nothing was wrong on the way",
        seen=seen,
        cohort=delivery.cohort_id,
        signature=signature,
        severity="advice" if signature == "stumble" else "bug",
    )


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """Name the cause: what the refused delivery has that none of those that were taken had."""
    if violation.signature == "hang":
        return "hangs"
    if violation.signature == "stumble":
        return "stumbles"
    delivery, taken = _refused_and_taken(violation, evidence)
    if delivery is None:
        return UNCLASSIFIED.name
    for cause, has in _FEATURES:
        if has(delivery, evidence, taken) and not any(
            has(other, evidence, taken[:number]) for number, other in enumerate(taken)
        ):
            return cause
    return UNCLASSIFIED.name


def _refused_and_taken(violation: Violation, evidence: Evidence) -> tuple[Delivery | None, list[Delivery]]:
    """The delivery that was refused, and those that were taken before."""
    refused: Delivery | None = None
    taken: list[Delivery] = []
    for event in evidence.history.events[: violation.place + 1]:
        if isinstance(event, Attempted) and isinstance(event.reply, Reply) and not event.troubled:
            if event.reply.accepted:
                taken.append(event.delivery)
            else:
                refused = event.delivery
    return refused, taken


Feature = Callable[[Delivery, Evidence, list[Delivery]], bool]

_LARGE: Final = 60_000


def _is_large(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    return len(delivery.body) > _LARGE


def _is_unannounced(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    announced = any(each.cohort_id == delivery.cohort_id for each in taken)
    return delivery.action != MEMBERS and not announced


def _is_empty(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    return not delivery.ids


def _has_extra(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    return "mixpanel_integration_id" in delivery.payload["parameters"]


def _lacks_field(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    parameters = delivery.payload["parameters"]
    return "page_info" not in parameters or "mixpanel_cohort_description" not in parameters


def _is_sparse(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    return any(not member.keys() >= _DEFAULT_PROPERTIES for member in evidence.members_of(delivery))


def _is_odd(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    return any(not (each.isascii() and each.isalpha() and each.islower()) for each in delivery.ids)


def _is_renamed(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    first = next((each for each in taken if each.cohort_id == delivery.cohort_id), None)
    if first is None:
        return False
    return first.cohort_name != delivery.cohort_name or _description(first) != _description(delivery)


def _description(delivery: Delivery) -> object:
    return delivery.payload["parameters"].get("mixpanel_cohort_description")


def _is_repeat(delivery: Delivery, evidence: Evidence, taken: list[Delivery]) -> bool:
    """Names somebody who was named before: by an earlier delivery, or by an earlier try of this one."""
    before = {user for each in taken if each.cohort_id == delivery.cohort_id for user in each.ids}
    for event in evidence.history.events:
        if isinstance(event, Attempted) and event.reached and event.delivery.cohort_id == delivery.cohort_id:
            if event.delivery is delivery:
                break
            before.update(event.delivery.ids)
    lost = any(
        isinstance(event, Attempted) and event.delivery is delivery and event.fate == "lose"
        for event in evidence.history.events
    )
    return lost or not before.isdisjoint(delivery.ids)


_DEFAULT_PROPERTIES: Final = default_profile("").keys()
_FEATURES: Final[tuple[tuple[str, Feature], ...]] = (
    ("refused-full-page", _is_large),
    ("refused-empty-page", _is_empty),
    ("refused-delta", _is_unannounced),
    ("refused-extra-fields", _has_extra),
    ("refused-missing-field", _lacks_field),
    ("refused-sparse-member", _is_sparse),
    ("refused-odd-id", _is_odd),
    ("refused-rename", _is_renamed),
    ("refused-repeat", _is_repeat),
)


ACCEPTANCE: Final = Check(
    "acceptance",
    "A correct delivery, with no fault injected, is taken.",
    'Sections "Failed Syncs" (a refusal fails or pauses the sync) and "Webhook Format" (what may be sent).',
    observe,
    diagnose,
    CAUSES,
)
