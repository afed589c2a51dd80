"""What happens to one cohort is done to the others as well."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = "CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID"


@faulty(
    check="isolation",
    cause="cross-cohort-damage",
    design="in memory",
    summary="takes who leaves one cohort out of every cohort",
)
def leaves_everywhere() -> Receiver:
    """Who is removed is no longer to be contacted, so the app takes the user out of all its lists.

    They have left one cohort. They are still in the others, and no diff of those will ever mention them.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action != "remove_members":
            roster.take(page)
            return
        for cohort in roster.cohorts():
            roster.remove(cohort, page.ids)

    return roster.receiver(take)


@faulty(
    check="isolation",
    cause="cross-cohort-damage",
    design="SQLite, delete and insert in a transaction",
    summary="a full sync of one cohort deletes the rows of all",
)
def replaces_everything() -> Receiver:
    """A complete copy replaces what is in the table: delete, insert, commit, all in one transaction.

    The table holds every cohort, and the DELETE has no WHERE. With one cohort, all tests pass.
    """
    database = Database(_SCHEMA)
    staging = Staging()

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
                return
            if page.action == "members":
                copy = staging.add(page)
                if copy is None:
                    return
                rows = [(page.cohort, user) for user in copy]
                database.execute("DELETE FROM member")
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
