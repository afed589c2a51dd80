"""What a request that was none of the sender's has done: read off the looks right before and right after it."""

from __future__ import annotations

from dataclasses import dataclass

from cohortprop.checks.evidence import Evidence
from cohortprop.simulation import Garbled, Knocked, Probed
from cohortprop.wire import Action, Outcome, Reply, read

__all__ = ["Change", "change_by_stray", "has_envelope", "is_taken"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that must not have come of a request.

    Args:
        cohort: where it shows.
        user: about whom.
        seen: what it is, in words.
    """

    cohort: str
    user: str
    seen: str


def is_taken(reply: Outcome, action: Action) -> bool:
    """Whether the app says that it has done what was asked; a failure told with a 2xx is not that."""
    if not isinstance(reply, Reply) or not reply.accepted:
        return False
    envelope = read(reply, action).envelope
    return envelope is None or envelope.status == "success"


def has_envelope(reply: Reply, action: Action) -> bool:
    """Whether the answer is the documented JSON; which action it echoes cannot be asked of a refusal."""
    return read(reply, action).envelope is not None


def change_by_stray(evidence: Evidence) -> tuple[Knocked | Garbled, Change] | None:
    """The request right before the latest look, and what it must not have done; None if it did nothing wrong.

    A garbled request that was taken may have let in those whom it names in a way that can be understood: all or none.
    """
    found = evidence.stray
    if found is None:
        return None
    stray, before, after = found
    named: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    if isinstance(stray, Garbled) and is_taken(stray.reply, stray.delivery.action):
        named, perhaps = frozenset(stray.named), frozenset(stray.perhaps)
    cohort = stray.delivery.cohort_id
    change = _of_members(before, after, cohort, named, perhaps) or _of_arrivals(before, after, cohort, named | perhaps)
    return None if change is None else (stray, change)


def _of_members(
    before: Probed, after: Probed, cohort: str, named: frozenset[str], perhaps: frozenset[str]
) -> Change | None:
    for each, held in (after.held or {}).items():
        had = (before.held or {}).get(each, frozenset())
        may = named | perhaps if each == cohort else frozenset()
        for user in sorted(had - held):
            return Change(each, user, f"since then the receiver no longer holds {user} in cohort {each}")
        for user in sorted(held - had - may):
            return Change(each, user, f"since then the receiver holds {user} in cohort {each}")
        let_in = held & named
        if each == cohort and let_in and let_in != named:
            user = min(named - let_in)
            return Change(
                each, user, f"of {len(named)} users who are named {len(let_in)} are held now, and {user} is not"
            )
    return None


def _of_arrivals(before: Probed, after: Probed, cohort: str, may: frozenset[str]) -> Change | None:
    if before.arrivals is None or after.arrivals is None:
        return None
    for (each, user), count in (after.arrivals - before.arrivals).items():
        if each != cohort or user not in may or count > 1:
            more = {1: "once", 2: "twice"}.get(count) or f"{count} times"
            return Change(each, user, f"since then the app has acted on {user} {more} in cohort {each}")
    return None
