"""Stage full syncs in a table and swap them in by one statement; the mail ledger knows each user once."""

from __future__ import annotations

import sqlite3

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, Refusal, webhook

_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE page (cohort TEXT, session TEXT, number INT, PRIMARY KEY (cohort, session, number)) WITHOUT ROWID;
    CREATE TABLE staged (cohort TEXT, session TEXT, user TEXT, PRIMARY KEY (cohort, session, user)) WITHOUT ROWID;
    CREATE TABLE mail (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


class _Copying:
    def __init__(self, database: Database) -> None:
        self._db = database

    def take(self, page: Page) -> None:
        try:
            with self._db.transaction():
                if page.action == "members":
                    self._stage(page)
                elif page.action == "add_members":
                    self._let_in([(page.cohort, user) for user in page.ids])
                else:
                    gone = [(page.cohort, user) for user in page.ids]
                    self._db.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", gone)
        except sqlite3.OperationalError as error:
            raise Refusal(503, f"database: {error}") from error

    def _let_in(self, rows: list[tuple[str, str]]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)
        self._db.executemany("INSERT OR IGNORE INTO mail VALUES (?, ?)", rows)

    def _stage(self, page: Page) -> None:
        key = (page.cohort, page.session)
        self._db.execute("INSERT OR IGNORE INTO page VALUES (?, ?, ?)", (*key, page.number))
        self._db.executemany("INSERT OR IGNORE INTO staged VALUES (?, ?, ?)", [(*key, user) for user in page.ids])
        count = "SELECT count(*) FROM page WHERE cohort = ? AND session = ?"
        (pages,) = self._db.execute(count, key).fetchone()
        if pages >= page.total:
            copy = "SELECT cohort, user FROM staged WHERE cohort = ? AND session = ?"
            rows = self._db.execute(copy, key).fetchall()
            self._db.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            self._let_in(rows)
            # What an aborted sync has staged is worthless once a later one is complete.
            self._db.execute("DELETE FROM page WHERE cohort = ?", (page.cohort,))
            self._db.execute("DELETE FROM staged WHERE cohort = ?", (page.cohort,))

    def members(self, cohort: str) -> set[str]:
        return {user for (user,) in self._db.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))}

    def mails(self) -> list[tuple[str, str]]:
        return self._db.execute("SELECT cohort, user FROM mail").fetchall()


@correct(design="SQLite, staging tables", summary="stages full syncs in a table, mails each user of a cohort once")
def stages_in_sqlite() -> Receiver:
    """What the document's FAQ advises: keep track of whom the action has reached, and never act on them again."""
    database = Database(_SCHEMA)
    app = _Copying(database)
    return Receiver(
        webhook(app.take),
        members=app.members,
        arrivals=app.mails,
        arrival_policy="once_per_user",
        restart=lambda: webhook(_Copying(database).take),
        dependency=database.fails,
    )
