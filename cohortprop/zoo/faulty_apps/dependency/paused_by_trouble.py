"""A failure of the app's own is answered with a 4xx, which pauses the sync."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal, fail, read, succeed, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_SCHEMA = """
    CREATE TABLE cohort (cohort TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


@faulty(
    check="dependency",
    cause="paused-by-trouble",
    design="in memory, over a database, one handler for all errors",
    summary="answers 400 to whatever goes wrong, its own database included",
)
def blames_the_request() -> Receiver:
    """One `except Exception` round the handler, and a 400, since webhooks fail on bad input.

    A 400 pauses the sync until a person resumes it. The database was down for three seconds.
    """
    database, roster = Dependency("database"), Roster()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        action = "unknown"
        try:
            page = read(environ)
            action = page.action
            database.use()
            roster.take(page)
        except Exception as error:  # noqa: BLE001 - which is the bug
            return fail(start_response, action, 400, str(error))
        return succeed(start_response, page.action)

    return Receiver(
        app,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        dependency=database.fails,
    )


@faulty(
    check="dependency",
    cause="paused-by-trouble",
    design="SQLite, looks the cohort up",
    summary="answers 404 when the database fails: an error reads as `no such cohort`",
)
def not_found_on_error_sqlite() -> Receiver:
    """A cohort is filed before its members, and an error of the database there reads as "there is no such cohort".

    That is a 404, and a 404 pauses the sync.
    """
    database, staging = Database(_SCHEMA), Staging()

    def file(cohort: str) -> bool:
        try:
            with database.transaction():
                database.execute("INSERT OR IGNORE INTO cohort VALUES (?)", (cohort,))
        except sqlite3.Error:
            return False
        return True

    def take(page: Page) -> None:
        if not file(page.cohort):
            raise Refusal(404, f"no cohort {page.cohort}")
        rows = [(page.cohort, user) for user in page.ids]
        with database.transaction():
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
                return
            if page.action == "members":
                copy = staging.add(page)
                if copy is None:
                    return
                rows = [(page.cohort, user) for user in copy]
                database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members, dependency=database.fails)
