"""A plain, correct core for receivers whose one bug lies elsewhere: members and welcome mails, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from cohortprop.receiver import Receiver
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.staging import Staging

__all__ = ["Roster"]


class Roster:
    """Who is in which cohort, and who was mailed: once a user and cohort, ever (`once_per_user`)."""

    __slots__ = ("_held", "_lock", "_mailed", "_staging")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, set[str]] = {}
        self._mailed: dict[tuple[str, str], None] = {}
        self._staging = Staging()

    def take(self, page: Page) -> None:
        """Do all that a page asks for, before anybody else does."""
        with self._lock:
            if page.action == "members":
                self.refill(page)
            elif page.action == "add_members":
                self.add(page.cohort, page.ids)
            else:
                self.remove(page.cohort, page.ids)

    def refill(self, page: Page) -> None:
        """Let in whom one page of a full sync names; with the last page, those whom none of them named go out."""
        self.add(page.cohort, page.ids)
        copy = self._staging.add(page)
        if copy is not None:
            self.replace(page.cohort, copy)

    def add(self, cohort: str, ids: Iterable[str]) -> None:
        """Let users in; a mail for each who never had one."""
        held = self._held.setdefault(cohort, set())
        for user in ids:
            held.add(user)
            self._mailed.setdefault((cohort, user))

    def remove(self, cohort: str, ids: Iterable[str]) -> None:
        """Let users out."""
        self._held.setdefault(cohort, set()).difference_update(ids)

    def replace(self, cohort: str, ids: Iterable[str]) -> None:
        """Hold these users and nobody else."""
        self._held[cohort] = set()
        self.add(cohort, ids)

    def knows(self, cohort: str) -> bool:
        """Whether anything was ever held under this id."""
        return cohort in self._held

    def cohorts(self) -> tuple[str, ...]:
        """The ids of all cohorts known."""
        return tuple(self._held)

    def members(self, cohort: str) -> set[str]:
        """Probe: the users held in a cohort."""
        return set(self._held.get(cohort, ()))

    def arrivals(self) -> list[tuple[str, str]]:
        """Probe: the mails sent."""
        return list(self._mailed)

    def receiver(self, take: Callable[[Page], object]) -> Receiver:
        """A receiver that hands its pages to `take` and is looked into through this roster."""
        return Receiver(webhook(take), members=self.members, arrivals=self.arrivals, arrival_policy="once_per_user")
