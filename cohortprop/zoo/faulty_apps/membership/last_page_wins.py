"""Each page of a full sync is taken for the whole cohort."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_SCHEMA = "CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID"


@faulty(
    check="membership",
    cause="last-page-wins",
    design="in memory",
    summary="replaces the cohort by each page of a full sync: only the last page stays",
)
def last_page_wins() -> Receiver:
    """`members` replaces the cohort, and that is what the app does. It was tried with forty members.

    With more than a page of them, each page throws out the one before it.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action == "members":
            roster.replace(page.cohort, page.ids)
        elif page.action == "add_members":
            roster.add(page.cohort, page.ids)
        else:
            roster.remove(page.cohort, page.ids)

    return roster.receiver(take)


@faulty(
    check="membership",
    cause="last-page-wins",
    design="SQLite, delete and insert in a transaction",
    summary="deletes the cohort's rows before it inserts each page of a full sync",
)
def last_page_wins_sqlite() -> Receiver:
    """Delete and insert in one transaction: nobody ever sees an empty cohort, and a page can be repeated.

    The DELETE runs for the second page, too.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
                return
            if page.action == "members":
                database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
