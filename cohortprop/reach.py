"""Reach: which situations a trial has met, read off its history. Counted over a run as coverage is counted."""

from __future__ import annotations

from collections import Counter
from typing import Final

from cohortprop.simulation import (
    Attempted,
    Changed,
    Duplicated,
    Edited,
    Garbled,
    History,
    Knocked,
    LateArrived,
    Renamed,
    Restarted,
    Resumed,
    SyncEnded,
    SyncStarted,
)
from cohortprop.wire import MEMBERS, REMOVE_MEMBERS, SNAPSHOT_LIFETIME, Delivery

__all__ = ["SITUATIONS", "met_in"]

SITUATIONS: Final = {
    "multi-page-full-sync": "a full sync of several pages succeeded",
    "snapshot-expired-with-churn": "a full sync followed an expired snapshot, and somebody had left meanwhile",
    "retried-after-lost-ack": "a page came again because its acknowledgement was lost",
    "aborted-midway": "a sync failed after some of its pages were taken",
    "flipped-after-failure": "somebody named by a failed sync changed sides before the next one",
    "paused-and-resumed": "a sync paused and was resumed",
    "empty-diff": "both halves of a diff came empty",
    "immediate-duplicate": "a delivery arrived twice at once",
    "late-replay": "an old delivery arrived again",
    "replay-after-removal": "a copy of an old delivery named somebody who had been removed since",
    "left-and-returned": "somebody left and came back",
    "renamed": "a delivery carried a new name",
    "edited": "a property of somebody who was named before changed",
    "restarted": "the receiver was restarted",
    "restarted-inside": "the receiver was restarted between two pages of a sync",
    "shared-user": "one user was named in two cohorts",
    "troubled": "a delivery came while the receiver's dependency failed",
    "knocked": "somebody sent a delivery without the right credentials",
    "garbled": "a request came that was no proper delivery",
}
"""Each situation, and what it means."""


def met_in(history: History) -> set[str]:
    """The situations that a trial has met.

    Example:
        >>> met_in(History())
        set()
    """
    return _Reader().read(history)


class _Reader:
    """One pass over the events of a trial."""

    def __init__(self) -> None:
        self.met: set[str] = set()
        self.lost: set[int] = set()
        self.taken: Counter[str] = Counter()
        self.size: dict[str, int] = {}
        self.open: set[str] = set()
        self.last_success: dict[str, float] = {}
        self.left_since: dict[str, bool] = {}
        self.failed: dict[str, set[str]] = {}
        self.empty: dict[str, set[str]] = {}
        self.removed: set[tuple[str, str]] = set()
        self.left: set[tuple[str, str]] = set()
        self.named: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.current: dict[str, set[str]] = {}

    def read(self, history: History) -> set[str]:
        for event in history.events:
            match event:
                case Attempted():
                    self._attempted(event)
                case SyncStarted():
                    self._started(event)
                case SyncEnded():
                    self._ended(event)
                case Changed():
                    self._changed(event)
                case Duplicated():
                    self.met.add("immediate-duplicate")
                case LateArrived():
                    self._late(event.delivery)
                case Knocked():
                    self.met.add("knocked")
                case Garbled():
                    self.met.add("garbled")
                case Resumed():
                    self.met.add("paused-and-resumed")
                case Restarted():
                    self.met.add("restarted")
                    if any(0 < self.taken[session] < self.size[session] for session in self.open):
                        self.met.add("restarted-inside")
                case Renamed():
                    self.names[event.cohort] = event.name
                case Edited() if event.user in self.named:
                    self.met.add("edited")
        return self.met

    def _attempted(self, event: Attempted) -> None:
        if not event.reached:
            return
        delivery = event.delivery
        cohort = delivery.cohort_id
        if id(delivery) in self.lost:
            self.met.add("retried-after-lost-ack")
        if event.fate == "lose":
            self.lost.add(id(delivery))
        else:
            self.taken[delivery.session_id] += 1
        if event.troubled:
            self.met.add("troubled")
        if self.names.get(cohort) == delivery.cohort_name:
            self.met.add("renamed")
        if not delivery.ids and delivery.action != MEMBERS:
            self.empty.setdefault(delivery.session_id, set()).add(delivery.action)
        for user in delivery.ids:
            if self.named.setdefault(user, cohort) != cohort:
                self.met.add("shared-user")
            if delivery.action == REMOVE_MEMBERS:
                self.removed.add((cohort, user))
            else:
                self.removed.discard((cohort, user))
        self.current.setdefault(delivery.session_id, set()).update(delivery.ids)

    def _started(self, event: SyncStarted) -> None:
        self.open.add(event.session)
        self.size[event.session] = event.deliveries
        self.taken[event.session] = 0
        since = self.last_success.get(event.cohort)
        expired = event.kind == "full" and since is not None and event.at - since >= SNAPSHOT_LIFETIME
        if expired and self.left_since.get(event.cohort):
            self.met.add("snapshot-expired-with-churn")

    def _ended(self, event: SyncEnded) -> None:
        self.open.discard(event.session)
        if event.outcome == "succeeded":
            self.last_success[event.cohort] = event.at
            self.left_since[event.cohort] = False
            self.failed.pop(event.cohort, None)
            if event.kind == "full" and self.size.get(event.session, 0) > 1:
                self.met.add("multi-page-full-sync")
            if len(self.empty.get(event.session, ())) == 2:
                self.met.add("empty-diff")
        else:
            self.failed[event.cohort] = self.current.get(event.session, set())
            if self.taken[event.session]:
                self.met.add("aborted-midway")

    def _changed(self, event: Changed) -> None:
        if event.left:
            self.left_since[event.cohort] = True
        if self.failed.get(event.cohort, set()) & {*event.joined, *event.left}:
            self.met.add("flipped-after-failure")
        for user in event.joined:
            if (event.cohort, user) in self.left:
                self.met.add("left-and-returned")
        self.left.update((event.cohort, user) for user in event.left)

    def _late(self, delivery: Delivery) -> None:
        self.met.add("late-replay")
        entering = delivery.action != REMOVE_MEMBERS
        if entering and any((delivery.cohort_id, user) in self.removed for user in delivery.ids):
            self.met.add("replay-after-removal")
