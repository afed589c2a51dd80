"""A full sync of a known cohort mails those who have long been in it."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_SCHEMA = """
    CREATE TABLE cohort (cohort TEXT PRIMARY KEY, session TEXT) WITHOUT ROWID;
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE mail (cohort TEXT, user TEXT);
    CREATE TRIGGER welcome AFTER INSERT ON member BEGIN INSERT INTO mail VALUES (new.cohort, new.user); END;
"""


@faulty(
    check="arrivals",
    cause="duplicate-on-full-sync",
    design="in memory",
    summary="mails everyone that a full sync names, as if they had just come",
)
def mails_on_full_sync() -> Receiver:
    """A full sync is how a cohort starts, so its members are new and all get the welcome mail, once a page.

    After an outage the cohort is sent in full again, and the old members are welcomed again.
    """
    roster = Roster()
    welcomed: set[tuple[str, int]] = set()
    sent: list[tuple[str, str]] = []

    def take(page: Page) -> None:
        if page.action == "members":
            if (page.session, page.number) not in welcomed:
                sent.extend((page.cohort, user) for user in page.ids)
                welcomed.add((page.session, page.number))
        elif page.action == "add_members":
            held = roster.members(page.cohort)
            sent.extend((page.cohort, user) for user in page.ids if user not in held)
        roster.take(page)

    return Receiver(webhook(take), members=roster.members, arrivals=lambda: list(sent))


@faulty(
    check="arrivals",
    cause="duplicate-on-full-sync",
    design="SQLite, trigger on insert",
    summary="deletes and inserts the rows of a full sync, and each insert triggers a mail",
)
def mails_on_refill_sqlite() -> Receiver:
    """A row that is inserted is a user who has arrived: a trigger writes the mail, and a repeat inserts nothing.

    The first page of a full sync deletes the cohort's rows, and its pages insert everybody again.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
                return
            if page.action == "members":
                empty_at_first_page(page)
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def empty_at_first_page(page: Page) -> None:
        known = database.execute("SELECT session FROM cohort WHERE cohort = ?", (page.cohort,)).fetchone()
        if known != (page.session,):
            database.execute("INSERT OR REPLACE INTO cohort VALUES (?, ?)", (page.cohort, page.session))
            database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    def mails() -> list[tuple[str, str]]:
        return database.execute("SELECT cohort, user FROM mail").fetchall()

    return Receiver(webhook(take), members=members, arrivals=mails)
