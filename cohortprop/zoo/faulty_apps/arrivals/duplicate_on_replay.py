"""The same delivery twice at the same moment mails twice."""

from __future__ import annotations

import time

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_FRESH_SECONDS = 1.0


class _Caching:
    """Who is in a cohort is looked up once a second in each session, for the pages that come in a burst."""

    def __init__(self) -> None:
        self.roster = Roster()
        self._cache: dict[str, tuple[str, float, set[str]]] = {}
        self._mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        if page.action != "remove_members":
            held = self._look_up(page)
            self._mails.extend((page.cohort, user) for user in page.ids if user not in held)
        self.roster.take(page)

    def _look_up(self, page: Page) -> set[str]:
        now = time.time()
        session, cached_at, held = self._cache.get(page.cohort, ("", 0.0, set()))
        if session != page.session or now - cached_at >= _FRESH_SECONDS:
            held = self.roster.members(page.cohort)
            self._cache[page.cohort] = page.session, now, held
        return held

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@faulty(
    check="arrivals",
    cause="duplicate-on-replay",
    design="in memory, cached look-ups",
    summary="looks for known members in a cache of a second's age: a delivery doubled at once mails twice",
)
def mails_on_duplicate() -> Receiver:
    """Mail whoever is not in the cohort yet. The pages of a session come in a burst and share one look-up.

    A retry comes after two seconds and looks anew. A delivery that the network doubles finds the old answer.
    """
    app = _Caching()
    return Receiver(webhook(app.take), members=app.roster.members, arrivals=app.mails)
