"""One cohort on one connection: the state machine that decides when to sync, what to send and what to do when told no.

In words. A subscription *waits* for its next half hour. When it falls due it computes a plan and *sends* it, one
delivery at a time. A page that is taken leads to the next page, and the last one ends the sync: the snapshot is stored
and it waits again. A transient failure makes it *back off* and send the same delivery again, five times; then the sync
has failed, the old snapshot stays, and it waits for the next half hour, when it starts from the top. A non-transient
failure *pauses* it until a person resumes it. A one-time export ends *finished* instead of waiting, whether it came
through or was given up; a person may run it again.

`TRANSITIONS` is that paragraph as a table; the methods below only look it up. Nothing in here reads a clock: the moment
comes in as `now`, in virtual seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from cohortprop.errors import ToolkitError
from cohortprop.sender.dialect import Dialect
from cohortprop.sender.plan import Plan, Snapshot, plan_diff, plan_full
from cohortprop.sender.retries import retry_offsets
from cohortprop.sender.source import Source
from cohortprop.sender.verdict import Meaning, Verdict
from cohortprop.wire import SNAPSHOT_LIFETIME, SYNC_INTERVAL, Delivery

__all__ = ["TRANSITIONS", "Event", "State", "Subscription"]


class State(Enum):
    """Where a subscription stands."""

    WAITING = "waiting"
    SENDING = "sending"
    BACKING_OFF = "backing off"
    PAUSED = "paused"
    FINISHED = "finished"


class Event(Enum):
    """What can happen to it."""

    DUE = "due"
    PAGE_TAKEN = "page taken"
    COMPLETED = "completed"
    FAILED_FOR_NOW = "failed for now"
    GIVEN_UP = "given up"
    REFUSED = "refused"
    RESUMED = "resumed"


TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (State.WAITING, Event.DUE): State.SENDING,
    (State.SENDING, Event.PAGE_TAKEN): State.SENDING,
    (State.SENDING, Event.COMPLETED): State.WAITING,
    (State.SENDING, Event.FAILED_FOR_NOW): State.BACKING_OFF,
    (State.BACKING_OFF, Event.DUE): State.SENDING,
    (State.SENDING, Event.GIVEN_UP): State.WAITING,
    (State.SENDING, Event.REFUSED): State.PAUSED,
    (State.PAUSED, Event.RESUMED): State.WAITING,
    (State.FINISHED, Event.RESUMED): State.WAITING,
}

_GRACE: Final = 1e-9
"""In half hours. A tick is a sum of floats and may lie a hair beside its half hour; it must not come twice for that."""


@dataclass(slots=True)
class Subscription:
    """One cohort, synced to one connection.

    Args:
        cohort_id: the cohort.
        connection: name of the connection; its syncs run one after another.
        created_at: virtual seconds; the half hours are counted from here.
        one_time: a one-time export instead of a dynamic sync.
        created_by: who set it up, and is notified when it pauses.
        page_size: members in a page at most.
    """

    cohort_id: str
    connection: str
    created_at: float
    dialect: Dialect
    one_time: bool = False
    created_by: str = "owner"
    page_size: int = 1000
    state: State = State.WAITING
    due_at: float = field(init=False)
    plan: Plan | None = None
    position: int = 0
    tries: int = 0
    begun_at: float = 0.0
    first_try_at: float = 0.0
    snapshot: Snapshot | None = None
    failed: bool = False
    succeeded: bool = False
    refresh_asked: bool = False
    _retained: Plan | None = None

    def __post_init__(self) -> None:
        self.due_at = self.created_at

    @property
    def syncing(self) -> bool:
        """Whether a sync is under way."""
        return self.state is State.SENDING or self.state is State.BACKING_OFF

    @property
    def acts(self) -> bool:
        """Whether anything will happen at `due_at`."""
        return self.state is not State.PAUSED and self.state is not State.FINISHED

    @property
    def current_plan(self) -> Plan:
        """The plan of the sync that is under way.

        Raises:
            ToolkitError: none is.
        """
        if self.plan is None:
            raise ToolkitError(f"no sync of cohort {self.cohort_id} is under way while {self.state.value}")
        return self.plan

    def begin(self, now: float, source: Source, new_session_id: Callable[[], str]) -> Plan:
        """Fall due: compute the plan of a sync, or take up the one that failed, from its top."""
        self._move(Event.DUE)
        self.position = 0
        self.tries = 0
        self.begun_at = now
        self.plan = self._plan(now, source, new_session_id)
        self._retained = None
        self.refresh_asked = False
        return self.plan

    def _plan(self, now: float, source: Source, new_session_id: Callable[[], str]) -> Plan:
        refresh = self.refresh_asked or (self.failed and self.dialect.after_failure == "members")
        base = None if refresh else self._base(now)
        retained = None if self.refresh_asked else self._retained
        if retained is not None and (retained.kind == "full") == (base is None) and (retained.replaces or not refresh):
            return retained
        if base is None:
            return plan_full(new_session_id(), self.cohort_id, source, self.dialect, self.page_size, refresh=refresh)
        return plan_diff(new_session_id(), self.cohort_id, source, self.dialect, self.page_size, base)

    def _base(self, now: float) -> Snapshot | None:
        """The snapshot that a sync beginning now would be a diff against; None makes it a full one. ("Full Sync")"""
        if self.snapshot is None or self.one_time:
            return None
        age = round(now - self.snapshot.taken_at, 6)  # moments are sums of floats: exactly three days must be so
        valid = age < SNAPSHOT_LIFETIME or (age == SNAPSHOT_LIFETIME and self.dialect.three_days == "valid")
        return self.snapshot if valid else None

    def retry(self) -> None:
        """Fall due again after a failed try."""
        self._move(Event.DUE)

    def next_delivery(self, now: float, source: Source) -> Delivery:
        """The delivery to send now; counts as a try."""
        plan = self.current_plan
        if self.state is not State.SENDING:
            raise ToolkitError(f"nothing to send for cohort {self.cohort_id} while {self.state.value}")
        if self.tries == 0:
            self.first_try_at = now
        self.tries += 1
        keep = self.dialect.restarted_sync == "same_deliveries"
        return plan.delivery(self.position, source, self.dialect, keep=keep)

    def take(self, verdict: Verdict, now: float) -> Event:
        """Act on the answer to the last delivery; returns what it amounted to."""
        if verdict.meaning is Meaning.TAKEN:
            return self._page_taken(now)
        if verdict.meaning is Meaning.TRANSIENT:
            offsets = retry_offsets(self.dialect)
            if self.tries <= len(offsets):
                self._move(Event.FAILED_FOR_NOW)
                self.due_at = self.first_try_at + offsets[self.tries - 1]
                return Event.FAILED_FOR_NOW
        return self._fail(Event.REFUSED if verdict.meaning is Meaning.PAUSING else Event.GIVEN_UP, now)

    def _page_taken(self, now: float) -> Event:
        self.tries = 0
        if self.position + 1 < self.current_plan.length:
            self.position += 1
            self._move(Event.PAGE_TAKEN)
            return Event.PAGE_TAKEN
        return self.complete(now)

    def complete(self, now: float) -> Event:
        """All was taken, or there was nothing to say: store the snapshot. ("Diffing")"""
        plan = self.current_plan
        self.snapshot = Snapshot(plan.members, plan.version, now)
        self.failed = False
        self.succeeded = True
        self._end(Event.COMPLETED, now)
        return Event.COMPLETED

    def _fail(self, event: Event, now: float) -> Event:
        if self.dialect.restarted_sync == "same_deliveries":
            self._retained = self.plan
        self.failed = True
        self._end(event, now)
        return event

    def _end(self, event: Event, now: float) -> None:
        self._move(event)
        self.plan = None
        if self.one_time and self.state is State.WAITING:
            self.state = State.FINISHED
        self.due_at = now if self.refresh_asked else self.next_tick(now)

    def next_tick(self, now: float) -> float:
        """The first half hour after `now`, counted from the creation. ("Sync Behavior", "dynamic syncs")"""
        passed = math.floor((now - self.created_at) / SYNC_INTERVAL + _GRACE)
        return self.created_at + (passed + 1) * SYNC_INTERVAL

    def resume(self, now: float) -> None:
        """A person resumes the paused sync, or runs the one-time export again."""
        self._move(Event.RESUMED)
        at_once = self.one_time or self.dialect.resume == "at_once"
        self.due_at = now if at_once else self.next_tick(now)

    def refresh(self, now: float) -> None:
        """Make the next sync a full one by `members`, as soon as it can begin. ("members: ... or to refresh")"""
        self.refresh_asked = True
        if self.state is State.WAITING:
            self.due_at = now

    def hold(self, until: float) -> None:
        """Wait for the first half hour at or after `until`, if anything is due before."""
        if self.due_at < until:
            passed = math.ceil((until - self.created_at) / SYNC_INTERVAL - _GRACE)
            self.due_at = self.created_at + passed * SYNC_INTERVAL

    def phase(self, now: float) -> Hashable:
        """All that decides what comes next, relative to `now`: two equal phases are followed by the same events."""
        due_in = round(self.due_at - now, 6) if self.acts else None
        return (self.state, due_in, self.position, self.tries, self.failed)

    def leap(self, seconds: float, source: Source, new_session_id: Callable[[], str]) -> None:
        """Skip a time in which the last half hour repeats itself, but for a snapshot that expires in it.

        No sync is under way, neither now nor when that time is over.
        """
        if not self.acts:
            return
        could_diff = self._base(self.begun_at) is not None
        self.due_at += seconds
        self.begun_at += seconds
        if self.failed:
            if could_diff and self._base(self.begun_at) is None and self.dialect.after_failure == "diff":
                self._expire(source, new_session_id)
        elif self.snapshot is not None:
            self.snapshot.taken_at += seconds  # silent syncs, which have nothing to send, succeed and so renew it

    def _expire(self, source: Source, new_session_id: Callable[[], str]) -> None:
        """The sync that keeps failing has turned from a diff into a full one."""
        plan = plan_full(new_session_id(), self.cohort_id, source, self.dialect, self.page_size)
        if not plan.length:  # and into one that has nothing to say: it succeeds
            self.state, self.tries, self.plan, self._retained = State.SENDING, 0, plan, None
            self.complete(self.begun_at)
        elif self._retained is not None:
            self._retained = plan

    def _move(self, event: Event) -> None:
        try:
            self.state = TRANSITIONS[self.state, event]
        except KeyError:
            raise ToolkitError(f"cohort {self.cohort_id}: {event.value} while {self.state.value}") from None
