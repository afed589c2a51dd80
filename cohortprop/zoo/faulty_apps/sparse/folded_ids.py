"""Ids are tidied up on the way in, and two users become one, or somebody else."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_NUMBERS = "CREATE TABLE member (cohort TEXT, user INTEGER, PRIMARY KEY (cohort, user)) WITHOUT ROWID"
_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT COLLATE NOCASE, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


@faulty(
    check="sparse",
    cause="folded-ids",
    design="in memory",
    summary="strips and lower-cases ids",
)
def folds_ids() -> Receiver:
    """User names in our system are lower case without blanks, and ids are tidied up in the same function.

    A distinct id is an opaque string: `Ann` and `ann` are two people, and here only one of them exists.
    """
    roster = Roster()

    def take(page: Page) -> None:
        roster.take(page._replace(ids=[user.strip().lower() for user in page.ids]))

    return Receiver(webhook(take), members=roster.members)


@faulty(
    check="sparse",
    cause="folded-ids",
    design="in memory",
    summary="casts ids of digits to int: leading zeros are gone",
)
def casts_ids() -> Receiver:
    """Registered users have numeric ids, and the column is an integer; visitors keep their string.

    `007` is stored as 7, which is another user.
    """
    roster = Roster()

    def take(page: Page) -> None:
        roster.take(page._replace(ids=[str(int(user)) if user.isdecimal() else user for user in page.ids]))

    def members(cohort: str) -> list[int | str]:
        return [int(user) if user.isdecimal() else user for user in roster.members(cohort)]

    return Receiver(webhook(take), members=members)


@faulty(
    check="sparse",
    cause="folded-ids",
    design="SQLite, case-insensitive column",
    summary="compares ids without regard to case, as the column's collation says",
)
def collates_ids_sqlite() -> Receiver:
    """The column is case-insensitive, as text columns are by default in other databases.

    `Ann` and `ann` are one row, and when one of them leaves, both are gone.
    """
    database, staging = Database(_SCHEMA), Staging()

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
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)


@faulty(
    check="sparse",
    cause="folded-ids",
    design="SQLite, numeric column",
    summary="keeps ids in a column for numbers, which turns `007` and `1e3` into others",
)
def numeric_column_sqlite() -> Receiver:
    """Ids of users are numbers in this house, so the column is INTEGER; SQLite takes any text there all the same.

    It keeps as a number whatever looks like one: `007` is 7, and `1e3` is 1000.
    """
    database, staging = Database(_NUMBERS), Staging()

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
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[int | str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
