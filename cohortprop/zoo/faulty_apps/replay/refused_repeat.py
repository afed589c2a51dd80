"""A page whose work is already done is turned away."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = "CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID"


@faulty(
    check="replay",
    cause="refused-repeat",
    design="SQLite, inserts in a transaction",
    summary="a unique-key error, so a 500, when `add_members` names somebody who is in already",
)
def unique_key_error() -> Receiver:
    """`add_members` names users who have entered, so they are inserted; the primary key keeps the table clean.

    A page whose acknowledgement was lost comes again, and the key refuses it: at every retry, and in every diff.
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
                database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            database.executemany("INSERT INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)


@faulty(
    check="replay",
    cause="refused-repeat",
    design="in memory, checks transitions",
    summary="409 when `add_members` names somebody who is in already",
)
def insists_on_news() -> Receiver:
    """Entering means that one was not in before; anything else is a sign of corrupted state, and is turned away.

    A 409 is no reason to retry. Once an acknowledgement is lost, every diff names users who are in, and fails.
    """
    roster = Roster()

    def take(page: Page) -> None:
        known = roster.members(page.cohort).intersection(page.ids)
        if page.action == "add_members" and known:
            raise Refusal(409, f"{min(known)} is in cohort {page.cohort} already")
        roster.take(page)

    return roster.receiver(take)
