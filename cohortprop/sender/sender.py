"""The reference sender: Mixpanel's side of the protocol, without I/O.

It owns no clock and no socket. `poll(now)` says what to do now: send a delivery, sleep until a moment, or nothing,
ever. Whoever carries the delivery hands back what came of it with `answer`. Syncs of one connection run one after
another; connections take turns, page by page, so that their sessions interleave.

    action = sender.poll(now)
    match action:
        case Send(): sender.answer(action, transport.send(action.delivery), now)
        case Sleep(): now = action.until
        case Idle(): ...
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from cohortprop.errors import ToolkitError, UsageError
from cohortprop.sender.dialect import Dialect
from cohortprop.sender.plan import Kind
from cohortprop.sender.source import Source
from cohortprop.sender.subscription import Event, State, Subscription
from cohortprop.sender.verdict import judge
from cohortprop.wire import BATCH_SIZE, Delivery, Outcome

__all__ = ["Idle", "LogEntry", "Notification", "Send", "Sender", "Sleep", "SyncOutcome", "session_ids"]

SyncOutcome = Literal["started", "succeeded", "failed", "paused", "resumed"]


class Send(NamedTuple):
    """Carry this delivery, then hand what came of it to `Sender.answer`.

    Args:
        delivery: the request.
        connection: name of the connection that it goes out on.
        attempt: 1 for the first try, then up.
    """

    delivery: Delivery
    connection: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Sleep:
    """Nothing to do before this moment, in virtual seconds."""

    until: float


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do until somebody changes something: everything is paused or finished."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of the sync log that Mixpanel's interface shows. ("We record failed syncs in our UI")

    Args:
        at: virtual seconds; with repeats, the end of the time that was skipped.
        cohort_id: the cohort.
        session_id: the export; empty for a resume.
        kind: `full` or `diff`.
        outcome: what happened.
        message: the receiver's error message, on failure.
        deliveries: how many the sync consists of.
        repeats: how often more the same happened in a time that was skipped.
    """

    at: float
    cohort_id: str
    session_id: str
    kind: Kind
    outcome: SyncOutcome
    message: str = ""
    deliveries: int = 0
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Notification:
    """The e-mail about a pause. ("sent to all users who have set up cohort syncs")"""

    at: float
    cohort_id: str
    to: tuple[str, ...]
    message: str


class Sender:
    """Mixpanel's side: schedules, plans, retries, pauses.

    Args:
        source: the true membership.
        dialect: the readings of the document to follow.
        page_size: members in a page, 1 to 1000; a receiver cannot see which.
        new_session_id: names the next export; by default a fixed sequence, so that runs repeat exactly.

    Raises:
        UsageError: the page size is out of range.

    Example:
        >>> from cohortprop.sender import Cohort
        >>> from cohortprop.wire import Reply
        >>> source = Source()
        >>> source.add_cohort(Cohort("7", "VIPs"))
        >>> source.join("7", ["ann"])
        ['ann']
        >>> sender = Sender(source)
        >>> sender.create_sync("7", now=0)
        >>> send = sender.poll(0)
        >>> print(send.delivery)
        members(ann)
        >>> sender.answer(send, Reply(200, b'{"action": "members", "status": "success"}'), now=0)
        >>> sender.poll(0)
        Sleep(until=1800.0)
    """

    def __init__(
        self,
        source: Source,
        dialect: Dialect | None = None,
        *,
        page_size: int = BATCH_SIZE,
        new_session_id: Callable[[], str] | None = None,
    ) -> None:
        if not 1 <= page_size <= BATCH_SIZE:
            raise UsageError(f"page_size={page_size}: a page holds 1 to {BATCH_SIZE} members")
        self.source = source
        self.dialect = Dialect() if dialect is None else dialect
        self.page_size = page_size
        self.subscriptions: dict[str, Subscription] = {}
        self.log: list[LogEntry] = []
        self.notifications: list[Notification] = []
        self._new_session_id = session_ids() if new_session_id is None else new_session_id
        self._connections: dict[str, list[Subscription]] = {}
        self._turns: list[str] = []

    def create_sync(
        self,
        cohort_id: str,
        now: float,
        *,
        connection: str = "webhook",
        one_time: bool = False,
        created_by: str = "owner",
    ) -> None:
        """Set up a dynamic sync, or a one-time export, of a cohort; its first sync is due at once.

        Raises:
            UsageError: no such cohort, or it is synced already.
        """
        self.source.cohort(cohort_id)
        if cohort_id in self.subscriptions:
            raise UsageError(f"cohort {cohort_id!r} is synced already")
        subscription = Subscription(
            cohort_id, connection, float(now), self.dialect, one_time, created_by, page_size=self.page_size
        )
        self.subscriptions[cohort_id] = subscription
        if connection not in self._connections:
            self._connections[connection] = []
            self._turns.append(connection)
        self._connections[connection].append(subscription)

    def poll(self, now: float) -> Send | Sleep | Idle:
        """What to do now; a `Send` must be answered before its connection is polled again."""
        wake: float | None = None
        for connection in self._turns:
            action = self._poll_connection(connection, now)
            if isinstance(action, Send):
                return action
            if isinstance(action, Sleep):
                wake = action.until if wake is None else min(wake, action.until)
        return Idle() if wake is None else Sleep(wake)

    def poll_beside(self, send: Send, now: float) -> Send | None:
        """What another connection sends at the same moment, if there is any; both must be answered."""
        for connection in self._turns:
            if connection != send.connection:
                action = self._poll_connection(connection, now)
                if isinstance(action, Send):
                    return action
        return None

    def _poll_connection(self, connection: str, now: float) -> Send | Sleep | None:
        while (subscription := self._next_of(connection)) is not None:
            if subscription.due_at > now:
                return Sleep(subscription.due_at)
            if self._start_or_go_on(subscription, now):
                delivery = subscription.next_delivery(now, self.source)
                return Send(delivery, connection, subscription.tries)
        return None

    def _next_of(self, connection: str) -> Subscription | None:
        """The subscription whose turn it is on a connection: the one that is syncing, else the one due first."""
        first: Subscription | None = None
        for subscription in self._connections[connection]:
            if subscription.syncing:
                return subscription
            if subscription.acts and (first is None or subscription.due_at < first.due_at):
                first = subscription
        return first

    def _start_or_go_on(self, subscription: Subscription, now: float) -> bool:
        """Whether there is a delivery to send; a sync with nothing to say succeeds on the spot."""
        if subscription.state is State.BACKING_OFF:
            subscription.retry()
        elif subscription.state is State.WAITING:
            plan = subscription.begin(now, self.source, self._new_session_id)
            if not plan.length:
                subscription.complete(now)
                return False
            self._note(now, subscription.cohort_id, plan.session_id, plan.kind, "started", deliveries=plan.length)
        return True

    def answer(self, send: Send, outcome: Outcome, now: float) -> None:
        """Take what came of a delivery."""
        subscription = self.subscriptions[send.delivery.cohort_id]
        plan = subscription.current_plan
        verdict = judge(outcome, send.delivery.action, self.dialect)
        event = subscription.take(verdict, now)
        if event in (Event.PAGE_TAKEN, Event.COMPLETED):
            self._turns.append(self._turns.pop(self._turns.index(send.connection)))
        if event is Event.COMPLETED:
            self._note(now, subscription.cohort_id, plan.session_id, plan.kind, "succeeded")
        elif event is Event.GIVEN_UP:
            self._note(now, subscription.cohort_id, plan.session_id, plan.kind, "failed", verdict.message)
        elif event is Event.REFUSED:
            self._note(now, subscription.cohort_id, plan.session_id, plan.kind, "paused", verdict.message)
            people = tuple(dict.fromkeys(each.created_by for each in self.subscriptions.values()))
            self.notifications.append(Notification(now, subscription.cohort_id, people, verdict.message))

    def resume(self, cohort_id: str, now: float) -> bool:
        """A person resumes a paused sync or runs an export again; False when there is nothing to resume."""
        subscription = self.subscriptions[cohort_id]
        if subscription.acts:
            return False
        subscription.resume(now)
        self._note(now, cohort_id, "", "diff", "resumed")
        return True

    def refresh(self, cohort_id: str, now: float) -> None:
        """Make the next sync of a cohort a full one by `members`, at once."""
        self.subscriptions[cohort_id].refresh(now)

    def hold(self, until: float) -> None:
        """No sync begins before this moment: the sender is down, or nothing gets out of it.

        Raises:
            ToolkitError: a sync is under way.
        """
        if not self.at_rest:
            raise ToolkitError("held in the middle of a sync")
        for subscription in self.subscriptions.values():
            subscription.hold(until)

    @property
    def at_rest(self) -> bool:
        """Whether no sync is under way."""
        return not any(subscription.syncing for subscription in self.subscriptions.values())

    def phase(self, now: float) -> Hashable:
        """What decides all that follows, relative to `now`; equal phases are followed by the same events."""
        return tuple([subscription.phase(now) for subscription in self.subscriptions.values()])

    def leap(self, seconds: float, now: float, repeats: int) -> None:
        """Skip `seconds` from `now` on, in which what the last half hour saw happens `repeats` times more.

        For times in which nothing reaches the receiver: an outage, or silence. The caller makes sure of that by
        comparing phases half an hour apart. A snapshot that expires on the way is heeded. (If that turns a failing diff
        into a full sync with nothing to say, its connection is free a minute earlier, which the others do not notice.)

        Raises:
            ToolkitError: a sync is under way; it would be torn apart.
        """
        if not self.at_rest:
            raise ToolkitError("a leap in the middle of a sync")
        for subscription in self.subscriptions.values():
            subscription.leap(seconds, self.source, self._new_session_id)
        failures = {entry.cohort_id: entry for entry in self.log if entry.outcome == "failed"}
        for cohort_id, entry in failures.items():
            subscription = self.subscriptions[cohort_id]
            if subscription.acts and subscription.failed:
                self.log.append(replace(entry, at=now + seconds, repeats=repeats))

    def _note(
        self,
        at: float,
        cohort_id: str,
        session_id: str,
        kind: Kind,
        outcome: SyncOutcome,
        message: str = "",
        deliveries: int = 0,
    ) -> None:
        self.log.append(LogEntry(at, cohort_id, session_id, kind, outcome, message, deliveries))


def session_ids(seed: int = 0) -> Callable[[], str]:
    """A fixed sequence of UUIDv4s (seen: session ids are such).

    Example:
        >>> session_ids()() == session_ids()()
        True
    """
    bits = random.Random(seed).getrandbits
    return lambda: str(uuid.UUID(int=bits(128), version=4))
