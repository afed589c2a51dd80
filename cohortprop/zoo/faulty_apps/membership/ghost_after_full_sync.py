"""A full sync is merged into what is held instead of replacing it."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE mail (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


@faulty(
    check="membership",
    cause="ghost-after-full-sync",
    design="in memory",
    summary="treats `members` as `add_members`: who left unseen stays for ever",
)
def merges_full_sync() -> Receiver:
    """The first sync of a cohort is a full one, so `members` was read as "here are your first members".

    After three days of silence a second full sync comes, and whoever left in the meantime is held for ever.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action == "remove_members":
            roster.remove(page.cohort, page.ids)
        else:
            roster.add(page.cohort, page.ids)

    return roster.receiver(take)


@faulty(
    check="membership",
    cause="ghost-after-full-sync",
    design="SQLite, upserts in a transaction",
    summary="upserts the rows of a full sync and deletes none",
)
def merges_full_sync_sqlite() -> Receiver:
    """Idempotent upserts make every page safe to repeat, and a full sync is just more rows to upsert.

    An upsert never deletes: the rows that the full copy no longer names stay.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            else:
                database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)
                database.executemany("INSERT OR IGNORE INTO mail VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    def mails() -> list[tuple[str, str]]:
        return database.execute("SELECT cohort, user FROM mail").fetchall()

    return Receiver(webhook(take), members=members, arrivals=mails, arrival_policy="once_per_user")
