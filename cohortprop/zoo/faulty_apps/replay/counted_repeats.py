"""Memberships are counted, and a repeat counts."""

from __future__ import annotations

from collections import Counter

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.staging import Staging

_SCHEMA = "CREATE TABLE entry (id INTEGER PRIMARY KEY, cohort TEXT, user TEXT)"
_LEAVE = "DELETE FROM entry WHERE id = (SELECT max(id) FROM entry WHERE cohort = ? AND user = ?)"


@faulty(
    check="replay",
    cause="counted-repeats",
    design="in memory, counters",
    summary="counts each `add_members` up and each `remove_members` down: a repeat shifts the balance",
)
def counts_repeats() -> Receiver:
    """Each entry adds one and each exit takes one away; who is above zero is in. Like reference counts.

    A page that is sent again after a lost acknowledgement counts twice, and one exit no longer gets the user out.
    """
    counts: dict[str, Counter[str]] = {}
    staging = Staging()

    def take(page: Page) -> None:
        if page.action == "members":
            copy = staging.add(page)
            if copy is not None:
                counts[page.cohort] = Counter(copy)
        elif page.action == "add_members":
            counts.setdefault(page.cohort, Counter()).update(page.ids)
        else:
            counts.setdefault(page.cohort, Counter()).subtract(page.ids)

    return Receiver(webhook(take), members=lambda cohort: list(+counts.get(cohort, Counter())))


@faulty(
    check="replay",
    cause="counted-repeats",
    design="SQLite, one row an entry",
    summary="adds a row for each entry and deletes one for each exit: of a repeat one row stays",
)
def a_row_an_entry_sqlite() -> Receiver:
    """Each entry is a row, for the history of the cohort; an exit deletes the latest row of the user.

    A page that came twice has left two rows, and whoever leaves takes one of them along.
    """
    database, staging = Database(_SCHEMA), Staging()

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany(_LEAVE, rows)
                return
            if page.action == "members":
                copy = staging.add(page)
                if copy is None:
                    return
                rows = [(page.cohort, user) for user in copy]
                database.execute("DELETE FROM entry WHERE cohort = ?", (page.cohort,))
            database.executemany("INSERT INTO entry (cohort, user) VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT DISTINCT user FROM entry WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
