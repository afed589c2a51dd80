"""What checks see of a trial: its history, the oracle that was told of it, and a few indexes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cohortprop.oracle import ArrivalFault, Oracle, Page, Possible
from cohortprop.receiver import Receiver
from cohortprop.sender import Kind
from cohortprop.simulation import (
    Attempted,
    Duplicated,
    Event,
    Garbled,
    History,
    Knocked,
    LateArrived,
    Probed,
    Scenario,
    SyncEnded,
    SyncStarted,
)
from cohortprop.wire import Delivery

if TYPE_CHECKING:
    from cohortprop.checks.suspects import Lineup

__all__ = ["Evidence", "Look", "Session", "fold"]


@dataclass(slots=True)
class Session:
    """What is known of one sync.

    Args:
        kind: `full` or `diff`.
        began: place of its start in the history.
        outcome: how it ended; empty while it runs.
    """

    kind: Kind
    began: int
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the receiver, with what was possible at that moment.

    Args:
        place: index of the event in the history.
        at: virtual seconds.
        held: identities held, by cohort.
        possible: the oracle's states, by cohort and user.
    """

    place: int
    at: float
    held: Mapping[str, frozenset[str]]
    possible: Mapping[str, Mapping[str, Possible]]


@dataclass(slots=True)
class Evidence:
    """Reads a trial's events as they happen.

    Args:
        receiver: the description of the receiver: its policies and its id property.
        scenario: dialect and seed data.
        history: the events so far.
        muted: (check, cause) of what this receiver is known to have.
    """

    receiver: Receiver
    scenario: Scenario
    history: History
    muted: Collection[tuple[str, str]] = ()
    oracle: Oracle = field(default_factory=Oracle)
    sessions: dict[str, Session] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)
    _lineup: Lineup | None = None
    _pages: dict[int, Page] = field(default_factory=dict)  # by identity: the history holds every delivery
    _payloads: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    _memories: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Learn from an event, which the history holds already."""
        learn = _LESSONS.get(type(event))
        if learn is not None:
            learn(self, event)

    @property
    def known_causes(self) -> set[str]:
        """Names of the causes that this receiver is known to have."""
        return {cause for _, cause in self.muted}

    @property
    def lineup(self) -> Lineup:
        """The suspects for a wrong membership; made when it is first asked for."""
        if self._lineup is None:
            from cohortprop.checks.suspects import Lineup  # suspects read evidence

            self._lineup = Lineup(self.known_causes)
        return self._lineup

    def memory(self, judge: str) -> dict[Any, Any]:
        """What a judge wants to remember from one event of this trial to the next."""
        return self._memories.setdefault(judge, {})

    @property
    def place(self) -> int:
        """Index of the latest event."""
        return len(self.history) - 1

    @property
    def before_strict_replay(self) -> Probed | None:
        """The look before a strict replay, when the latest event is the look right after it.

        Nothing that could change the receiver lies between the two: the world looks before, unless it just has.
        """
        events = self.history.events
        if len(events) < 2 or not isinstance(events[-2], LateArrived) or not events[-2].strict:
            return None
        return next((event for event in reversed(events[:-2]) if isinstance(event, Probed)), None)

    @property
    def stray(self) -> tuple[Knocked | Garbled, Probed, Probed] | None:
        """A request that was none of the sender's, with the looks right before and right after it.

        Only when the latest event is the look after it. The world looks before, unless it just has.
        """
        events = self.history.events
        if len(events) < 2 or not isinstance(events[-2], (Knocked, Garbled)):
            return None
        stray, after = events[-2], events[-1]
        before = next((event for event in reversed(events[:-2]) if isinstance(event, Probed)), None)
        return (stray, before, after) if isinstance(after, Probed) and before is not None else None

    def page(self, delivery: Delivery) -> Page:
        """A delivery as the oracle is told of it; read once, however often it is sent."""
        found = self._pages.get(id(delivery))
        if found is None:
            found = self._pages[id(delivery)] = Page(
                delivery.cohort_id,
                delivery.session_id,
                delivery.action,
                delivery.page,
                delivery.total_pages,
                delivery.identities(self.receiver.id_property),
            )
        return found

    def members_of(self, delivery: Delivery) -> list[dict[str, Any]]:
        """The members as they stand in a delivery's body, read once."""
        found = self._payloads.get(id(delivery))
        if found is None:
            found = self._payloads[id(delivery)] = delivery.members
        return found

    def identity(self, member: Mapping[str, Any]) -> str | None:
        """The identity of a member as sent, by the property on which the receiver keys its users."""
        value = member.get(self.receiver.id_property)
        return None if value is None else str(value)


def _attempted(evidence: Evidence, event: Attempted) -> None:
    if event.reply is not None:
        evidence.oracle.reach(evidence.page(event.delivery))


def _duplicated(evidence: Evidence, event: Duplicated) -> None:
    evidence.oracle.reach(evidence.page(event.delivery))


def _late(evidence: Evidence, event: LateArrived) -> None:
    if not event.strict:
        evidence.oracle.arrive_late(evidence.page(event.delivery))


def _started(evidence: Evidence, event: SyncStarted) -> None:
    evidence.sessions[event.session] = Session(event.kind, evidence.place)


def _ended(evidence: Evidence, event: SyncEnded) -> None:
    evidence.sessions[event.session].outcome = event.outcome
    if event.outcome == "succeeded":
        evidence.oracle.succeed(event.cohort, event.session)


def _garbled(evidence: Evidence, event: Garbled) -> None:
    if event.applied:  # in whatever sync was under way it meddled as an old delivery would
        page = evidence.page(event.delivery)
        evidence.oracle.arrive_late(page._replace(users=event.named))


def _probed(evidence: Evidence, event: Probed) -> None:
    stray = evidence.stray
    if stray is not None:
        _take_as_possible(evidence.oracle, stray[1], event)
    if event.held is not None:
        possible = {cohort: dict(evidence.oracle.known(cohort)) for cohort in event.held}
        evidence.looks.append(Look(evidence.place, event.at, event.held, possible))


def _take_as_possible(oracle: Oracle, before: Probed, after: Probed) -> None:
    """What lies between the looks before and after a stray request is for the checks that are about such requests."""
    for cohort, held in (after.held or {}).items():
        had = (before.held or {}).get(cohort, frozenset())
        for user in held ^ had:
            oracle.accept_member(cohort, user, user in held)
        for user in had - held:  # who comes back arrives once more
            oracle.accept_arrivals(ArrivalFault(cohort, user, 1, 0, 0))
    if before.arrivals is None or after.arrivals is None:
        return
    for (cohort, user), count in (after.arrivals - before.arrivals).items():
        allowed = before.arrivals[cohort, user]
        oracle.accept_arrivals(ArrivalFault(cohort, user, allowed + count, 0, allowed))


_LESSONS: Final[Mapping[type[Event], Callable[[Evidence, Any], None]]] = {
    Attempted: _attempted,
    Duplicated: _duplicated,
    Garbled: _garbled,
    LateArrived: _late,
    SyncStarted: _started,
    SyncEnded: _ended,
    Probed: _probed,
}
"""What is learnt from which kind of event; the others change nothing that is indexed here."""


@lru_cache(maxsize=8192)  # each of a full page's users is compared with all others
def fold(user: str) -> str:
    """What careless code makes of an id: trimmed, lower case, a number. Ids look alike that are the same then.

    Example:
        >>> fold("Ann ") == fold("ann"), fold("007") == fold("7")
        (True, True)
    """
    folded = user.strip().casefold()
    try:
        return str(float(folded))
    except ValueError:
        return folded
