"""What could not be stored is acknowledged all the same."""

from __future__ import annotations

import logging
import sqlite3

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal, webhook
from cohortprop.zoo.roster import Roster

_log = logging.getLogger(__name__)

_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT, session TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE page (cohort TEXT, session TEXT, number INT, PRIMARY KEY (cohort, session, number)) WITHOUT ROWID;
"""
_UPSERT = "INSERT OR REPLACE INTO member VALUES (?, ?, ?)"


@faulty(
    check="dependency",
    cause="acknowledged-in-trouble",
    design="in memory, over a database, logs errors",
    summary="logs the error when the database fails, and answers success",
)
def logs_and_goes_on() -> Receiver:
    """A webhook must never fail, or the other side switches it off: errors are logged, and somebody looks into them.

    The page was acknowledged, so it does not come again, and neither do those who were on it.
    """
    database, roster = Dependency("database"), Roster()

    def take(page: Page) -> None:
        try:
            database.use()
            roster.take(page)
        except Refusal as error:
            _log.warning("page %d of %s: %s", page.number, page.session, error)

    return Receiver(
        webhook(take),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        dependency=database.fails,
    )


@faulty(
    check="dependency",
    cause="acknowledged-in-trouble",
    design="SQLite, rolls back and returns",
    summary="rolls a failed transaction back, and returns as if it had been committed",
)
def rolls_back_in_silence_sqlite() -> Receiver:
    """All or nothing: when the transaction fails it is rolled back, and the tables are as clean as before.

    The handler is not told, and answers success for nothing.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        try:
            with database.transaction():
                store(page)
        except sqlite3.OperationalError:
            return

    def store(page: Page) -> None:
        key = (page.cohort, page.session)
        if page.action == "remove_members":
            rows = [(page.cohort, user) for user in page.ids]
            database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            return
        database.executemany(_UPSERT, [(page.cohort, user, page.session) for user in page.ids])
        if page.action == "members":
            database.execute("INSERT OR IGNORE INTO page VALUES (?, ?, ?)", (*key, page.number))
            count = "SELECT count(*) FROM page WHERE cohort = ? AND session = ?"
            if database.execute(count, key).fetchone()[0] >= page.total:
                database.execute("DELETE FROM member WHERE cohort = ? AND session <> ?", key)
                database.execute("DELETE FROM page WHERE cohort = ?", (page.cohort,))

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members, dependency=database.fails)
