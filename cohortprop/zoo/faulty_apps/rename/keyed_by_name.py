"""Cohorts are kept under their name, which anybody can edit."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = """
    CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
    CREATE TABLE latest (cohort TEXT PRIMARY KEY, list INT);
    CREATE TABLE member (list INT, user TEXT, PRIMARY KEY (list, user)) WITHOUT ROWID;
"""
"""`latest` is for the reports, which know cohorts by their id."""


@faulty(
    check="rename",
    cause="keyed-by-name",
    design="in memory, keyed on the cohort's name",
    summary="keeps cohorts under their name: a rename starts an empty one",
)
def keyed_by_name() -> Receiver:
    """The names in our system are the names in Mixpanel, so a cohort is filed under its name.

    After a rename the next diff opens a new file, which holds that diff and nothing else.
    """
    roster = Roster()
    names: dict[str, str] = {}  # for the reports, which know cohorts by their id

    def take(page: Page) -> None:
        names[page.cohort] = page.name
        roster.take(page._replace(cohort=page.name))

    return Receiver(webhook(take), members=lambda cohort: roster.members(names.get(cohort, "")))


@faulty(
    check="rename",
    cause="keyed-by-name",
    design="SQLite, cohorts by name",
    summary="looks a cohort up by its name, and creates it when it is not there",
)
def creates_by_name_sqlite() -> Receiver:
    """Lists in our system have a number of their own, and are found by their name, or created under it.

    Under a new name a new list is created; the old one is never heard of again.
    """
    database, staging = Database(_SCHEMA), Staging()

    def number_of(page: Page) -> int:
        database.execute("INSERT OR IGNORE INTO list (name) VALUES (?)", (page.name,))
        (number,) = database.execute("SELECT id FROM list WHERE name = ?", (page.name,)).fetchone()
        database.execute("INSERT OR REPLACE INTO latest VALUES (?, ?)", (page.cohort, number))
        return int(number)

    def take(page: Page) -> None:
        with database:
            number = number_of(page)
            rows = [(number, user) for user in page.ids]
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE list = ? AND user = ?", rows)
                return
            if page.action == "members":
                copy = staging.add(page)
                if copy is None:
                    return
                rows = [(number, user) for user in copy]
                database.execute("DELETE FROM member WHERE list = ?", (number,))
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        found = "SELECT user FROM member JOIN latest USING (list) WHERE cohort = ?"
        return [user for (user,) in database.execute(found, (cohort,))]

    return Receiver(webhook(take), members=members)
