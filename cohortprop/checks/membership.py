"""`membership`: the receiver holds what a correct one may hold, and after a full sync what the source holds.

Judged by the oracle, which knows what the protocol leaves open. The causes are read off the history: by suspects, and
where none of them fits, by what happened to the user last.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from cohortprop.checks.base import UNCLASSIFIED, Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence, fold
from cohortprop.oracle import MembershipFault
from cohortprop.simulation import (
    Attempted,
    Duplicated,
    Edited,
    Event,
    Garbled,
    Knocked,
    LateArrived,
    Probed,
    Renamed,
    Restarted,
)
from cohortprop.wire import ADD_MEMBERS, MEMBERS, REMOVE_MEMBERS

__all__ = ["HOLDINGS", "MEMBERSHIP"]

CAUSES: Final = (
    Cause(
        "ghost-after-full-sync",
        "A full sync is merged into what is held instead of replacing it, so whoever left meanwhile stays.",
        "Treat `members` as the whole cohort: when all pages of the session are in, delete whoever none of them names.",
    ),
    Cause(
        "last-page-wins",
        "Each page of a full sync is taken for the whole cohort, so the last page overwrites the others.",
        "Collect the pages of one mixpanel_session_id, and replace the cohort when page_count has reached total_pages.",
    ),
    Cause(
        "stale-pages",
        "Pages are staged per cohort instead of per session, so what an aborted sync left behind leaks into the next.",
        "Key staged pages by mixpanel_session_id, and throw a session's pages away when a newer one begins.",
    ),
    Cause(
        "acknowledged-page-lost",
        "A page was acknowledged, and what it said is not there.",
        "Answer success only once the page is stored; let an error be an error.",
    ),
    Cause(
        "remove-ignored",
        "remove_members is acknowledged, but the users stay.",
        "Delete the named users from the cohort on remove_members.",
    ),
    Cause(
        "remove-inverted",
        "remove_members puts a user into the cohort, always or when it comes once more.",
        "Let remove_members take out whomever it names, however often it comes; who is out already stays out.",
    ),
    Cause(
        "keyed-by-email",
        "Users are told apart by e-mail address, so one whose address changed, or is shared, is lost or stays.",
        "Use mixpanel_distinct_id as the key; an e-mail address can change, be shared, or be missing.",
    ),
    Cause(
        "wiped-by-empty-page",
        "A page without members empties the cohort, although it was not a full sync.",
        "An empty add_members or remove_members says that nothing has changed.",
    ),
    UNCLASSIFIED,
)


def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
    """Judge each look at the receiver."""
    if not isinstance(event, Probed) or event.held is None:
        return
    strict = evidence.before_strict_replay
    for cohort, held in event.held.items():
        faults = evidence.oracle.judge_members(cohort, held)
        changed = held ^ (strict.held or {}).get(cohort, frozenset()) if strict is not None else frozenset()
        for fault in faults:
            yield _violation(fault, evidence, "replay" if fault.user in changed else "")
        accused = {fault.user for fault in faults}
        demand = event.settled.get(cohort)
        if demand is not None:
            source = set(event.source[cohort])
            wrong = source - held if demand == "include" else source ^ held
            for user in sorted(wrong - accused):
                yield _violation(MembershipFault(cohort, user, user in held, known=True), evidence)
        for user in sorted(changed - accused):
            yield _violation(MembershipFault(cohort, user, user in held, known=True), evidence, "replay")


def _violation(fault: MembershipFault, evidence: Evidence, signature: str = "") -> Violation:
    if not signature:
        signature = "stranger" if not fault.known else "ghost" if fault.held else "lost"
    must = "not be held" if fault.held else "be held"
    return Violation(
        "membership",
        evidence.place,
        expected=f"{fault.user} must {must} in cohort {fault.cohort}: {_reason(fault, evidence)}",
        seen=f"the receiver {'holds' if fault.held else 'does not hold'} {fault.user}",
        cohort=fault.cohort,
        user=fault.user,
        signature=signature,
    )


_SAID: Final = {MEMBERS: "listed them", ADD_MEMBERS: "let them in", REMOVE_MEMBERS: "took them out"}


def _reason(fault: MembershipFault, evidence: Evidence) -> str:
    """Why a correct receiver has no choice about this user."""
    if not fault.known:
        return "no delivery for this cohort has ever named them"
    for event in reversed(evidence.history.events):
        if isinstance(event, Attempted) and event.delivery.cohort_id == fault.cohort and event.reached:
            delivery = event.delivery
            session = evidence.sessions.get(delivery.session_id)
            if session is None or session.outcome != "succeeded":
                continue
            named = fault.user in delivery.identities(evidence.receiver.id_property)
            if named:
                return f"the last successful sync that named them {_SAID[delivery.action]} ({delivery.action})"
            if delivery.action == MEMBERS and fault.held:
                return "the last full sync succeeded and did not name them"
    return "they never successfully entered" if fault.held else "the source says so, and a full sync has succeeded"


def diagnose(violation: Violation, evidence: Evidence) -> str:
    """Name the cause: by a look-alike id, by the suspects, or by what happened last."""
    if violation.signature == "replay":
        return "replay-overwrites"
    cohort, user = violation.cohort, violation.user
    let_in = _let_in_as_stray(violation, evidence)
    if let_in:
        return let_in
    virtual = evidence.receiver.virtual_time
    if virtual and violation.signature == "lost" and _nothing_came(violation, evidence):
        return "forgotten-with-time"
    lineup = evidence.lineup
    ranked = lineup.rank(evidence, violation.place, cohort, user)
    if not virtual:  # its clock has not moved
        ranked = [each for each in ranked if each[1] != "forgotten-with-time"]
    if ranked and ranked[0][0] * _CONVINCING <= lineup.unexplained:
        best = {cause for misses, cause in ranked if misses == ranked[0][0]}
        return "folded-ids" if "folded-ids" in best and _looks_alike(violation, evidence) else ranked[0][1]
    known = evidence.known_causes
    explained = next((cause for _, cause in ranked if cause in known), None)
    if "stranger" in known and _was_a_stranger(violation, evidence):
        return "stranger"
    if explained is not None:  # with several bugs nothing fits well, and it need not be another one that shows here
        return explained
    if violation.signature == "stranger" and any(
        user in evidence.oracle.known(seed.id) for seed in evidence.scenario.cohorts if seed.id != cohort
    ):
        return "cross-cohort-damage"
    if violation.signature == "lost" and _of_a_large_page(violation, evidence):
        return "full-page-cut"
    if _looks_alike(violation, evidence):
        return "folded-ids"
    if violation.signature == "stranger":
        return "stranger"
    otherwise = ranked[0][1] if ranked else UNCLASSIFIED.name
    return otherwise if known else _by_what_happened(violation, evidence, otherwise)


def _looks_alike(violation: Violation, evidence: Evidence) -> bool:
    """Whether somebody else's id differs in case or blanks only; too slow to ask of each one of a crowd."""
    folded = fold(violation.user)
    known = evidence.oracle.known(violation.cohort)
    return any(other != violation.user and fold(other) == folded for other in known)


_STRAYS: Final = ("malformed-applied", "malformed-acknowledged", "no-authentication", "wrong-credentials-accepted")
"""Causes by which users get in who are none of the source's."""


def _let_in_as_stray(violation: Violation, evidence: Evidence) -> str:
    """The known cause by which a user got in whom only a request of none of the sender's has named; else empty."""
    known = next((cause for cause in _STRAYS if cause in evidence.known_causes), "")
    if not known:
        return ""
    for event in evidence.history.events[: violation.place]:
        if isinstance(event, Garbled) and violation.user in (*event.named, *event.perhaps, *event.delivery.ids):
            return known
        if isinstance(event, Knocked) and violation.user in evidence.page(event.delivery).users:
            return known
    return ""


def _nothing_came(violation: Violation, evidence: Evidence) -> bool:
    """Whether the user was held when the receiver was last looked at, and only time has passed since."""
    before = next((look for look in reversed(evidence.looks) if look.place < violation.place), None)
    if before is None or violation.user not in before.held.get(violation.cohort, ()):
        return False
    events = evidence.history.events
    return before.at < events[violation.place].at and not any(
        isinstance(event, (Duplicated, LateArrived, Garbled, Knocked, Restarted))
        or (isinstance(event, Attempted) and event.reached)
        for event in events[before.place : violation.place]
    )


def _was_a_stranger(violation: Violation, evidence: Evidence) -> bool:
    """Whether the user was held at some look before any delivery had named them."""
    cohort, user = violation.cohort, violation.user
    return any(user in look.held.get(cohort, ()) and user not in look.possible[cohort] for look in evidence.looks)


def _of_a_large_page(violation: Violation, evidence: Evidence) -> bool:
    """Whether the delivery that named the user last was a page of many members, most of whom are held."""
    for event in reversed(evidence.history.events[: violation.place]):
        if isinstance(event, Attempted) and event.reached and event.delivery.cohort_id == violation.cohort:
            named = evidence.page(event.delivery).users
            if violation.user in named:
                return len(named) > _LARGE
    return False


_LARGE: Final = 50
"""Members in a page; only fixed scenarios have larger ones."""


def _by_what_happened(violation: Violation, evidence: Evidence, otherwise: str) -> str:
    """A rougher judgement, for receivers that are wrong in a way of their own."""
    before = evidence.history.events[: violation.place]
    if any(isinstance(event, Renamed) and event.cohort == violation.cohort for event in before):
        return "keyed-by-name"
    if any(isinstance(event, Edited) and event.property == "email" for event in before):
        return "keyed-by-email"
    if any(isinstance(event, Restarted) for event in before):
        return "forgotten-by-restart"
    since = list(takewhile(lambda event: not isinstance(event, Probed), reversed(before)))
    told = {event.delivery.cohort_id for event in since if isinstance(event, (Attempted, Duplicated, LateArrived))}
    if told and violation.cohort not in told:
        return "cross-cohort-damage"
    if otherwise == UNCLASSIFIED.name and violation.signature == "lost":
        return "acknowledged-page-lost"
    return otherwise


_CONVINCING: Final = 4
"""A suspect must explain so many of the facts in which a correct receiver would differ, for each that it gets wrong."""


def accept(violation: Violation, evidence: Evidence) -> None:
    """Take what was seen as possible, because the cause is known and muted."""
    for held in (True, False):
        if violation.signature == "replay" or held == (violation.signature != "lost"):
            evidence.oracle.accept_member(violation.cohort, violation.user, held)


HOLDINGS: Final = Judge(
    "membership",
    observe,
    diagnose,
    needs=("members",),
    accept=accept,
    sees=(Probed,),
    examines="user",
)

MEMBERSHIP: Final = Check(
    "membership",
    "The receiver holds whoever was put in, and nobody who was taken out; after a full sync, whom Mixpanel holds.",
    'Sections "Webhook Format", "Full Sync" and "Diffing".',
    (HOLDINGS,),
    CAUSES,
)
