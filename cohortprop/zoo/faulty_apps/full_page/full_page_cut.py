"""Of a page of a thousand members only a part is kept."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = "CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID"
_AT_ONCE = 500
_VARIABLES = 333
"""Rows of three values that stay below the 999 variables of older SQLite versions."""


@faulty(
    check="full_page",
    cause="full-page-cut",
    design="in memory, slices",
    summary="takes the first five hundred members of a page",
)
def first_five_hundred() -> Receiver:
    """The service behind takes five hundred users a call, and so the list is sliced.

    What is left of the page was to be sent in a second call, which nobody wrote.
    """
    roster = Roster()

    def take(page: Page) -> None:
        roster.take(page._replace(ids=page.ids[:_AT_ONCE]))

    return roster.receiver(take)


@faulty(
    check="full_page",
    cause="full-page-cut",
    design="SQLite, inserts in chunks",
    summary="inserts large pages in whole chunks, and the rest of the last one is dropped",
)
def whole_chunks_only_sqlite() -> Receiver:
    """SQLite takes so many variables a statement, so large pages are inserted in chunks of 333 rows.

    A thousand members make three chunks and one member, and the loop counts whole chunks.
    """
    database, staging = Database(_SCHEMA), Staging()

    def take(page: Page) -> None:
        users = page.ids
        with database:
            if page.action == "remove_members":
                rows = [(page.cohort, user) for user in users]
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
                return
            if page.action == "members":
                copy = staging.add(page._replace(ids=stored(page.ids)))
                if copy is None:
                    return
                users = copy
                database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            rows = [(page.cohort, user) for user in stored(users)]
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def stored(users: list[str]) -> list[str]:
        chunks = max(1, len(users) // _VARIABLES)
        return users if chunks == 1 else users[: chunks * _VARIABLES]

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
