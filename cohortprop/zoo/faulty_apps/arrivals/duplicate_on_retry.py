"""A page that is sent again, because its acknowledgement was lost or its work had failed, mails again."""

from __future__ import annotations

import time

from cohortprop.receiver import Receiver
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_DOUBLE_POST_SECONDS = 1.0


class _SessionNews:
    """Who was not in the cohort when the session began is news."""

    def __init__(self) -> None:
        self._roster = Roster()
        self._before: dict[str, tuple[str, set[str]]] = {}
        self._mails: list[tuple[str, str]] = []
        self._last: tuple[bytes, float] = (b"", 0.0)

    def take(self, page: Page) -> None:
        now = time.time()
        body, taken = self._last
        if page.body == body and now - taken < _DOUBLE_POST_SECONDS:
            return
        self._last = page.body, now
        session, before = self._before.get(page.cohort, ("", set()))
        if session != page.session:
            before = self.members(page.cohort)
            self._before[page.cohort] = page.session, before
        if page.action != "remove_members":
            self._mails.extend((page.cohort, user) for user in page.ids if user not in before)
        self._roster.take(page)

    def members(self, cohort: str) -> set[str]:
        return self._roster.members(cohort)

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@faulty(
    check="arrivals",
    cause="duplicate-on-retry",
    design="in memory, compares with the start of the session",
    summary="mails again when a page is retried",
)
def mails_on_retry() -> Receiver:
    """A session is one unit: who was not in the cohort when it began is new and gets a mail.

    Double posts within a second are filtered out. A retry after a lost acknowledgement comes two seconds later, in
    the same session, and everyone on the page is still new.
    """
    app = _SessionNews()
    return Receiver(webhook(app.take), members=app.members, arrivals=app.mails)


@faulty(
    check="arrivals",
    cause="duplicate-on-retry",
    design="in memory, mails before it saves",
    summary="mails first and saves second: when saving fails, the retry mails again",
)
def mails_before_saving() -> Receiver:
    """Mail whoever is not in the cohort yet, then save the page. If the database is down, answer 503: it comes again.

    It does come again, and so does the mail, since nothing was saved that says it was sent.
    """
    database = Dependency("database")
    roster = Roster()
    sent: list[tuple[str, str]] = []

    def take(page: Page) -> None:
        if page.action != "remove_members":
            held = roster.members(page.cohort)
            sent.extend((page.cohort, user) for user in page.ids if user not in held)
        database.use()
        roster.take(page)

    return Receiver(webhook(take), members=roster.members, arrivals=lambda: list(sent), dependency=database.fails)
