"""Receivers without a bug, whose answers are worth a word."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import advised
from cohortprop.zoo.envelope import Refusal, guarded, read, succeed
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


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
            line = f"{refusal.code} {HTTPStatus(refusal.code).phrase}"
            body = f"<!doctype html><title>{line}</title><h1>{line}</h1>".encode()
            start_response(line, [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
            return [body]
        return succeed(start_response, page.action)

    return Receiver(
        app,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        dependency=database.fails,
    )
