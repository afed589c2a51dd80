"""Receivers without a bug, whose answers are worth a word."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.door import behind_door, knows
from cohortprop.zoo.entry import advised
from cohortprop.zoo.envelope import Malformed, Page, Refusal, guarded, read, succeed, webhook
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_AUTH = ("mixpanel", "s3cret")
_SCHEMA = """
    CREATE TABLE current (cohort TEXT PRIMARY KEY, session TEXT) WITHOUT ROWID;
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


@advised(
    check="envelope",
    cause="unusual-success-status",
    design="in memory",
    summary="answers 201 where the document has 200 in mind",
)
def answers_created() -> Receiver:
    """Rows were created, so the answer is 201 Created. The body is as documented, and it works, today."""
    roster = Roster()

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        roster.take(page)
        return succeed(start_response, page.action, "201 Created")

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


@advised(
    check="envelope",
    cause="error-outside-envelope",
    design="in memory, over a database",
    summary="answers errors with an HTML page: Mixpanel has no message to show",
)
def answers_error_pages() -> Receiver:
    """Errors are left to the framework, which answers with a page of HTML and the right status.

    The sync is retried as it should be. Only the message in Mixpanel's log says nothing.
    """
    database, roster = Dependency("database"), Roster()

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        try:
            database.use()
            roster.take(page)
        except Refusal as refusal:
            return _error_page(start_response, refusal.code)
        return succeed(start_response, page.action)

    return Receiver(
        app,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        dependency=database.fails,
    )


@advised(
    check="malformed",
    cause="malformed-outside-envelope",
    design="in memory",
    summary="answers 400 with an HTML page to what it cannot read",
)
def answers_bad_request_pages() -> Receiver:
    """What is no proper delivery is refused by the framework, with a page of HTML and the right status."""
    roster = Roster()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            page = read(environ)
        except Malformed as malformed:
            return _error_page(start_response, malformed.code)
        roster.take(page)
        return succeed(start_response, page.action)

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


@advised(
    check="authentication",
    cause="unusual-refusal",
    design="in memory, Basic auth",
    summary="answers 404 to strangers, so as not to give itself away",
)
def hides_from_strangers() -> Receiver:
    """A stranger shall not even learn that there is a webhook. If the password changes, Mixpanel is told 404, too."""
    roster = Roster()
    return Receiver(
        behind_door(webhook(roster.take), knows(*_AUTH), code=404),
        auth=_AUTH,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )


@advised(
    check="authentication",
    cause="refusal-outside-envelope",
    design="in memory, Basic auth by the framework",
    summary="answers 401 with an HTML page: nobody is shown why",
)
def answers_login_pages() -> Receiver:
    """The door is the framework's, and so is the page that a stranger sees."""
    roster, right = Roster(), knows(*_AUTH)
    hook = webhook(roster.take)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if not right(environ.get("HTTP_AUTHORIZATION", "")):
            return _error_page(start_response, 401)
        return list(hook(environ, start_response))

    return Receiver(app, auth=_AUTH, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


def _error_page(start_response: StartResponse, code: int) -> list[bytes]:
    """What a framework answers by itself."""
    line = f"{code} {HTTPStatus(code).phrase}"
    body = f"<!doctype html><title>{line}</title><h1>{line}</h1>".encode()
    start_response(line, [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]


@advised(
    check="torn",
    cause="emptied-before-refilled",
    design="in memory, clears and refills",
    summary="clears the cohort at page one of a full sync, and fills it page by page",
)
def clears_and_refills() -> Receiver:
    """A full sync replaces, so its first page clears the cohort, and each page adds what it holds.

    In the end it is right. Whoever reads the members in between misses most of them.
    """
    held: dict[str, set[str]] = {}
    sessions: dict[str, str] = {}

    def take(page: Page) -> None:
        users = held.setdefault(page.cohort, set())
        if page.action == "remove_members":
            users.difference_update(page.ids)
            return
        if page.action == "members" and sessions.get(page.cohort) != page.session:
            sessions[page.cohort] = page.session
            users.clear()
        users.update(page.ids)

    return Receiver(webhook(take), members=lambda cohort: set(held.get(cohort, ())))


@advised(
    check="torn",
    cause="emptied-before-refilled",
    design="SQLite, deletes and refills",
    summary="deletes the rows of a cohort with the first page of a full sync",
)
def deletes_and_refills_sqlite() -> Receiver:
    """The table of cohorts holds the session of the last full sync, and a page of a new one deletes the rows first.

    Each page is a transaction of its own, and the sync is several of them: between two pages half a cohort is there.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        with database:
            if page.action == "remove_members":
                gone = [(page.cohort, user) for user in page.ids]
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", gone)
                return
            if page.action == "members":
                known = database.execute("SELECT session FROM current WHERE cohort = ?", (page.cohort,)).fetchone()
                if known != (page.session,):
                    database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
                    database.execute("INSERT OR REPLACE INTO current VALUES (?, ?)", (page.cohort, page.session))
            rows = [(page.cohort, user) for user in page.ids]
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
