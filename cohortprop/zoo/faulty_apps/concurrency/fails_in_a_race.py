"""A request that another one gets in the way of is refused for good."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import nullcontext

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal, webhook
from cohortprop.zoo.roster import Roster


@faulty(
    check="concurrency",
    cause="fails-in-a-race",
    design="in memory, a lock that nobody waits for",
    summary="answers 409 while another page is being worked on, and so ends that sync",
)
def refuses_while_busy() -> Receiver:
    """One sync at a time: whoever comes while another one is at work is told that there is a conflict.

    A 409 is not transient. The sender does not come again with that page.
    """
    roster = Roster()
    busy = threading.Lock()

    def take(page: Page) -> None:
        if not busy.acquire(blocking=False):
            raise Refusal(409, "another sync is running")
        try:
            roster.take(page)
        finally:
            busy.release()

    return Receiver(
        webhook(take, lock=nullcontext()),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )


_SCHEMA = "CREATE TABLE profile (user TEXT PRIMARY KEY) WITHOUT ROWID"


@faulty(
    check="concurrency",
    cause="fails-in-a-race",
    design="SQLite, a unique key",
    summary="answers 400 when two requests at once make the same user's profile: the key keeps the second one out",
)
def trips_over_unique_key() -> Receiver:
    """A profile is made for each user who is new to the shop, in whichever cohort they come first.

    Look which of them are there, insert the others. Whoever came second finds that the key is taken, and says that
    the request was bad.
    """
    database = Database(_SCHEMA)
    roster = Roster()
    lock = threading.Lock()

    def take(page: Page) -> None:
        with lock:
            rows = database.execute("SELECT user FROM profile").fetchall()
        known = {user for (user,) in rows}
        fresh = [(user,) for user in dict.fromkeys(page.ids) if user not in known]
        try:
            with lock, database.transaction():
                database.executemany("INSERT INTO profile VALUES (?)", fresh)
        except sqlite3.IntegrityError as error:
            raise Refusal(400, f"bad request: {error}") from error
        roster.take(page)

    return Receiver(
        webhook(take, lock=nullcontext()),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )
