"""One row a membership, each with the version at which it began or ended; a full sync is one new version."""

from __future__ import annotations

import sqlite3

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, Refusal, webhook

_SCHEMA = """
    CREATE TABLE membership (cohort TEXT, user TEXT, since INT, until INT, PRIMARY KEY (cohort, user, since));
    CREATE TABLE copy (cohort TEXT PRIMARY KEY, session TEXT, version INT) WITHOUT ROWID;
    CREATE TABLE named (cohort TEXT, number INT, user TEXT, PRIMARY KEY (cohort, number, user)) WITHOUT ROWID;
    CREATE TABLE page (cohort TEXT, number INT, PRIMARY KEY (cohort, number)) WITHOUT ROWID;
"""
_HELD = "SELECT user FROM membership WHERE cohort = ? AND until IS NULL"
_END = "UPDATE membership SET until = ? WHERE cohort = ? AND user = ? AND until IS NULL"


class _Versioned:
    def __init__(self, database: Database) -> None:
        self._db = database

    def take(self, page: Page) -> None:
        try:
            with self._db.transaction():
                (last,) = self._db.execute("SELECT max(max(since), max(ifnull(until, 0))) FROM membership").fetchone()
                self._apply(page, 1 + (last or 0))
        except sqlite3.OperationalError as error:
            raise Refusal(503, f"database: {error}") from error

    def _apply(self, page: Page, version: int) -> None:
        if page.action == "remove_members":
            self._end(page.cohort, page.ids, version)
        elif page.action == "add_members":
            self._begin(page.cohort, page.ids, version)
        else:
            self._gather(page)
            (pages,) = self._db.execute("SELECT count(*) FROM page WHERE cohort = ?", (page.cohort,)).fetchone()
            if pages >= page.total:
                found = self._db.execute("SELECT DISTINCT user FROM named WHERE cohort = ?", (page.cohort,))
                named = [user for (user,) in found]
                self._end(page.cohort, sorted(set(self.members(page.cohort)).difference(named)), version)
                self._begin(page.cohort, named, version)
                self._forget_copy(page.cohort)

    def _gather(self, page: Page) -> None:
        under_way = self._db.execute("SELECT session FROM copy WHERE cohort = ?", (page.cohort,)).fetchone()
        if under_way != (page.session,):
            self._forget_copy(page.cohort)
            self._db.execute("INSERT INTO copy VALUES (?, ?, 0)", (page.cohort, page.session))
        self._db.execute("INSERT OR IGNORE INTO page VALUES (?, ?)", (page.cohort, page.number))
        rows = [(page.cohort, page.number, user) for user in page.ids]
        self._db.executemany("INSERT OR IGNORE INTO named VALUES (?, ?, ?)", rows)

    def _forget_copy(self, cohort: str) -> None:
        for table in ("copy", "page", "named"):
            self._db.execute(f"DELETE FROM {table} WHERE cohort = ?", (cohort,))  # noqa: S608 - three known names

    def _begin(self, cohort: str, users: list[str], version: int) -> None:
        held = set(self.members(cohort))
        rows = [(cohort, user, version) for user in dict.fromkeys(users) if user not in held]
        self._db.executemany("INSERT INTO membership VALUES (?, ?, ?, NULL)", rows)

    def _end(self, cohort: str, users: list[str], version: int) -> None:
        self._db.executemany(_END, [(version, cohort, user) for user in users])

    def members(self, cohort: str) -> list[str]:
        return [user for (user,) in self._db.execute(_HELD, (cohort,))]

    def entries(self) -> list[tuple[str, str]]:
        """Each membership that ever began."""
        return self._db.execute("SELECT cohort, user FROM membership").fetchall()


@correct(
    design="SQLite, versions of memberships",
    summary="never deletes a membership: each has the version of its beginning and of its end",
)
def numbers_its_versions() -> Receiver:
    """Who was in when can be asked years later. A membership that begins is the entry that causes the mail.

    A full sync waits in tables until it is whole, and then ends and begins memberships under one version.
    """
    database = Database(_SCHEMA)
    app = _Versioned(database)
    return Receiver(
        webhook(app.take),
        members=app.members,
        arrivals=app.entries,
        restart=lambda: webhook(_Versioned(database).take),
        dependency=database.fails,
    )
