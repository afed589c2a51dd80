"""Whoever two requests name at the same moment is mailed twice."""

from __future__ import annotations

import threading
from contextlib import nullcontext

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster


class _CheckThenMail:
    def __init__(self) -> None:
        self.roster = Roster()
        self._mails: list[tuple[str, str]] = []
        self._mailed: set[tuple[str, str]] = set()

    def take(self, page: Page) -> None:
        if page.action != "remove_members":
            for user in page.ids:
                if (page.cohort, user) not in self._mailed:
                    self._send(page.cohort, user)
                    self._mailed.add((page.cohort, user))
        self.roster.take(page)

    def _send(self, cohort: str, user: str) -> None:
        self._mails.append((cohort, user))

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@faulty(
    check="concurrency",
    cause="acted-twice-in-a-race",
    design="in memory, a set of whom was mailed",
    summary="asks whether somebody was mailed, mails them, and then notes it: two at once both mail",
)
def mails_before_noting() -> Receiver:
    """A mail is noted once it is out, so that none is lost. Membership is changed under a lock, and mails are slow."""
    app = _CheckThenMail()
    return Receiver(
        webhook(app.take, lock=nullcontext()),
        members=app.roster.members,
        arrivals=app.mails,
        arrival_policy="once_per_user",
    )


_LEDGER = "CREATE TABLE mail (cohort TEXT, user TEXT)"


@faulty(
    check="concurrency",
    cause="acted-twice-in-a-race",
    design="SQLite, a ledger of mails",
    summary="looks a mail up in the ledger and inserts it if it is missing; no key keeps a second one out",
)
def mails_by_ledger() -> Receiver:
    """The ledger is asked for all users of the page in one query, and written in another one."""
    database = Database(_LEDGER)
    roster = Roster()
    lock = threading.Lock()

    def take(page: Page) -> None:
        if page.action != "remove_members":
            with lock:
                rows = database.execute("SELECT user FROM mail WHERE cohort = ?", (page.cohort,)).fetchall()
            mailed = {user for (user,) in rows}
            fresh = [(page.cohort, user) for user in dict.fromkeys(page.ids) if user not in mailed]
            with lock, database.transaction():
                database.executemany("INSERT INTO mail VALUES (?, ?)", fresh)
        roster.take(page)

    return Receiver(
        webhook(take, lock=nullcontext()),
        members=roster.members,
        arrivals=lambda: database.execute("SELECT cohort, user FROM mail").fetchall(),
        arrival_policy="once_per_user",
    )
