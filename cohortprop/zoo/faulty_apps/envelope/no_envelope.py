"""The answer is not the JSON that the document asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import guarded, read, succeed
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@faulty(
    check="envelope",
    cause="no-envelope",
    design="in memory",
    summary="answers 200 with the text OK",
)
def answers_plain_ok() -> Receiver:
    """A 200 is a 200, and every other webhook of the house answers OK.

    This sender reads the body: it wants JSON with the action and a status.
    """
    roster = Roster()

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        roster.take(read(environ))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"OK"]

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


@faulty(
    check="envelope",
    cause="no-envelope",
    design="in memory, returns early",
    summary="answers 200 without a body when there is nothing to do",
)
def nothing_for_nothing() -> Receiver:
    """A page without members is answered at once, before the work and before the answer is made.

    Every diff without a change is such a page, twice. A 200 says nothing without the JSON in it.
    """
    roster = Roster()

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        roster.take(page)
        if not page.ids:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return [b""]
        return succeed(start_response, page.action)

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")
