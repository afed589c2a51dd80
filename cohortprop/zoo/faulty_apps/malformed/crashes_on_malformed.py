"""What is no proper delivery makes the app fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, read, succeed, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.tables import Tables

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@faulty(
    check="malformed",
    cause="crashes-on-malformed",
    design="in memory",
    summary="reads the body as if it were always a proper one: anything else is a 500",
)
def reads_in_good_faith() -> Receiver:
    """Nobody but Mixpanel knows the URL, so whatever comes is a delivery. Nothing catches what fails on the way."""
    roster = Roster()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        roster.take(page)
        return succeed(start_response, page.action)

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


@faulty(
    check="malformed",
    cause="crashes-on-malformed",
    design="SQLite, profile beside the member",
    summary="binds what a property holds as it is: a number beyond 64 bits is a 500",
)
def binds_any_value_sqlite() -> Receiver:
    """The page is validated, and so are ids. What a property holds goes straight into a column.

    A number that fits into no column raises an OverflowError out of the driver.
    """
    tables = Tables("CREATE TABLE profile (user TEXT PRIMARY KEY, first_name ANY) WITHOUT ROWID;")

    def take(page: Page) -> None:
        profiles = [(user, member.get("first_name")) for user, member in zip(page.ids, page.members, strict=True)]
        with tables.database as database:
            tables.apply(page)
            database.executemany("INSERT OR REPLACE INTO profile VALUES (?, ?)", profiles)

    return Receiver(webhook(take), members=tables.members, arrivals=tables.mails, arrival_policy="once_per_user")
