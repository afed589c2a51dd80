"""What happens to one cohort is done to the others as well."""

from __future__ import annotations

import json

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_CASCADE = """
    PRAGMA foreign_keys = ON;
    CREATE TABLE user (id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE member (
        cohort TEXT, user TEXT REFERENCES user ON DELETE CASCADE, PRIMARY KEY (cohort, user)
    ) WITHOUT ROWID;
"""
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


@faulty(
    check="isolation",
    cause="cross-cohort-damage",
    design="in memory, one project at a time",
    summary="starts from scratch when a delivery comes from another project",
)
def one_project_only() -> Receiver:
    """The project id is remembered, and when it changes, somebody has set the connection up anew: all is dropped.

    Two projects send to the same URL, in turns.
    """
    rosters = [Roster()]
    current: list[str] = []

    def take(page: Page) -> None:
        project = json.loads(page.body)["parameters"].get("mixpanel_project_id", "")
        if current != [project]:
            current[:] = [project]
            rosters[0] = Roster()
        rosters[0].take(page)

    def members(cohort: str) -> set[str]:
        return rosters[0].members(cohort)

    return Receiver(webhook(take), members=members)


@faulty(
    check="isolation",
    cause="cross-cohort-damage",
    design="SQLite, memberships cascade",
    summary="deletes the user who leaves a cohort, and the memberships go along",
)
def deletes_the_user_sqlite() -> Receiver:
    """Users have a table of their own, and memberships point at it. Who leaves is deleted there, to keep no data.

    The foreign key cascades, and all other memberships of the user are gone as well.
    """
    database, staging = Database(_CASCADE), Staging()

    def take(page: Page) -> None:
        users = page.ids
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM user WHERE id = ?", [(user,) for user in users])
                return
            if page.action == "members":
                copy = staging.add(page)
                if copy is None:
                    return
                users = copy
                database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            database.executemany("INSERT OR IGNORE INTO user VALUES (?)", [(user,) for user in users])
            rows = [(page.cohort, user) for user in users]
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
