"""Members have a lifetime, or live in a place that is named after a date."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT, expires_at REAL, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""
_LIFETIME = 30 * 86_400.0
_CACHED_SECONDS = 86_400.0


@faulty(
    check="clock",
    cause="forgotten-with-time",
    design="SQLite, rows with a lifetime",
    summary="rows expire thirty days after a delivery named them last",
)
def expires_rows_sqlite() -> Receiver:
    """Every delivery renews the rows that it names, and what nobody renews for a month is stale.

    Who stays in a cohort is not named again, by any number of diffs. After a month the cohort is empty.
    """
    database = Database(_SCHEMA)
    staging = Staging()

    def take(page: Page) -> None:
        users = page.ids
        with database:
            if page.action == "remove_members":
                rows = [(page.cohort, user) for user in users]
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
                return
            if page.action == "members":
                copy = staging.add(page)
                if copy is None:
                    return
                users = copy
                database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            renewed = [(page.cohort, user, time.time() + _LIFETIME) for user in users]
            database.executemany("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", renewed)

    def members(cohort: str) -> list[str]:
        alive = "SELECT user FROM member WHERE cohort = ? AND expires_at > ?"
        return [user for (user,) in database.execute(alive, (cohort, time.time()))]

    return Receiver(webhook(take), members=members)


class _Cache:
    """Sets under keys, each for a day after it was last written; there is nothing behind it."""

    def __init__(self) -> None:
        self._sets: dict[str, tuple[float, set[str]]] = {}

    def get(self, key: str) -> set[str]:
        written, users = self._sets.get(key, (0.0, set()))
        return set(users) if time.time() - written < _CACHED_SECONDS else set()

    def put(self, key: str, users: set[str]) -> None:
        self._sets[key] = time.time(), users


@faulty(
    check="clock",
    cause="forgotten-with-time",
    design="cache with a lifetime",
    summary="keeps cohorts in a cache that drops what was not written for a day",
)
def caches_for_a_day() -> Receiver:
    """Syncs come every half hour and each of them writes, so a day's lifetime looked like more than enough.

    When nothing comes for a day, the cohort is gone, and the next diff starts with an empty one.
    """
    cache, staging = _Cache(), Staging()

    def take(page: Page) -> None:
        held = cache.get(page.cohort)
        if page.action == "members":
            copy = staging.add(page)
            cache.put(page.cohort, held | set(page.ids) if copy is None else set(copy))
        elif page.action == "add_members":
            cache.put(page.cohort, held | set(page.ids))
        else:
            cache.put(page.cohort, held - set(page.ids))

    return Receiver(webhook(take), members=cache.get)


@faulty(
    check="clock",
    cause="forgotten-with-time",
    design="in memory, one table a month",
    summary="keeps members in a table for each month, and looks into the current one",
)
def table_per_month() -> Receiver:
    """Tables are named after the month, as for events: small indexes, and old months can be dropped.

    An event belongs to its month; a membership goes on. On the first of the next month everybody is gone.
    """
    months: dict[str, Roster] = {}

    def current() -> Roster:
        return months.setdefault(datetime.now(UTC).strftime("%Y_%m"), Roster())

    return Receiver(webhook(lambda page: current().take(page)), members=lambda cohort: current().members(cohort))
