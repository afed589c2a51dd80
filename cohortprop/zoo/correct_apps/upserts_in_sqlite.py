"""Everything in a database: each page is one transaction of upserts, with the mails in an outbox beside the rows."""

from __future__ import annotations

import sqlite3

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, Refusal, webhook

_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT, session TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE page (cohort TEXT, session TEXT, number INT, PRIMARY KEY (cohort, session, number)) WITHOUT ROWID;
    CREATE TABLE outbox (cohort TEXT, user TEXT);
"""
_UPSERT = """
    INSERT INTO member VALUES (?, ?, ?) ON CONFLICT (cohort, user) DO UPDATE SET session = excluded.session
"""


class _Storing:
    def __init__(self, database: Database) -> None:
        self._db = database

    def take(self, page: Page) -> None:
        try:
            with self._db.transaction():
                self._apply(page)
        except sqlite3.OperationalError as error:
            raise Refusal(503, f"database: {error}") from error

    def _apply(self, page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        if page.action == "remove_members":
            self._db.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            return
        held = self.members(page.cohort)
        self._db.executemany(_UPSERT, [(*row, page.session) for row in rows])
        self._db.executemany("INSERT INTO outbox VALUES (?, ?)", [row for row in rows if row[1] not in held])
        if page.action == "members":
            self._db.execute("DELETE FROM page WHERE cohort = ? AND session <> ?", (page.cohort, page.session))
            self._db.execute("INSERT OR IGNORE INTO page VALUES (?, ?, ?)", (page.cohort, page.session, page.number))
            (pages,) = self._db.execute("SELECT count(*) FROM page WHERE cohort = ?", (page.cohort,)).fetchone()
            if pages >= page.total:
                self._db.execute("DELETE FROM member WHERE cohort = ? AND session <> ?", (page.cohort, page.session))
                self._db.execute("DELETE FROM page WHERE cohort = ?", (page.cohort,))

    def members(self, cohort: str) -> set[str]:
        return {user for (user,) in self._db.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))}

    def mails(self) -> list[tuple[str, str]]:
        return self._db.execute("SELECT cohort, user FROM outbox").fetchall()


@correct(
    design="SQLite, upserts in a transaction", summary="one transaction a page; answers 503 while the disk is full"
)
def upserts_in_sqlite() -> Receiver:
    """Rows, pages seen and mails to send change together or not at all, so a failed page can simply come again.

    Nothing lives in the process: a restart loses nothing.
    """
    database = Database(_SCHEMA)
    app = _Storing(database)
    return Receiver(
        webhook(app.take),
        members=app.members,
        arrivals=app.mails,
        restart=lambda: webhook(_Storing(database).take),
        dependency=database.fails,
    )
