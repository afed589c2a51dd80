"""`authentication`: who does not know the secret is turned away, and nothing comes of it; who knows it gets in.

Asked only of receivers that say which credentials they are sent. The right ones are tried by every delivery; all that
is wrong with the others is the credentials.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cohortprop.checks.acceptance import REFUSALS
from cohortprop.checks.base import UNCLASSIFIED, Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.strays import change_by_stray, has_envelope, is_taken
from cohortprop.simulation import Event, Examined, Knocked, Probed, describe_outcome
from cohortprop.wire import Reply

__all__ = ["AUTHENTICATION"]

CAUSES: Final = (
    Cause(
        "no-authentication",
        "Whoever finds the URL gets in: credentials are not asked for.",
        "Compare user name and password, or the token, before anything else is done, and answer 401 if they differ.",
    ),
    Cause(
        "wrong-credentials-accepted",
        "Credentials are asked for, but others than the right ones will do.",
        "Compare the whole of user name and password with hmac.compare_digest, and take no other scheme.",
    ),
    Cause(
        "acted-before-refusing",
        "A request without the right credentials is refused, but what it asks for is done all the same.",
        "Check the credentials before the body is read.",
    ),
    Cause(
        "crashes-on-credentials",
        "Credentials that are not what they should be make the app fail, instead of being refused.",
        "Take whatever fails while the header is decoded for wrong credentials; compare bytes, not text.",
    ),
    Cause(
        "right-credentials-refused",
        "The right credentials are refused.",
        "Split the decoded header, UTF-8, at its first colon only; or Receiver(auth=...) is not what the app expects.",
    ),
    Cause(
        "unusual-refusal",
        "Wrong credentials are refused with another status than 401 or 403.",
        "Answer 401.",
        severity="advice",
    ),
    Cause(
        "refusal-outside-envelope",
        "Wrong credentials are refused with a page of the framework's, so the reason is not shown to anybody.",
        "Answer {action, status: failure, error: {message, code: 401}}.",
        severity="advice",
    ),
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge what a stranger is answered, and what came of the request."""
    if isinstance(event, Knocked):
        reply = event.reply
        if not isinstance(reply, Reply):
            return
        if reply.status >= 500:
            yield _violation(event, evidence, describe_outcome(reply), "crash")
        elif is_taken(reply, event.delivery.action):
            yield _violation(event, evidence, f"HTTP {reply.status}: it is taken", "let in")
        elif reply.status not in (401, 403):
            yield _violation(event, evidence, f"HTTP {reply.status}", "unusual")
        elif not has_envelope(reply, event.delivery.action):
            yield _violation(event, evidence, f"HTTP {reply.status}, but not in the documented JSON", "no envelope")
    elif isinstance(event, Probed):
        found = change_by_stray(evidence)
        if found is not None and isinstance(stray := found[0], Knocked):
            change = found[1]
            if not is_taken(stray.reply, stray.delivery.action):
                yield _violation(stray, evidence, change.seen, "changed", change.cohort, change.user)


def _violation(
    event: Knocked, evidence: Evidence, seen: str, signature: str, cohort: str = "", user: str = ""
) -> Violation:
    return Violation(
        "authentication",
        evidence.place,
        expected=f"401 or 403 for {event.delivery} with other credentials ({event.credentials}), and nothing changed",
        seen=seen if signature != "crash" else f"HTTP {seen}",
        cohort=cohort or event.delivery.cohort_id,
        user=user,
        signature=signature,
        delivery=event.delivery,
    )


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """Name the cause: for those who got in, by whether anybody does; a crash that all meet is another's."""
    signature = violation.signature
    examined = [event for event in evidence.history.events[violation.place :] if isinstance(event, Examined)]
    taken = any(isinstance(event.reply, Reply) and event.reply.accepted for event in examined)
    if signature == "crash":
        proper = [isinstance(event.reply, Reply) and event.reply.accepted for event in examined[:1]]
        return "crashes-on-credentials" if all(proper) else UNCLASSIFIED.name
    if signature == "let in":
        knocked = evidence.history.events[violation.place]
        shown = knocked.credentials if isinstance(knocked, Knocked) else ""
        return "no-authentication" if shown == "none" or taken else "wrong-credentials-accepted"
    return _NAMES[signature]


_NAMES: Final = {
    "changed": "acted-before-refusing",
    "unusual": "unusual-refusal",
    "no envelope": "refusal-outside-envelope",
}


AUTHENTICATION: Final = Check(
    "authentication",
    "Who does not know the secret gets 401 or 403 and changes nothing; who knows it gets in.",
    'Section "Setting up the Webhook" (Basic authentication); 401 and 403 pause the sync, so the right ones must pass.',
    (
        Judge("authentication", observe, diagnose, sees=(Knocked, Probed), examines="stray"),
        REFUSALS,
    ),
    (*CAUSES, UNCLASSIFIED),
    needs=("credentials",),
)
