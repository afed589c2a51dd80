"""Somebody is held whom no delivery has named."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = "CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID"
_OWNER = "owner@shop.example"
_NOBODY = "-"


@faulty(
    check="stranger",
    cause="stranger",
    design="in memory",
    summary="puts the account's owner into every cohort that gets a newcomer",
)
def adds_the_owner() -> Receiver:
    """The owner wants to see each campaign as customers do, and so enters every cohort with its newcomers.

    Whoever counts the members, or bills by them, counts one too many, whom no delivery can take out.
    """
    roster = Roster()

    def take(page: Page) -> None:
        roster.take(page)
        if page.action == "add_members" and page.ids:
            roster.add(page.cohort, [_OWNER])

    return Receiver(webhook(take), members=roster.members)


@faulty(
    check="stranger",
    cause="stranger",
    design="SQLite, cohorts are what has rows",
    summary="keeps a placeholder among the members of an empty cohort",
)
def placeholder_row_sqlite() -> Receiver:
    """There is no table of cohorts: a cohort is what has members. So that an empty one is not lost, it gets a row.

    The row holds a placeholder in place of an id, and whoever reads the members meets it.
    """
    database, staging = Database(_SCHEMA), Staging()

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            elif page.action == "add_members":
                database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)
            else:
                copy = staging.add(page)
                if copy is not None:
                    database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
                    rows = [(page.cohort, user) for user in copy or [_NOBODY]]
                    database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
