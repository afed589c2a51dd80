"""Random legal histories: a source, a sender that is no more than the protocol asks for, and a bad network.

This sender is not cohortprop's own, so that the judge and the model cannot share a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from cohortprop.oracle import Oracle, Page
from tests.cover.oracle.miniatures import Miniature

USERS = "abcde"
COHORTS = ("7", "8")


@dataclass
class Cohort:
    """The sender's side of one cohort."""

    members: set[str] = field(default_factory=set)
    snapshot: set[str] | None = None
    failed: list[Page] | None = None
    """The deliveries of the sync that has just failed."""


class History:
    """Something happens, the receivers see it, and the oracle is told of it."""

    def __init__(
        self, random: Random, receivers: Sequence[Miniature], *, late: bool = True, losses: bool = True
    ) -> None:
        self.random = random
        self.receivers = receivers
        self.oracle = Oracle()
        self.check: Callable[[], None] = lambda: None
        self.late = late
        self.losses = losses
        self.page_size = random.choice([1, 1, 2, 3])
        self.full_by_members = random.random() < 0.7
        self.adds_first = random.random() < 0.7
        self.silent = random.random() < 0.5
        self.same_again = random.random() < 0.3
        self.cohorts = {cohort: Cohort() for cohort in COHORTS[: random.choice([1, 1, 2])]}
        self.sent: list[Page] = []
        self.sessions = 0

    def run(self, steps: int) -> None:
        for _ in range(steps):
            cohort = self.random.choice(list(self.cohorts))
            kind = self.random.choice(["churn", "churn", "sync", "sync", "expire", "late", "refresh"])
            if kind == "churn":
                self.cohorts[cohort].members ^= {self.random.choice(USERS)}
            elif kind == "expire":
                self.cohorts[cohort].snapshot = None
            elif kind == "late":
                self.something_late()
            else:
                self.sync(cohort, refresh=kind == "refresh" and self.random.random() < 0.3)

    # The sender

    def sync(self, name: str, *, refresh: bool = False) -> None:
        cohort = self.cohorts[name]
        members = set(cohort.members)
        pages = self.plan(name, members, refresh=refresh)
        if cohort.failed and self.same_again and not refresh:
            pages, members = cohort.failed, self.said_by(cohort, cohort.failed)
        cohort.failed = None
        if not pages:
            cohort.snapshot = members
        for page in pages:
            if page not in self.sent:
                self.sent.append(page)
            if not self.deliver(page):
                cohort.failed = pages
                return
        if pages:
            cohort.snapshot = members
            self.oracle.succeed(name, pages[0].session)
            self.check()

    def said_by(self, cohort: Cohort, pages: Iterable[Page]) -> set[str]:
        """Whom the cohort has once these pages have been taken."""
        members = set(cohort.snapshot or ())
        pages = list(pages)
        if any(page.action == "members" for page in pages) or cohort.snapshot is None:
            members.clear()
        for page in pages:
            if page.action == "remove_members":
                members.difference_update(page.users)
            else:
                members.update(page.users)
        return members

    def plan(self, name: str, members: set[str], *, refresh: bool) -> list[Page]:
        snapshot = self.cohorts[name].snapshot
        self.sessions += 1
        session = f"s{self.sessions}"
        if refresh or (snapshot is None and self.full_by_members):
            return self.pages(name, session, "members", members, least=1)
        old = snapshot or set()
        least = 0 if self.silent else 1
        adds = self.pages(name, session, "add_members", members - old, least=least)
        removes = self.pages(name, session, "remove_members", old - members, least=least)
        return adds + removes if self.adds_first else removes + adds

    def pages(self, name: str, session: str, action: str, users: set[str], *, least: int) -> list[Page]:
        order = sorted(users)
        total = max(least, -(-len(order) // self.page_size))
        return [
            Page(name, session, action, number + 1, total, tuple(order[number * self.page_size :][: self.page_size]))  # type: ignore[arg-type]
            for number in range(total)
        ]

    # The network

    def deliver(self, page: Page) -> bool:
        """Try a page until it is acknowledged or given up."""
        while True:
            if self.random.random() < 0.1:
                self.something_late()
            fate = self.random.choice(
                ["taken"] * 6 + ["duplicated"] + (["lost", "lost", "refused"] if self.losses else [])
            )
            if fate != "refused":
                self.reach(page)
            if fate == "duplicated":
                self.reach(page)
            if fate in {"taken", "duplicated"}:
                return True
            if self.random.random() < 0.5:
                return False

    def reach(self, page: Page) -> None:
        self.oracle.reach(page)
        for receiver in self.receivers:
            receiver.take(page)
        self.check()

    def something_late(self) -> None:
        """A delivery comes once more, or only now, after it was given up for refused."""
        if self.late and self.sent:
            page = self.random.choice(self.sent)
            self.oracle.arrive_late(page)
            for receiver in self.receivers:
                receiver.take(page)
            self.check()
