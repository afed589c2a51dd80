"""`arrivals`: nobody is mailed twice for one entry, and nobody who entered is forgotten.

The bounds come from the oracle. The cause is read off the deliveries that reached since the last look at which the
count was still right: was one of them a retry, a copy, a full sync of somebody who was in already?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from cohortprop.checks.base import UNCLASSIFIED, Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence, fold
from cohortprop.oracle import ArrivalFault
from cohortprop.simulation import (
    NEWCOMER,
    Attempted,
    Duplicated,
    Event,
    LateArrived,
    PhaseBegan,
    Probed,
    SyncStarted,
)
from cohortprop.wire import REMOVE_MEMBERS

__all__ = ["ARRIVALS", "ARRIVED"]

CAUSES: Final = (
    Cause(
        "duplicate-on-retry",
        "A request that is sent again, because its answer was lost or a sync started over, is acted upon again.",
        "Act only on whom the request has really let in, who was out before, and settle that in the transaction that "
        "stores the membership.",
    ),
    Cause(
        "duplicate-on-full-sync",
        "A full sync is taken for fresh activity: users who were members already are acted upon again.",
        "Compare the full copy with what is held, and act only for those who were not held before.",
    ),
    Cause(
        "duplicate-on-replay",
        "A copy of a request is acted upon again.",
        "Make the decision to act and the record of it one atomic step, so that the second copy finds it done.",
    ),
    Cause(
        "lost-arrival",
        "A user is in the cohort for certain, and the side effect of entering never happened.",
        "Record the side effect only once it is done, and look for what is missing when a delivery comes again.",
    ),
    Cause(
        "never-delivered",
        "A side effect happened for a user whom no delivery for this cohort has named.",
        "Take cohort and user of the side effect from the same delivery; the probe speaks of Mixpanel's cohort ids.",
    ),
    UNCLASSIFIED,
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge the counts at each look."""
    if not isinstance(event, Probed) or event.arrivals is None:
        return
    receiver = evidence.receiver
    for fault in evidence.oracle.judge_arrivals(event.arrivals, receiver.arrival_policy, receiver.arrives_on):
        yield _violation(fault, evidence)
    strict = evidence.before_strict_replay
    if strict is not None and strict.arrivals is not None:
        for (cohort, user), count in event.arrivals.items():
            before = strict.arrivals[cohort, user]
            if count > before:
                yield _violation(ArrivalFault(cohort, user, count, 0, before), evidence)


def _violation(fault: ArrivalFault, evidence: Evidence) -> Violation:
    many = fault.count > fault.most
    policy = evidence.receiver.arrival_policy.replace("_", " ")
    if many:
        act = f"to act on {fault.user} at most {_times(fault.most)}" if fault.most else f"not to act on {fault.user}"
        expected = f"the app {act} in cohort {fault.cohort} ({policy})"
    else:
        silent = evidence.receiver.arrives_on == "add_members"
        hint = "; arrives_on='add_members' is set" if silent else "; arrives_on='add_members' allows silent full syncs"
        expected = f"the app to act on {fault.user} in cohort {fault.cohort}, who is in for certain{hint}"
    return Violation(
        "arrivals",
        evidence.place,
        expected,
        seen=f"the app has {_acted(fault.user, fault.count)}",
        cohort=fault.cohort,
        user=fault.user,
        signature="many" if many else "few",
        number=(fault.count, fault.most),
    )


def _acted(user: str, count: int) -> str:
    return (
        f"acted on {user} (mailed them, say) {_times(count)}" if count else f"never acted on {user} (mailed them, say)"
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count) or f"{count} times"


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """Name the cause from the deliveries since the count was last right."""
    if _is_for_a_look_alike(violation, evidence):
        return "folded-ids"
    if violation.signature == "few":
        return "lost-arrival"
    cohort, user = violation.cohort, violation.user
    if user not in evidence.oracle.known(cohort):
        return "never-delivered"
    first = _last_right_look(violation, evidence)
    if evidence.receiver.virtual_time and not _reached_since(first, violation.place, evidence):
        return "remailed-with-time"
    reasons = _reasons(violation, evidence, first) or _reasons(
        violation, evidence, _began_before(first, cohort, evidence)
    )
    return _as_examined(reasons, violation, evidence) if reasons else UNCLASSIFIED.name


def _reasons(violation: Violation, evidence: Evidence, first: int) -> list[str]:
    """What each delivery since a place in the history that lets the user in would be a reason for."""
    cohort, user = violation.cohort, violation.user
    events = evidence.history.events
    seen_before = {
        id(event.delivery) for event in events[:first] if isinstance(event, (Attempted, Duplicated)) and _reached(event)
    }
    reasons: list[str] = []
    for event in events[first : violation.place]:
        if not isinstance(event, (Attempted, Duplicated, LateArrived)) or not _reached(event):
            continue
        delivery = event.delivery
        again = id(delivery) in seen_before
        seen_before.add(id(delivery))
        if delivery.cohort_id != cohort or delivery.action == REMOVE_MEMBERS:
            continue
        if user not in delivery.identities(evidence.receiver.id_property):
            continue
        if isinstance(event, (Duplicated, LateArrived)):
            reasons.append("duplicate-on-replay")
        elif again:
            reasons.append("duplicate-on-retry")
        elif _is_first_full(delivery.session_id, first, evidence) and not _named_before_in_failed(
            cohort, user, delivery.session_id, violation.place, evidence
        ):
            reasons.append("duplicate-on-full-sync")
        else:
            reasons.append("duplicate-on-retry")
    return reasons


def _began_before(place: int, cohort: str, evidence: Evidence) -> int:
    """Where the cohort's sync began that was under way at a place: who stages its pages acts on all with the last."""
    for number in range(place - 1, -1, -1):
        event = evidence.history.events[number]
        if isinstance(event, SyncStarted) and event.cohort == cohort:
            return number
    return place


def _is_for_a_look_alike(violation: Violation, evidence: Evidence) -> bool:
    """Whether ids that look alike are taken for one: somebody else's arrivals are counted as this user's."""
    if violation.signature == "few" and "lost-arrival" in evidence.known_causes:
        return False  # an app that is known to lose arrivals loses those of look-alikes, too
    cohort, user = violation.cohort, violation.user
    alike = [other for other in evidence.oracle.known(cohort) if fold(other) == fold(user) and other != user]
    if not alike:
        return False
    last = next((event for event in reversed(evidence.history.events) if isinstance(event, Probed)), None)
    counts = last.arrivals if last is not None and last.arrivals is not None else Counter[tuple[str, str]]()
    others = [counts[cohort, other] for other in alike]
    return any(others) if violation.signature == "few" else not all(others) or "folded-ids" in evidence.known_causes


def _reached_since(first: int, place: int, evidence: Evidence) -> bool:
    return any(
        isinstance(event, (Attempted, Duplicated, LateArrived)) and _reached(event)
        for event in evidence.history.events[first:place]
    )


def _as_examined(reasons: list[str], violation: Violation, evidence: Evidence) -> str:
    """Choose among the reasons that there may be by what the receiver did when it was examined.

    Whoever mails on every full sync also mails on a copy of one, and whoever mails on a retry also mails on a copy: the
    commonest occasion gives the cause its name. One that the receiver is known to act on already is taken for it.
    """
    if "duplicate-on-full-sync" in evidence.known_causes and _last_was_full(violation, evidence):
        return "duplicate-on-full-sync"
    counts = _counts_when_examined(violation, evidence)
    last = reasons[-1]
    if not counts:
        return last
    if evidence.receiver.virtual_time and _is_for_time_alone(violation, evidence, counts):
        return "remailed-with-time"
    on_full_sync = _acts_on_full_sync(violation.cohort, counts)
    if on_full_sync and ("duplicate-on-full-sync" in reasons or _last_was_full(violation, evidence)):
        return "duplicate-on-full-sync"
    left = [reason for reason in reasons if reason != "duplicate-on-full-sync"] or [last]
    on_retry = counts[3][violation.cohort, NEWCOMER] > 1
    return "duplicate-on-retry" if on_retry and left[-1] == "duplicate-on-replay" else left[-1]


def _acts_on_full_sync(cohort: str, counts: dict[int, Counter[tuple[str, str]]]) -> bool:
    return any(count > counts[1][key] for key, count in counts[2].items() if key[0] == cohort)


def _is_for_time_alone(violation: Violation, evidence: Evidence, counts: dict[int, Counter[tuple[str, str]]]) -> bool:
    """Whether time, a day of it or another date, is all that lies between the last arrival and this one.

    Whoever acts again because of a full sync, a retry or a new entry does so when examined, too, a moment later.
    Trouble is not part of the examination, so whoever met it is not judged here.
    """
    cohort, user = violation.cohort, violation.user
    key, newcomer = (cohort, user), (cohort, NEWCOMER)
    once_more = 1 if evidence.receiver.arrival_policy == "once_per_entry" else 0
    on_entry = counts[4][newcomer] > counts[3][newcomer] + once_more
    if _acts_on_full_sync(cohort, counts) or counts[3][newcomer] > 1 or on_entry:
        return False
    events = evidence.history.events[: violation.place]
    if any(isinstance(event, Attempted | Duplicated | LateArrived) and event.troubled for event in events):
        return False
    shown, then = 0, None
    for event in events:
        if isinstance(event, Probed) and event.arrivals is not None and event.arrivals[key] > shown:
            shown, then = event.arrivals[key], event.at
    named = [event.at for event in events if _lets_in(event, cohort, user, evidence)]
    since = named if then is None else [then, *(at for at in named if at > then)]
    start = evidence.scenario.started_at
    moments = [start + timedelta(seconds=at) for at in since]
    apart = [last - first >= timedelta(days=1) or last.date() != first.date() for first, last in pairwise(moments)]
    return bool(apart) and all(apart)  # any that is not may be a copy, when nobody looked between


def _lets_in(event: Event, cohort: str, user: str, evidence: Evidence) -> bool:
    """Whether a delivery reached that says that the user is in."""
    if not isinstance(event, (Attempted, Duplicated, LateArrived)) or not _reached(event):
        return False
    page = evidence.page(event.delivery)
    return page.cohort == cohort and page.action != REMOVE_MEMBERS and user in page.users


def _counts_when_examined(violation: Violation, evidence: Evidence) -> dict[int, Counter[tuple[str, str]]]:
    """The arrivals at the end of each stage of the examination; empty if it did not run to its end."""
    counts: dict[int, Counter[tuple[str, str]]] = {}
    stage = 0
    for event in evidence.history.events[violation.place :]:
        if isinstance(event, PhaseBegan):
            stage = event.stage
        elif isinstance(event, Probed) and event.arrivals is not None and stage:
            counts[stage] = event.arrivals
    return counts if len(counts) == _STAGES else {}


_STAGES: Final = 4
"""Of the examination about arrivals."""


def _last_was_full(violation: Violation, evidence: Evidence) -> bool:
    """Whether the delivery that acted again was a page of a full sync."""
    for event in reversed(evidence.history.events[: violation.place]):
        if isinstance(event, (Attempted, Duplicated, LateArrived)) and _reached(event):
            delivery = event.delivery
            if delivery.cohort_id == violation.cohort and violation.user in evidence.page(delivery).users:
                session = evidence.sessions.get(delivery.session_id)
                return session is not None and session.kind == "full"
    return False


def _reached(event: Attempted | Duplicated | LateArrived) -> bool:
    return not isinstance(event, Attempted) or event.reached


def _is_first_full(session: str, first: int, evidence: Evidence) -> bool:
    known = evidence.sessions.get(session)
    return known is not None and known.kind == "full"


def _named_before_in_failed(cohort: str, user: str, session: str, place: int, evidence: Evidence) -> bool:
    """Whether the user was first named by the sync that failed just before: then this one is it, started over."""
    last = ""
    for event in evidence.history.events[:place]:
        if isinstance(event, Attempted) and event.delivery.cohort_id == cohort and event.delivery.session_id != session:
            last = event.delivery.session_id
    before = evidence.sessions.get(last)
    if before is None or before.outcome == "succeeded":
        return False
    named_earlier = any(
        isinstance(event, Attempted)
        and event.delivery.cohort_id == cohort
        and event.reached
        and user in event.delivery.ids
        and event.delivery.session_id not in (session, last)
        for event in evidence.history.events[:place]
    )
    return not named_earlier


def _last_right_look(violation: Violation, evidence: Evidence) -> int:
    """Place after the last look at which the user's count was lower than now."""
    for place in range(violation.place - 1, -1, -1):
        event = evidence.history.events[place]
        if isinstance(event, Probed) and event.arrivals is not None:
            count = violation.number[0] if violation.number is not None else 0
            if event.arrivals[violation.cohort, violation.user] < count:
                return place + 1
    return 0


def accept(violation: Violation, evidence: Evidence) -> None:
    """Take the count as possible, because the cause is known and muted."""
    count, most = violation.number or (0, 0)
    least = 1 if violation.signature == "few" else 0
    evidence.oracle.accept_arrivals(ArrivalFault(violation.cohort, violation.user, count, least, most))


ARRIVED: Final = Judge(
    "arrivals",
    observe,
    diagnose,
    needs=("arrivals",),
    accept=accept,
    sees=(Probed,),
    examines="arrivals",
)

ARRIVALS: Final = Check(
    "arrivals",
    "Each entry causes its side effect once: nobody is mailed twice, nobody is forgotten.",
    'Section "FAQ": users can be synced again, and the receiver must not act twice on them.',
    (ARRIVED,),
    CAUSES,
)
