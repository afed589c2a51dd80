"""`remove_members` is acknowledged and nothing is done."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = "CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID"


@faulty(
    check="membership",
    cause="remove-ignored",
    design="in memory",
    summary="acknowledges `remove_members` and does nothing",
)
def ignores_removals() -> Receiver:
    """A campaign list only ever grows, said the ticket, so the removals are acknowledged and dropped.

    Later somebody used the list to decide who sees the offer.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action != "remove_members":
            roster.take(page)

    return roster.receiver(take)


@faulty(
    check="membership",
    cause="remove-ignored",
    design="SQLite, delete by statement",
    summary="deletes with the parameters the wrong way round, which deletes nobody",
)
def deletes_nobody_sqlite() -> Receiver:
    """The statement was tried by hand, and it works. In the code, its parameters are handed over in the wrong order.

    A DELETE that finds no row is no error, and so the answer is success.
    """
    database, staging = Database(_SCHEMA), Staging()

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                wrong = [(user, page.cohort) for user in page.ids]
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", wrong)
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

    return Receiver(webhook(take), members=members)
