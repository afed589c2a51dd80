"""Who was mailed is remembered for a while only."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_LEDGER = "CREATE TABLE mail (cohort TEXT, user TEXT, day TEXT, PRIMARY KEY (cohort, user, day)) WITHOUT ROWID"
_REMEMBERED_SECONDS = 86_400.0


@faulty(
    check="clock",
    cause="remailed-with-time",
    design="in memory, keys with a lifetime",
    summary="remembers for a day whom it has mailed, then mails them again when they are named",
)
def forgets_mails_after_a_day() -> Receiver:
    """Whoever is named gets the mail, unless a key in the cache says that they had it. Keys live for a day.

    That covers all retries. A full sync after four days names everybody, and no key is left.
    """
    roster = Roster()
    keys: dict[tuple[str, str], float] = {}
    sent: list[tuple[str, str]] = []

    def take(page: Page) -> None:
        roster.take(page)
        if page.action == "remove_members":
            return
        now = time.time()
        for key in [(page.cohort, user) for user in page.ids]:
            if now - keys.get(key, 0.0) >= _REMEMBERED_SECONDS:
                keys[key] = now
                sent.append(key)

    return Receiver(webhook(take), members=roster.members, arrivals=lambda: list(sent), arrival_policy="once_per_user")


@faulty(
    check="clock",
    cause="remailed-with-time",
    design="SQLite, ledger keyed by date",
    summary="the ledger of mails has the date in its key: the same user is mailed again on another day",
)
def mails_once_a_day_sqlite() -> Receiver:
    """The primary key of the ledger keeps retries from mailing twice: cohort, user, and the day, for the statistics.

    A page that comes again after midnight, or a full sync on another day, meets a fresh key.
    """
    roster = Roster()
    database = Database(_LEDGER)

    def take(page: Page) -> None:
        roster.take(page)
        if page.action != "remove_members":
            today = datetime.now(UTC).date().isoformat()
            with database:
                rows = [(page.cohort, user, today) for user in page.ids]
                database.executemany("INSERT OR IGNORE INTO mail VALUES (?, ?, ?)", rows)

    def mails() -> list[tuple[str, str]]:
        return database.execute("SELECT cohort, user FROM mail").fetchall()

    return Receiver(webhook(take), members=roster.members, arrivals=mails, arrival_policy="once_per_user")


@faulty(
    check="clock",
    cause="remailed-with-time",
    design="in memory, drops old records",
    summary="tidies its records of mails away after a week, and mails old members anew",
)
def tidies_mails_away() -> Receiver:
    """Records of mails are dropped after a week, with each page, so that the list does not grow for ever.

    By then all retries are over. But who is in the list decides who is mailed, and full syncs name old members.
    """
    roster = Roster()
    records: list[tuple[float, tuple[str, str]]] = []
    sent: list[tuple[str, str]] = []

    def take(page: Page) -> None:
        roster.take(page)
        records[:] = [record for record in records if time.time() - record[0] < 7 * _REMEMBERED_SECONDS]
        if page.action == "remove_members":
            return
        known = {key for _, key in records}
        fresh = [(page.cohort, user) for user in page.ids if (page.cohort, user) not in known]
        records.extend((time.time(), key) for key in dict.fromkeys(fresh))
        sent.extend(dict.fromkeys(fresh))

    return Receiver(webhook(take), members=roster.members, arrivals=lambda: list(sent), arrival_policy="once_per_user")
