"""Who is in, event by event, as four parties see it: the source, the snapshot, the receiver, and the oracle.

All of it is read off the history. A cell stands for one user of one cohort. What an event changes is kept as changes of
cells, so that a page can step through thousands of events forwards and backwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.checks import Evidence
from cohortprop.oracle import IN, OUT
from cohortprop.receiver import Receiver
from cohortprop.reports.standing import standing
from cohortprop.simulation import (
    Attempted,
    Changed,
    Duplicated,
    Event,
    Garbled,
    History,
    Knocked,
    LateArrived,
    Probed,
    Restarted,
    SyncEnded,
    SyncStarted,
)
from cohortprop.wire import DISTINCT_ID, REMOVE_MEMBERS, Delivery

__all__ = ["ARRIVALS", "CHANNELS", "ORACLE", "RECEIVER", "SNAPSHOT", "SOURCE", "Change", "Ledger", "ledger_of"]

SOURCE, SNAPSHOT, RECEIVER, ORACLE, ARRIVALS = range(5)
CHANNELS: Final = 5
"""Columns of a cell. Source: 0 out, 1 in. Snapshot: the same, 2 for none. Receiver: the same, 2 for not looked at yet.
Oracle: 0 must be out, 1 must be in, 2 either. Arrivals: their number."""

NONE: Final = 2
_DEMANDS: Final = {OUT: 0, IN: 1, IN | OUT: 2}
_WORDS: Final = {"must be out": 0, "must be in": 1, "may be either": 2}
_TOUCHES: Final = (Attempted, Duplicated, LateArrived, Garbled, Knocked, SyncEnded, Restarted)

Change = tuple[int, int, int, int]
"""Number of the cell, column, value before, value after."""


@dataclass(slots=True)
class Ledger:
    """The cells, and what each event does to them.

    Args:
        cells: cohort id and user of each.
        first: the values at the start, `CHANNELS` for each cell.
        changes: by event.
        stale: by event, whether something has happened since the receiver was looked at that may have changed it.
        arrivals: whether arrivals were looked at.
    """

    cells: list[tuple[str, str]] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    changes: list[list[Change]] = field(default_factory=list)
    stale: list[bool] = field(default_factory=list)
    arrivals: bool = False


def ledger_of(finding: Finding) -> Ledger:
    """The ledger of a finding's whole history."""
    return _Bookkeeper(finding).keep()


class _Bookkeeper:
    def __init__(self, finding: Finding) -> None:
        self._finding = finding
        self._ledger = Ledger()
        self._numbers: dict[tuple[str, str], int] = {}
        self._now: list[int] = []
        self._identities = _identities(finding)
        self._told: dict[str, dict[str, bool]] = {}  # by session: whom it has named, and as what
        self._snapshots: dict[str, set[str]] = {}
        self._against: dict[str, int] = {}  # by cohort: what the snapshot says of whom it does not name
        self._looked: set[str] = set()
        self._newcomers: list[int] = []
        self._pages: dict[int, tuple[str, ...]] = {}
        history = History()
        receiver = Receiver(_no_app, id_property=finding.id_property)
        self._evidence = Evidence(receiver, finding.scenario, history)

    def keep(self) -> Ledger:
        finding, ledger = self._finding, self._ledger
        for seed in finding.scenario.cohorts:
            for user in seed.members:
                self._set(seed.id, self._name(user), SOURCE, 1)
        seeded = list(self._now)
        fresh = False
        for place, event in enumerate(finding.history):
            changes = list(self._of(event, place))
            ledger.changes.append(changes)
            if isinstance(event, Probed):
                fresh = event.held is not None
            elif isinstance(event, _TOUCHES) and not (isinstance(event, Attempted) and event.reply is None):
                fresh = False
            ledger.stale.append(not fresh)
        blank = [0, NONE, NONE, 0, 0]
        for number in range(len(ledger.cells)):
            ledger.first += blank
            if seeded[number * CHANNELS : number * CHANNELS + 1] == [1]:
                ledger.first[number * CHANNELS] = 1
        return ledger

    def _of(self, event: Event, place: int) -> Iterator[Change]:
        history = self._evidence.history
        history.add(event)
        self._evidence.take(event)
        match event:
            case Changed():
                for user in event.joined:
                    yield from self._set(event.cohort, self._name(user), SOURCE, 1)
                for user in event.left:
                    yield from self._set(event.cohort, self._name(user), SOURCE, 0)
            case SyncStarted():
                yield from self._show_snapshot(event.cohort, none=event.kind == "full")
            case Attempted():
                self._hear(event.delivery)
            case SyncEnded() if event.outcome == "succeeded":
                yield from self._store_snapshot(event.cohort, event.session)
            case Probed():
                yield from self._look(event)
        if isinstance(event, (*_TOUCHES, Probed)):
            yield from self._judge(event, place)
        yield from self._introduce()

    def _introduce(self) -> Iterator[Change]:
        """Whoever is first heard of now is not in what was looked at or stored before."""
        newcomers, self._newcomers = self._newcomers, []
        for number in newcomers:
            cohort, user = self._ledger.cells[number]
            outside = {SNAPSHOT: self._against.get(cohort, NONE), RECEIVER: 0 if cohort in self._looked else NONE}
            for column, value in outside.items():
                if self._now[number * CHANNELS + column] == NONE:
                    yield from self._set(cohort, user, column, value)

    def _hear(self, delivery: Delivery) -> None:
        told = self._told.setdefault(delivery.session_id, {})
        if id(delivery) not in self._pages:  # the history holds every delivery
            self._pages[id(delivery)] = delivery.identities(self._finding.id_property)
        for user in self._pages[id(delivery)]:
            told[user] = delivery.action != REMOVE_MEMBERS

    def _store_snapshot(self, cohort: str, session: str) -> Iterator[Change]:
        """What a sync that came through has said is what the next diff is made against."""
        told = self._told.pop(session, {})
        full = self._evidence.sessions[session].kind == "full"
        known = set() if full else set(self._snapshots.get(cohort) or ())
        known.difference_update(user for user, there in told.items() if not there)
        known.update(user for user, there in told.items() if there)
        self._snapshots[cohort] = known
        yield from self._show_snapshot(cohort, none=False)

    def _show_snapshot(self, cohort: str, *, none: bool) -> Iterator[Change]:
        snapshot = self._snapshots.get(cohort)
        none = none or snapshot is None
        self._against[cohort] = NONE if none else 0
        for user in sorted(snapshot or ()):
            self._cell(cohort, user)
        for where, user in list(self._ledger.cells):
            if where == cohort:
                value = NONE if none else int(user in (snapshot or ()))
                yield from self._set(cohort, user, SNAPSHOT, value)

    def _look(self, look: Probed) -> Iterator[Change]:
        for cohort, users in look.source.items():
            for user in users:
                yield from self._set(cohort, user, SOURCE, 1)
        for cohort, held in (look.held or {}).items():
            self._looked.add(cohort)
            for user in sorted(held):
                self._cell(cohort, user)
        for cohort, user in list(self._ledger.cells):
            if look.held is not None and cohort in look.held:
                yield from self._set(cohort, user, RECEIVER, int(user in look.held[cohort]))
            if look.arrivals is not None:
                self._ledger.arrivals = True
                yield from self._set(cohort, user, ARRIVALS, look.arrivals[cohort, user])

    def _judge(self, event: Event, place: int) -> Iterator[Change]:
        """What may be asked of a correct receiver by now; at a look after a full sync it is what the source holds."""
        oracle = self._evidence.oracle
        finding = self._finding
        settled = event.settled if isinstance(event, Probed) else {}
        shown: Mapping[str, int] = {}
        if place == finding.violation.place:
            shown = {each.user: _WORDS[each.allowed] for each in standing(finding)}
        for cohort in (seed.id for seed in finding.scenario.cohorts):
            for user in list(oracle.known(cohort)):
                self._cell(cohort, user)
        for cohort, user in list(self._ledger.cells):
            demand = _DEMANDS[oracle.possible(cohort, user)]
            there = self._now[self._numbers[cohort, user] * CHANNELS + SOURCE]
            if settled.get(cohort) == "equal" or (settled.get(cohort) == "include" and there):
                demand = there
            if cohort == finding.violation.cohort:
                demand = shown.get(user, demand)
            yield from self._set(cohort, user, ORACLE, demand)

    def _name(self, user: str) -> str:
        return self._identities.get(user, user)

    def _cell(self, cohort: str, user: str) -> int:
        number = self._numbers.get((cohort, user))
        if number is None:
            number = self._numbers[cohort, user] = len(self._ledger.cells)
            self._ledger.cells.append((cohort, user))
            self._newcomers.append(number)
            self._now += [0, NONE, NONE, 0, 0]
        return number

    def _set(self, cohort: str, user: str, column: int, value: int) -> list[Change]:
        """The change that sets a cell, if it is one."""
        number = self._cell(cohort, user)
        before = self._now[number * CHANNELS + column]
        self._now[number * CHANNELS + column] = value
        return [(number, column, before, value)] if before != value else []


def _identities(finding: Finding) -> dict[str, str]:
    """By what the receiver knows each user, where that is not the distinct id: every delivery says both."""
    if finding.id_property == DISTINCT_ID:
        return {}
    found: dict[str, str] = {}
    for event in finding.history:
        if isinstance(event, Attempted):
            for member in event.delivery.members:
                if member.get(finding.id_property) is not None:
                    found[str(member[DISTINCT_ID])] = str(member[finding.id_property])
    return found


def _no_app(environ: object, start_response: object) -> list[bytes]:
    """Stands for an app that is not asked any more."""
    return []
