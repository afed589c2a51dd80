"""A page that failed is taken for done when it comes again."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = """
    CREATE TABLE page (cohort TEXT, session TEXT, action TEXT, number INT,
                       PRIMARY KEY (cohort, session, action, number)) WITHOUT ROWID;
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


@faulty(
    check="dependency",
    cause="not-repaired-by-retry",
    design="in memory, idempotency keys",
    summary="marks a page as seen before it is saved: if saving fails, the retry is skipped",
)
def marks_before_saving() -> Receiver:
    """Each page has an idempotency key. The key is kept first, so that two copies at once cannot both get through.

    Saving fails, the answer is 503, the page comes again, and its key says that there is nothing to do.
    """
    database, roster = Dependency("database"), Roster()
    seen: set[tuple[str, str, str, int]] = set()

    def take(page: Page) -> None:
        key = (page.cohort, page.session, page.action, page.number)
        if key in seen:
            return
        seen.add(key)
        database.use()
        roster.take(page)

    return Receiver(
        webhook(take),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        dependency=database.fails,
    )


@faulty(
    check="dependency",
    cause="not-repaired-by-retry",
    design="SQLite, every statement by itself",
    summary="stores a page row by row without a transaction: if it fails half-way, the retry is skipped",
)
def half_a_page_sqlite() -> Receiver:
    """Every statement commits by itself, the one first that files the page, for the log of what came in.

    The server goes away half-way through the rows. When the page comes again, it is on file already.
    """
    database, server, staging = Database(_SCHEMA), Dependency("database server"), Staging()
    database.isolation_level = None

    def take(page: Page) -> None:
        key = (page.cohort, page.session, page.action, page.number)
        if database.execute("INSERT OR IGNORE INTO page VALUES (?, ?, ?, ?)", key).rowcount == 0:
            return
        users = page.ids
        if page.action == "members":
            copy = staging.add(page)
            gone = set(members(page.cohort)) - set(copy) if copy is not None else set()
            one_by_one("DELETE FROM member WHERE cohort = ? AND user = ?", page.cohort, sorted(gone))
        if page.action == "remove_members":
            one_by_one("DELETE FROM member WHERE cohort = ? AND user = ?", page.cohort, users)
        else:
            one_by_one("INSERT OR IGNORE INTO member VALUES (?, ?)", page.cohort, users)

    def one_by_one(statement: str, cohort: str, users: list[str]) -> None:
        for place, user in enumerate(users):
            if place >= len(users) // 2:
                server.use()
            database.execute(statement, (cohort, user))

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members, dependency=server.fails)
