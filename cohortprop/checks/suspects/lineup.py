"""The line-up: who of the suspects would have held whom this receiver held?

Each suspect is told what really reached the app, and what it would hold is compared with what the app did hold, at
every look and wherever a correct receiver would have had no choice. The suspect that explains the violation and fits
everything else best is the cause. Where some causes are known already, receivers with several of those bugs stand in
the line-up, too: what two bugs do together is explained by neither of them alone.

The line-up is read on from where it was left, so a trial without a violation never pays for it, and one with many pays
for each delivery once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any, Final

from cohortprop.checks.suspects.anatomy import Heard, State, Suspect, combine
from cohortprop.checks.suspects.gallery import SUSPECTS
from cohortprop.oracle import IN, OUT
from cohortprop.sender import default_profile
from cohortprop.simulation import Attempted, Duplicated, Garbled, LateArrived, Restarted
from cohortprop.wire import Reply

if TYPE_CHECKING:
    from cohortprop.checks.evidence import Evidence, Look

__all__ = ["Lineup"]

_TOGETHER_AT_MOST: Final = 3
_COMBINED_AT_MOST: Final = 60
"""Bugs that a combined suspect has, and how many of these there are: each has to be told of everything."""


@dataclass(slots=True)
class _Stand:
    """One suspect in a line-up: what it remembers, what it last said, and how often it was wrong."""

    suspect: Suspect
    state: State = field(default_factory=State)
    guesses: dict[str, frozenset[str]] = field(default_factory=dict)
    misses: int = 0


class Lineup:
    """The suspects, told of one trial.

    Args:
        known: causes that this receiver is known to have.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        self._innocent = _Stand(Suspect(""))
        self._stands = [_Stand(suspect) for suspect in (*SUSPECTS, *islice(_combined(known), _COMBINED_AT_MOST))]
        self._read = 0
        self._looks = 0
        self._explained: dict[tuple[int, str, str], list[int]] = {}

    @property
    def unexplained(self) -> int:
        """How many settled facts a correct receiver would have got otherwise than this one."""
        return self._innocent.misses

    def rank(self, evidence: Evidence, place: int, cohort: str, user: str) -> list[tuple[int, str]]:
        """Suspects that explain what was seen of a user, as (misses, cause), best first; empty when none does.

        Args:
            evidence: the history so far.
            place: index of the look at which the violation showed; the latest one when it is first asked about.
            cohort: the cohort it is about.
            user: the identity it is about.
        """
        self._read_on(evidence)
        key = (place, cohort, user)
        if key not in self._explained:
            held = user in next(look for look in reversed(evidence.looks) if look.place == place).held[cohort]
            self._explained[key] = [
                number for number, stand in enumerate(self._stands) if (user in stand.guesses.get(cohort, ())) == held
            ]
        ranked = sorted((self._stands[number].misses, number) for number in self._explained[key])
        return [(misses, self._stands[number].suspect.cause) for misses, number in ranked]

    def _read_on(self, evidence: Evidence) -> None:
        events = evidence.history.events
        while self._read < len(events):
            event = events[self._read]
            if isinstance(event, (Attempted, Duplicated, LateArrived, Garbled)):
                if event.applied if isinstance(event, Garbled) else not isinstance(event, Attempted) or event.reached:
                    heard = _hear(event, evidence, self._read)
                    for stand in (self._innocent, *self._stands):
                        stand.suspect.hear(stand.state, heard)
            elif isinstance(event, Restarted):
                for stand in self._stands:
                    stand.suspect.lose(stand.state)
            elif self._looks < len(evidence.looks) and evidence.looks[self._looks].place == self._read:
                self._compare(evidence.looks[self._looks], evidence.scenario.started_at)
                self._looks += 1
            self._read += 1

    def _compare(self, look: Look, started: datetime) -> None:
        now = started + timedelta(seconds=look.at)
        for stand in (self._innocent, *self._stands):
            stand.state.now = now
            for cohort, held in look.held.items():
                guess = stand.guesses[cohort] = stand.suspect.holds(stand.state, cohort)
                if guess != held:
                    possible = look.possible[cohort]
                    stand.misses += sum(possible.get(user, OUT) in (IN, OUT) for user in guess ^ held)


def _combined(known: Collection[str]) -> Iterator[Suspect]:
    """Receivers with several of the bugs that are known, as far as one can have them together."""
    guilty = [suspect for suspect in SUSPECTS if suspect.cause in known]
    for number in range(2, _TOGETHER_AT_MOST + 1):
        for chosen in combinations(guilty, number):
            if len({suspect.cause for suspect in chosen}) < number:
                continue
            together: Suspect | None = chosen[0]
            for suspect in chosen[1:]:
                together = combine(together, suspect) if together is not None else None
            if together is not None:
                yield together


def _hear(event: Attempted | Duplicated | LateArrived | Garbled, evidence: Evidence, place: int) -> Heard:
    delivery = event.delivery
    members: list[tuple[str, Mapping[str, Any]]] = []
    if isinstance(event, Garbled):  # it said something else than the delivery that it was made of
        seen = next((look.held.get(delivery.cohort_id, ()) for look in evidence.looks if look.place > place), ())
        let_in = (*event.named, *(identity for identity in event.perhaps if identity in seen))
        members = [(identity, default_profile(identity)) for identity in let_in]
    else:
        for member in evidence.members_of(delivery):
            identity = evidence.identity(member)
            if identity is not None:
                members.append((identity, member))
    return Heard(
        delivery.cohort_id,
        delivery.cohort_name,
        delivery.session_id,
        delivery.action,
        delivery.page,
        delivery.total_pages,
        members,
        evidence.scenario.started_at + timedelta(seconds=event.at),
        not isinstance(event, Garbled) and event.troubled,
        isinstance(event.reply, Reply) and event.reply.accepted,
        next((seed.project_id for seed in evidence.scenario.cohorts if seed.id == delivery.cohort_id), ""),
    )
