"""Pages of a full sync are staged by cohort and not by session: what an aborted sync left leaks into the next."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE staged (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE done (session TEXT PRIMARY KEY) WITHOUT ROWID;
"""


@faulty(
    check="membership",
    cause="stale-pages",
    design="in memory, staged",
    summary="stages pages per cohort: leftovers of an aborted sync are committed with the next one",
)
def stages_per_cohort() -> Receiver:
    """Collect the pages of a cohort, swap them in with the last one: nobody sees half a cohort.

    A sync that is aborted after its first page never gets to its last. The next one adds to the same pile, and
    whoever left between the two is swapped in with it.
    """
    roster = Roster()
    staged: dict[str, set[str]] = {}
    done: dict[str, str] = {}  # the session swapped in last, so that a retry of its last page changes nothing

    def take(page: Page) -> None:
        if page.action != "members":
            roster.take(page)
            return
        if done.get(page.cohort) == page.session:
            return
        pile = staged.setdefault(page.cohort, set())
        pile.update(page.ids)
        if page.number == page.total:
            roster.replace(page.cohort, staged.pop(page.cohort))
            done[page.cohort] = page.session

    return roster.receiver(take)


@faulty(
    check="membership",
    cause="stale-pages",
    design="SQLite, staging table",
    summary="a staging table without a session column keeps the rows of an aborted sync",
)
def stages_per_cohort_sqlite() -> Receiver:
    """The rows of a full sync wait in a staging table and move over in one transaction with the last page.

    The table has no column for the session, and is only emptied by the move.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        cohort = (page.cohort,)
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            elif page.action == "add_members":
                database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)
            elif not database.execute("SELECT 1 FROM done WHERE session = ?", (page.session,)).fetchone():
                database.executemany("INSERT OR IGNORE INTO staged VALUES (?, ?)", rows)
                if page.number == page.total:
                    database.execute("DELETE FROM member WHERE cohort = ?", cohort)
                    database.execute("INSERT INTO member SELECT cohort, user FROM staged WHERE cohort = ?", cohort)
                    database.execute("DELETE FROM staged WHERE cohort = ?", cohort)
                    database.execute("INSERT INTO done VALUES (?)", (page.session,))

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
