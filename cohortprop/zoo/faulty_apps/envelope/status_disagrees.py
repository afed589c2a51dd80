"""The HTTP status says one thing and the body another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Refusal, guarded, read, succeed
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@faulty(
    check="envelope",
    cause="failure-in-2xx",
    design="in memory, over a database",
    summary="answers 200 when the database fails, with the failure in the body",
)
def swallows_errors() -> Receiver:
    """The body has a status and an error code, so that is where failures are told; HTTP is just the transport.

    Retries and pauses go by the HTTP status, and a 200 is a delivery that was taken.
    """
    database, roster = Dependency("database"), Roster()

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        answer: dict[str, object] = {"action": page.action, "status": "success"}
        try:
            database.use()
            roster.take(page)
        except Refusal as refusal:
            answer["status"] = "failure"
            answer["error"] = {"message": str(refusal), "code": refusal.code}
        body = json.dumps(answer).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return Receiver(
        app,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        dependency=database.fails,
    )


@faulty(
    check="envelope",
    cause="success-in-error",
    design="in memory, over a database",
    summary="answers 503 when the database fails, with success in the body",
)
def success_on_error() -> Receiver:
    """An outer handler turns exceptions into a 503, as everywhere in the house; the body is made further in.

    It was made before the work was tried, and says success.
    """
    database, roster = Dependency("database"), Roster()

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        body = json.dumps({"action": page.action, "status": "success"}).encode()
        try:
            database.use()
            roster.take(page)
        except Refusal:
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
            start_response("503 Service Unavailable", headers)
            return [body]
        return succeed(start_response, page.action)

    return Receiver(
        app,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        dependency=database.fails,
    )
