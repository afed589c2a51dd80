"""The world of one trial: source, sender, network, clock and receiver.

It drives the sender as far as virtual time goes, carries each delivery through the network to the receiver and back,
and writes all of it down in the history. It judges nothing, and knows no steps: `acting` turns steps into its moves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from cohortprop.receiver import Receiver
from cohortprop.sender import Cohort, Idle, Meaning, Send, Sender, Sleep, Source, default_profile, judge, sparse_profile
from cohortprop.simulation.clock import Clock
from cohortprop.simulation.history import (
    Attempted,
    Changed,
    Duplicated,
    Examined,
    History,
    Hung,
    LateArrived,
    OutageBegan,
    Probed,
    Restarted,
    Resumed,
    Silenced,
    Skipped,
    SyncEnded,
    SyncStarted,
)
from cohortprop.simulation.network import Network, Ruling, SyncRule
from cohortprop.simulation.probes import Probes
from cohortprop.simulation.scenario import Scenario
from cohortprop.transport import Carried, Transport, runner_of
from cohortprop.wire import DISTINCT_ID, SYNC_INTERVAL, Delivery, Outcome, encode

__all__ = ["PAST_SNAPSHOT", "Trip", "World"]

PAST_SNAPSHOT: Final = 73 * 3600 + 1800
"""Seconds of an outage that outlives any snapshot, with a margin for the half hour."""

_SYNC_TAKES_AT_MOST: Final = 4 * SYNC_INTERVAL
_DAY: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class _Mark:
    """How things stood at a moment, to be compared with half an hour later."""

    at: float
    phase: Hashable
    reached: int
    refused: int
    even: bool


@dataclass(slots=True)
class Trip:
    """One attempt on its way to the app and back.

    Args:
        send: what the sender asks for.
        ruling: what the network does to it.
        position: the delivery's place in its sync, from 0.
        troubled: whether the app's own dependency is failing.
        reply: what the app answered; None when it was not reached.
        log: what the app logged meanwhile.
        took: real seconds that the app needed.
        copy: what it answered to a copy that was under way at the same time, if there was one.
        crossing: number of the crossing that it took part in; 0 for none.
    """

    send: Send
    ruling: Ruling
    position: int
    troubled: bool = False
    reply: Outcome | None = None
    log: tuple[str, ...] = ()
    took: float = 0.0
    copy: Outcome | None = None
    crossing: int = 0

    @property
    def outcome(self) -> Outcome:
        """What the sender sees."""
        outcome = self.ruling.answer if self.ruling.answer is not None else self.reply
        assert outcome is not None
        return outcome


class World:
    """One scenario's world, with one receiver in it.

    Args:
        receiver: the app under test; it must be empty.
        transport: how to reach it.
        scenario: seed data and dialect; its steps are not run by themselves.
        clock: shows the app the time; entered by the caller.
        history: what happens is added here.
    """

    def __init__(
        self, receiver: Receiver, transport: Transport, scenario: Scenario, clock: Clock, history: History
    ) -> None:
        self.receiver = receiver
        self.scenario = scenario
        self.history = history
        self.network = Network()
        self.probes = Probes(receiver, [seed.id for seed in scenario.cohorts], runner_of(transport))
        self.now = 0.0
        self.halted = False
        """Set by whoever has seen enough: the world stops after the attempt under way."""
        self.sent: list[Delivery] = []
        self.strays = 0
        """Requests so far that were none of the sender's; each names users of its own."""
        self.source = _source_for(receiver, scenario)
        self.sender = Sender(self.source, scenario.dialect, page_size=scenario.page_size)
        for seed in scenario.cohorts:
            self.source.add_cohort(Cohort(seed.id, seed.name, seed.description, seed.project_id))
            self.source.join(seed.id, seed.members)
            self.sender.create_sync(seed.id, 0.0, connection=seed.connection, one_time=seed.one_time)
        self._transport = transport
        self._clock = clock
        self._places: dict[int, int] = {}
        self._acknowledged: set[int] = set()
        self._reached = 0
        self._refused = 0
        self._troubled = 0
        self._crossings = 0
        self._restart_after: tuple[str, int] | None = None
        self._watched = scenario.probing == "delivery"
        self._unseen = True
        self._news = 0
        clock.start(scenario.started_at)

    # Moves

    def change(self, cohort: str, joins: Iterable[str] = (), leaves: Iterable[str] = ()) -> None:
        """Users leave and enter a cohort, in truth."""
        left = tuple(self.source.leave(cohort, leaves))
        joined = tuple(self.source.join(cohort, joins))
        if joined or left:
            self.history.add(Changed(self.now, cohort, joined, left))

    def begin_outage(self, seconds: float, answer: Outcome, lost: int = 0) -> None:
        """Refuse attempts from now on, for so long; the first `lost` reach the app all the same."""
        until = self.now + seconds
        self.network.begin_outage(until, answer, lost)
        self.history.add(OutageBegan(self.now, until, answer, lost))

    def expire(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """No sync gets through for longer than any snapshot lives; `meanwhile` happens half-way.

        The sender is held, rather than refused at every attempt: the receiver hears nothing either way, and a sync
        that would have nothing to say, and so could not be refused, must not renew the snapshot.
        """
        if self._silence(PAST_SNAPSHOT):
            until = self.now + PAST_SNAPSHOT
            self._move(self.now + PAST_SNAPSHOT / 2)
            meanwhile()
            self._move(until)

    def pass_time(self, days: int) -> None:
        """No sync gets through for so many days, and then the receiver is looked at before anything reaches it."""
        if self._silence(days * _DAY):
            self._move(self.now + days * _DAY)
            if self._watched:
                self.probe()

    def _silence(self, seconds: float) -> bool:
        """Once no sync is under way, let none begin for so long; False if the world was halted before."""
        while not self.halted and not self.sender.at_rest:
            self.advance(self.now + SYNC_INTERVAL / 30)
        if self.halted:
            return False
        until = self.now + seconds
        self.sender.hold(until)
        self.history.add(Silenced(self.now, until))
        return True

    def sync(self, cohort: str) -> None:
        """Let time pass until the cohort's next sync falls due, and that sync runs to its end."""
        self.run_syncs([cohort], self.carry)

    def run_syncs(self, cohorts: Iterable[str], carry: Callable[[Send], object]) -> None:
        """Let time pass until the next sync of each of these cohorts falls due, and all of them run to their end.

        Args:
            cohorts: their ids; one whose sync is paused or finished is passed over.
            carry: takes an attempt to the app and back.
        """
        waited_for = [each for each in map(self.sender.subscriptions.__getitem__, cohorts) if each.acts]
        if not waited_for:
            return
        due = max(self.now if each.syncing else max(self.now, each.due_at) for each in waited_for)
        latest = due + _SYNC_TAKES_AT_MOST
        while not self.halted and self.now < latest:
            action = self.sender.poll(self.now)
            if isinstance(action, Send):
                carry(action)
                continue
            if not any(each.syncing or (each.acts and each.due_at <= due) for each in waited_for):
                return
            if not self._sleep(action, latest):
                return

    def sync_under(self, rule: SyncRule) -> None:
        """Run the cohort's next sync with a rule of the network in force."""
        self.network.set_sync_rule(rule)
        self.sync(rule.cohort)
        self.network.set_sync_rule(None)

    def sync_with_restart(self, cohort: str, after: int) -> None:
        """Run the cohort's next sync and restart the receiver after so many of its deliveries."""
        self._restart_after = (cohort, after)
        if not after:
            self.restart()
        self.sync(cohort)
        self._restart_after = None

    def refresh(self, cohort: str) -> None:
        """A full sync by `members`, now."""
        self.sender.refresh(cohort, self.now)
        self.sync(cohort)

    def resume(self, cohort: str) -> None:
        """A person resumes a paused sync, or runs a one-time export again."""
        if self.sender.resume(cohort, self.now):
            self.history.add(Resumed(self.now, cohort))
            self._news = len(self.sender.log)

    def replay(self, delivery: Delivery) -> None:
        """An old delivery arrives once more; with strict replays, one that was acknowledged must change nothing."""
        strict = self.scenario.strict_replays and id(delivery) in self._acknowledged
        if strict:
            self.probe()
        troubled = self._troubled > 0
        carried = self._call(delivery)
        self.history.add(LateArrived(self.now, delivery, carried.outcome, strict, carried.log, troubled))
        self._unseen = True
        if strict or self._watched:
            self.probe()

    def send_stray(self, delivery: Delivery, body: bytes, headers: Mapping[str, str], **request: Any) -> Carried:
        """Carry a request that is none of the sender's to the app; its own dependency has no part in it.

        Args:
            delivery: what it is, or would be if nothing were wrong with it.
            body: the bytes of the body.
            headers: in place of the receiver's own.
            **request: as `Transport.send` takes it.
        """
        self.strays += 1
        carried = self._transport.send(body, headers, **request)
        self._unseen = True
        if carried.stack:
            self.halted = True
            self.history.add(Hung(self.now, delivery, carried.stack))
        return carried

    def examine(self, without: str, payload: object, headers: Mapping[str, str] | None = None) -> None:
        """Send a request that is none of the sender's, to learn what the receiver makes of it."""
        carried = self._transport.send(encode(payload), headers)
        self.halted = self.halted or bool(carried.stack)
        self.history.add(Examined(self.now, without, carried.outcome))

    def restart(self) -> None:
        """Restart the receiver's process, if its description says how."""
        if self.receiver.restart is None:
            return
        app = self.probes.restart()
        if app is not None:
            self._transport.replace_app(app)
        self.history.add(Restarted(self.now))
        self._unseen = True

    def trouble(self, attempts: int) -> None:
        """Let the receiver's dependency fail during the next attempts, if its description says how."""
        self._troubled = attempts if self.receiver.dependency is not None else 0

    def heal(self) -> None:
        """All faults end, and whatever is paused or was given up is resumed."""
        self.network.heal()
        self._troubled = 0
        for cohort, subscription in self.sender.subscriptions.items():
            if not (subscription.one_time and subscription.succeeded):
                self.resume(cohort)

    def settle(self) -> None:
        """All faults end, and each cohort's next sync runs."""
        self.heal()
        for cohort in self.sender.subscriptions:
            self.sync(cohort)

    # Time

    def advance(self, until: float) -> None:
        """Let time pass, and the sender act, until a moment.

        A time in which nothing reaches the receiver is passed over by arithmetic: when the sender stands exactly as it
        stood half an hour ago, and no attempt reached the app meanwhile, then the next half hour will be like the last
        one, for as long as the outage, or the silence, goes on.
        """
        mark: _Mark | None = None
        while not self.halted and self.now < until:
            if until - self.now > SYNC_INTERVAL and self.sender.at_rest:
                if mark is not None and self._leap(mark, until):
                    mark = None
                    continue
                if mark is None or self.now - mark.at > SYNC_INTERVAL - 1e-6:
                    phase = self.sender.phase(self.now)
                    mark = _Mark(self.now, phase, self._reached, self._refused, self.network.even)
            action = self.sender.poll(self.now)
            if isinstance(action, Send):
                self.carry(action)
            elif not self._sleep(action, until):
                return

    def _leap(self, mark: _Mark, until: float) -> bool:
        if abs(self.now - mark.at - SYNC_INTERVAL) > 1e-6 or mark.reached != self._reached:
            return False
        if mark.phase != self.sender.phase(self.now):
            return False
        refusals = self._refused - mark.refused
        if refusals and not mark.even:  # some of them had fates of their own
            return False
        horizon = min(until, self.network.silent_until(self.now)) if refusals else until
        repeats = int((horizon - self.now) // SYNC_INTERVAL)
        if repeats < 1:
            return False
        then = self.now + repeats * SYNC_INTERVAL
        self.sender.leap(repeats * SYNC_INTERVAL, self.now, repeats)
        self._news = len(self.sender.log)
        answer = self.network.outage_answer if refusals else None
        self.history.add(Skipped(self.now, then, refusals * repeats, answer))
        self._move(then)
        return True

    def _sleep(self, action: Sleep | Idle, until: float) -> bool:
        """Sleep as told, but not past `until`; False when that is where we are now."""
        if isinstance(action, Sleep) and action.until <= until:
            self._move(action.until)
            return True
        self._move(until)
        return False

    def _move(self, now: float) -> None:
        if now > self.now:
            self.now = now
            self._clock.move(now)
            self._unseen = True

    # Carrying

    def carry(self, send: Send) -> None:
        """Take one attempt through the network, to the app and back."""
        self.travel(self.set_out(send))

    def travel(self, trip: Trip, *, copied: bool = False) -> None:
        """Take an attempt that has set out to the app and back; with a copy right after it, if so wanted."""
        if trip.ruling.fate != "refuse":
            trip.troubled = self._troubled > 0
            carried = self._call(trip.send.delivery)
            trip.reply, trip.log, trip.took = carried.outcome, carried.log, carried.took
            if copied and not self.halted:
                trip.copy = self._call(trip.send.delivery).outcome
        self.come_back(trip)

    def set_out(self, send: Send) -> Trip:
        """An attempt begins: the network decides what becomes of it."""
        self._tell_news()
        delivery = send.delivery
        if id(delivery) not in self._places:
            self._places[id(delivery)] = len(self.sent)
            self.sent.append(delivery)
        subscription = self.sender.subscriptions[delivery.cohort_id]
        position = subscription.position
        length = subscription.plan.length if subscription.plan is not None else 0
        ruling = self.network.rule_on(delivery.cohort_id, position, length, self.now)
        return Trip(send, ruling, position)

    def come_back(self, *trips: Trip) -> None:
        """Attempts are over: write them down, and let the sender have their answers.

        Of attempts that were under way together all are written down before the sender hears of any.
        """
        for trip in trips:
            self._write_down(trip)
        for trip in trips:
            self._hand_over(trip)
        if self._watched and any(trip.reply is not None for trip in trips):
            self.probe()

    def _write_down(self, trip: Trip) -> None:
        if trip.reply is None:
            self._refused += 1
        else:
            self._reached += 1
            self._unseen = True
        delivery, fate = trip.send.delivery, trip.ruling.fate
        self.history.add(
            Attempted(
                self.now,
                delivery,
                trip.send.attempt,
                fate if trip.copy is None or fate != "deliver" else "duplicate",
                trip.reply,
                trip.outcome,
                trip.troubled,
                trip.log,
                trip.took,
                trip.crossing,
            )
        )
        if trip.copy is not None:
            self.history.add(Duplicated(self.now, delivery, trip.copy, trip.log, crossing=trip.crossing))
        elif fate == "duplicate" and not self.halted:
            troubled = self._troubled > 0
            again = self._call(delivery)
            self.history.add(Duplicated(self.now, delivery, again.outcome, again.log, troubled))

    def _hand_over(self, trip: Trip) -> None:
        """The sender hears what came of an attempt."""
        delivery, outcome = trip.send.delivery, trip.outcome
        self.sender.answer(trip.send, outcome, self.now)
        if (
            self.scenario.strict_replays
            and judge(outcome, delivery.action, self.sender.dialect).meaning is Meaning.TAKEN
        ):
            self._acknowledged.add(id(delivery))
        self._tell_news()
        if self._restart_after == (delivery.cohort_id, trip.position + 1) and trip.reply is not None:
            self._restart_after = None
            self.restart()

    def call_both(self, first: Trip, second: Trip | None, seed: int) -> None:
        """Take two attempts to the app at the same moment, or one and a copy of it."""
        self._crossings += 1
        trips = (first, first if second is None else second)
        bodies = [trip.send.delivery.body for trip in trips]
        both = self._transport.send_both(bodies[0], bodies[1], seed)
        first.reply, first.log, first.crossing = both[0].outcome, both[0].log, self._crossings
        if second is None:
            first.copy = both[1].outcome
        else:
            second.reply, second.log, second.crossing = both[1].outcome, both[1].log, self._crossings
        stacks = [
            f"{trip.send.delivery}, cohort {trip.send.delivery.cohort_id}, is here:\n{carried.stack}"
            for trip, carried in zip(trips, both, strict=True)
            if carried.stack
        ]
        if stacks:
            self.halted = True
            stuck = next(trip for trip, carried in zip(trips, both, strict=True) if carried.stack)
            self.history.add(Hung(self.now, stuck.send.delivery, "\n".join(stacks), self._crossings))

    @property
    def in_trouble(self) -> bool:
        """Whether the receiver's dependency fails during the next attempt."""
        return self._troubled > 0

    def _call(self, delivery: Delivery) -> Carried:
        if self._troubled and self.receiver.dependency is not None:
            self._troubled -= 1
            with self.probes.trouble():
                carried = self._transport.send(delivery.body)
        else:
            carried = self._transport.send(delivery.body)
        if carried.stack:
            self.halted = True
            self.history.add(Hung(self.now, delivery, carried.stack))
        return carried

    def _tell_news(self) -> None:
        """Write down what the sender noted since the last time."""
        log = self.sender.log
        while self._news < len(log):
            entry = log[self._news]
            self._news += 1
            if entry.outcome == "started":
                self.history.add(SyncStarted(entry.at, entry.cohort_id, entry.session_id, entry.kind, entry.deliveries))
            elif entry.outcome != "resumed":
                self.history.add(
                    SyncEnded(entry.at, entry.cohort_id, entry.session_id, entry.kind, entry.outcome, entry.message)
                )

    # Looking

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """Do not look at the receiver meanwhile, so that its queues are not drained."""
        before, self._watched = self._watched, False
        try:
            yield
        finally:
            self._watched = before

    def probe(self, settled: Mapping[str, Literal["equal", "include"]] | None = None) -> None:
        """Look at the receiver, unless nothing can have changed since the last look.

        Args:
            settled: cohorts that a full sync has just brought up to date, and what may be asked of them.
        """
        if self.halted or not (self._unseen or settled):
            return
        self.history.add(self.look(settled))

    def look(self, settled: Mapping[str, Literal["equal", "include"]] | None = None) -> Probed:
        """What a look at the receiver shows now, for whoever writes it down."""
        self._unseen = False
        self.probes.drain()
        source = {cohort: self._identities(cohort) for cohort in self.source.cohorts}
        members, arrivals = self.probes.members(), self.probes.arrivals()
        return Probed(self.now, members, arrivals, source, settled or {})

    def _identities(self, cohort: str) -> tuple[str, ...]:
        """The true members, by the property on which the receiver keys its users."""
        members = self.source.members(cohort)
        name = self.receiver.id_property
        if name == DISTINCT_ID:
            return tuple(members)
        found = (self.source.properties(user).get(name) for user in members)
        return tuple(str(value) for value in found if value is not None)


def _source_for(receiver: Receiver, scenario: Scenario) -> Source:
    """The users as this dialect has them, with the property on which the receiver keys them."""
    sparse = scenario.dialect.optional_fields == "populated"
    exported = scenario.exported
    name = receiver.id_property
    if name != DISTINCT_ID and name not in default_profile("") and name not in exported:
        exported = (*exported, name)
    return Source(sparse_profile if sparse else default_profile, exported)
