"""What one sync sends: full or diff, in calls, in pages.

A plan is computed at once, from the source as it is, and keeps ids only. Its deliveries are composed one by one as
they fall due, each once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cohortprop.sender.dialect import Dialect
from cohortprop.sender.source import Source
from cohortprop.wire import ADD_MEMBERS, MEMBERS, REMOVE_MEMBERS, Action, Delivery, compose

__all__ = ["Call", "Kind", "Plan", "Snapshot", "plan_diff", "plan_full"]

Kind = Literal["full", "diff"]


@dataclass(slots=True)
class Snapshot:
    """The cohort as of a successful sync. ("Diffing")

    Args:
        members: distinct ids that the sync spoke of, frozen at the moment of planning.
        version: the source's version of the cohort at that moment.
        taken_at: virtual seconds at which the sync succeeded.
    """

    members: Mapping[str, None]
    version: int
    taken_at: float


@dataclass(frozen=True, slots=True)
class Call:
    """All the pages of one action."""

    action: Action
    ids: Sequence[str]
    pages: int


@dataclass(slots=True)
class Plan:
    """One sync, from its first page to its last.

    Args:
        session_id: the export that all its deliveries belong to.
        cohort_id: the cohort that is synced.
        kind: `full` or `diff`.
        calls: what is sent, in order; empty when there is nothing to say.
        members: the cohort as of planning; the next snapshot if the sync succeeds.
        version: the source's version of the cohort as of planning.
        page_size: members in a page at most.
    """

    session_id: str
    cohort_id: str
    kind: Kind
    calls: tuple[Call, ...]
    members: Mapping[str, None]
    version: int
    page_size: int
    length: int = field(init=False)
    """Deliveries in all."""
    _composed: dict[int, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Count once what every delivery asks for."""
        self.length = sum(call.pages for call in self.calls)

    @property
    def replaces(self) -> bool:
        """Whether it is sent as `members`."""
        return any(call.action == MEMBERS for call in self.calls)

    def delivery(self, index: int, source: Source, dialect: Dialect, *, keep: bool) -> Delivery:
        """The delivery number `index`, from 0; `keep` holds on to it so that it can be sent again to the letter."""
        found = self._composed.get(index)
        if found is None:
            found = self._compose(index, source, dialect)
            if not keep:
                self._composed.clear()  # the sender never goes back; a large cohort must not stay in memory
            self._composed[index] = found
        return found

    def _compose(self, index: int, source: Source, dialect: Dialect) -> Delivery:
        calls = iter(self.calls)
        call, page = next(calls), index
        while page >= call.pages:
            page -= call.pages
            call = next(calls)
        cohort = source.cohort(self.cohort_id)
        one_run = dialect.page_numbers == "one_run"
        total = self.length if one_run else call.pages
        bare = dialect.optional_fields == "bare" and total == 1
        sparse = dialect.optional_fields == "populated"
        first = page * self.page_size
        return compose(
            call.action,
            source.describe_members(call.ids[first : first + self.page_size], sparse=sparse),
            project_id=cohort.project_id,
            cohort_id=cohort.id,
            cohort_name=cohort.name,
            cohort_description=None if bare else cohort.description,
            session_id=self.session_id,
            page=(index if one_run else page) + 1,
            total_pages=total,
            numbered=not bare,
            extra=dialect.optional_fields == "extra",
        )


def plan_full(
    session_id: str, cohort_id: str, source: Source, dialect: Dialect, page_size: int, *, refresh: bool = False
) -> Plan:
    """A full sync; a `refresh` is sent as `members` in every dialect. ("Full Sync", "Webhook Format")"""
    cohort = source.cohort(cohort_id)
    members = cohort.members.copy()
    everyone = list(members)
    if refresh or dialect.full_sync == "members":
        # An empty cohort still takes one page: how else would the receiver hear that everyone has left?
        calls: tuple[Call, ...] = (Call(MEMBERS, everyone, max(1, _pages(everyone, page_size))),)
    else:
        calls = _halves(everyone, [], dialect, page_size)
    return Plan(session_id, cohort_id, "full", calls, members, cohort.version, page_size)


def plan_diff(
    session_id: str, cohort_id: str, source: Source, dialect: Dialect, page_size: int, snapshot: Snapshot
) -> Plan:
    """What has changed since the snapshot. ("Diffing")"""
    cohort = source.cohort(cohort_id)
    if cohort.version == snapshot.version:
        entered: list[str] = []
        left: list[str] = []
        members = snapshot.members
    else:
        members = cohort.members.copy()
        entered = [user for user in members if user not in snapshot.members]
        left = [user for user in snapshot.members if user not in members]
    calls = _halves(entered, left, dialect, page_size)
    return Plan(session_id, cohort_id, "diff", calls, members, cohort.version, page_size)


def _halves(entered: Sequence[str], left: Sequence[str], dialect: Dialect, page_size: int) -> tuple[Call, ...]:
    least = 1 if dialect.empty_diff == "sent" else 0
    adds = Call(ADD_MEMBERS, entered, max(least, _pages(entered, page_size)))
    removes = Call(REMOVE_MEMBERS, left, max(least, _pages(left, page_size)))
    halves = (adds, removes) if dialect.halves == "adds_first" else (removes, adds)
    return tuple(call for call in halves if call.pages)


def _pages(ids: Sequence[str], page_size: int) -> int:
    return -(-len(ids) // page_size)
