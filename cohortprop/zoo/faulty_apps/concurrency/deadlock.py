"""Two requests at the same moment wait for each other for ever."""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import nullcontext

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster


class _LockPerCohort:
    def __init__(self) -> None:
        self.roster = Roster()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._overlap: dict[tuple[str, str], int] = {}

    def take(self, page: Page) -> None:
        with self._locks[page.cohort]:
            self.roster.take(page)
            mine = self.roster.members(page.cohort)
            for other in self.roster.cohorts():
                if other != page.cohort:
                    self._count(page.cohort, other, mine)

    def _count(self, cohort: str, other: str, mine: set[str]) -> None:
        """How many members the two cohorts share, for the dashboard."""
        with self._locks[other]:
            self._overlap[cohort, other] = len(mine & self.roster.members(other))


@faulty(
    check="concurrency",
    cause="deadlock",
    design="in memory, a lock for each cohort",
    summary="holds its own cohort's lock while it takes another one's: two cohorts at once wait for each other",
)
def locks_cohorts_crosswise() -> Receiver:
    """Each cohort has a lock of its own, so that different cohorts need not wait for each other.

    But what is counted over two cohorts needs both locks, and each request takes its own one first.
    """
    app = _LockPerCohort()
    return Receiver(
        webhook(app.take, lock=nullcontext()),
        members=app.roster.members,
        arrivals=app.roster.arrivals,
        arrival_policy="once_per_user",
    )
