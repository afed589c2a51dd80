"""A durable queue with workers that get each message at least once; the work is idempotent."""

from __future__ import annotations

import json
from collections import deque

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook

_SCHEMA = """
    CREATE TABLE done (message INTEGER PRIMARY KEY);
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE page (cohort TEXT, session TEXT, number INT, users TEXT, PRIMARY KEY (cohort, session, number));
    CREATE TABLE mail (cohort TEXT, user TEXT);
"""


class _Broker:
    """Keeps messages in order and on disk, and hands each out until it is told that the work is done."""

    def __init__(self) -> None:
        self.server = Dependency("broker")
        self._messages: deque[tuple[int, Page]] = deque()
        self._last = 0

    def publish(self, page: Page) -> None:
        self.server.use()
        self._last += 1
        self._messages.append((self._last, page))

    def first(self) -> tuple[int, Page] | None:
        return self._messages[0] if self._messages else None

    def confirm(self) -> None:
        self._messages.popleft()


class _Worker:
    def __init__(self, database: Database) -> None:
        self._db = database

    def work(self, message: int, page: Page) -> None:
        """Do what a message says, and note that it is done, in one transaction: it may be handed out again."""
        with self._db:
            if self._db.execute("INSERT OR IGNORE INTO done VALUES (?)", (message,)).rowcount:
                self._apply(page)

    def _apply(self, page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        if page.action == "remove_members":
            self._db.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            return
        for row in rows:
            if self._db.execute("INSERT OR IGNORE INTO member VALUES (?, ?)", row).rowcount:
                self._db.execute("INSERT INTO mail VALUES (?, ?)", row)
        if page.action == "members":
            self._gather(page)

    def _gather(self, page: Page) -> None:
        key = (page.cohort, page.session)
        self._db.execute("DELETE FROM page WHERE cohort = ? AND session <> ?", key)
        self._db.execute("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)", (*key, page.number, json.dumps(page.ids)))
        pages = self._db.execute("SELECT users FROM page WHERE cohort = ?", (page.cohort,)).fetchall()
        if len(pages) >= page.total:
            named = {user for (users,) in pages for user in json.loads(users)}
            gone = [(page.cohort, user) for user in self.members(page.cohort) if user not in named]
            self._db.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", gone)
            self._db.execute("DELETE FROM page WHERE cohort = ?", (page.cohort,))

    def members(self, cohort: str) -> list[str]:
        return [user for (user,) in self._db.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    def mails(self) -> list[tuple[str, str]]:
        return self._db.execute("SELECT cohort, user FROM mail").fetchall()


@correct(
    design="durable queue, workers that may be handed a message twice",
    summary="acknowledges a page once the broker has it; every third message is worked on twice",
)
def works_off_a_broker() -> Receiver:
    """Answering before the work is done is right where the queue survives everything: a restart, and a worker's death.

    A worker may die after the work and before it confirms. Then the message is handed out again, and does no harm.
    """
    broker, worker = _Broker(), _Worker(Database(_SCHEMA))
    died: set[int] = set()

    def drain() -> None:
        while (handed := broker.first()) is not None:
            message, page = handed
            worker.work(message, page)
            if message % 3 == 0 and message not in died:
                died.add(message)
                continue
            broker.confirm()

    return Receiver(
        webhook(broker.publish),
        members=worker.members,
        arrivals=worker.mails,
        drain=drain,
        restart=lambda: webhook(broker.publish),
        dependency=broker.server.fails,
    )
