"""A delivery is never answered."""

from __future__ import annotations

import threading

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page
from cohortprop.zoo.roster import Roster


class _Locking:
    def __init__(self) -> None:
        self.roster = Roster()
        self._lock = threading.Lock()
        self._growth: dict[str, int] = {}

    def take(self, page: Page) -> None:
        with self._lock:
            if page.action == "members" and page.number == 1 and self.roster.knows(page.cohort):
                self._measure(page)
            self.roster.take(page)

    def _measure(self, page: Page) -> None:
        """By how much a full copy exceeds what is held, for the dashboard."""
        with self._lock:
            self._growth[page.cohort] = len(page.ids) - len(self.roster.members(page.cohort))


@faulty(
    check="acceptance",
    cause="hangs",
    design="in memory, with a lock",
    summary="waits for its own lock when a full sync comes for a known cohort",
)
def hangs() -> Receiver:
    """One lock guards the lists, so that pages of parallel connections do not mix.

    A full sync of a known cohort is measured first, under the same lock, which is not re-entrant. No answer, ever.
    """
    app = _Locking()
    return app.roster.receiver(app.take)
