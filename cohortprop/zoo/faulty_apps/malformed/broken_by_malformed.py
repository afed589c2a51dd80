"""One request that is no proper delivery, and nothing is taken any more."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Malformed, Page, fail, read, succeed
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_ACTIONS = ("members", "add_members", "remove_members")


@faulty(
    check="malformed",
    cause="broken-by-malformed",
    design="in memory, a flag for unfinished work",
    summary="marks itself busy, and stays so when a request cannot be read: 503 ever after",
)
def stays_busy() -> Receiver:
    """A flag says that a page is being worked on, so that another process keeps off. It is cleared after the work.

    What cannot be read is answered with 400, on a way out that passes the flag by.
    """
    roster, lock = Roster(), threading.Lock()
    busy: list[bool] = [False]

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with lock:
            if busy[0]:
                return fail(start_response, "members", 503, "another page is being worked on")
            busy[0] = True
            try:
                page = read(environ)
            except Malformed as malformed:
                return fail(start_response, "unknown", malformed.code, str(malformed))
            roster.take(page)
            busy[0] = False
        return succeed(start_response, page.action)

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


@faulty(
    check="malformed",
    cause="broken-by-malformed",
    design="queue and worker",
    summary="queues a page without a look at its members: the worker fails on one of them for ever",
)
def chokes_on_its_queue() -> Receiver:
    """The front door looks at the frame of a request, and leaves its members to the worker.

    A member without an id fails there, again and again, and all that comes later waits behind it.
    """
    inbox: deque[dict[str, Any]] = deque()
    roster = Roster()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            content = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            parameters = content["parameters"]
            framed = isinstance(parameters["mixpanel_cohort_id"], str) and isinstance(parameters["members"], list)
            known = content["action"] in _ACTIONS
        except (ValueError, KeyError, TypeError, RecursionError):
            framed = known = False
        if not (framed and known):
            return fail(start_response, "unknown", 400, "not a cohort delivery")
        inbox.append(content)
        return succeed(start_response, content["action"])

    def work() -> None:
        while inbox:
            roster.take(_unpacked(inbox[0]))
            inbox.popleft()

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user", drain=work)


def _unpacked(content: dict[str, Any]) -> Page:
    parameters = content["parameters"]
    info = parameters.get("page_info") or {"page_count": 1, "total_pages": 1}
    return Page(
        content["action"],
        parameters["mixpanel_cohort_id"],
        parameters["mixpanel_cohort_name"],
        parameters["mixpanel_session_id"],
        info["page_count"],
        info["total_pages"],
        [member["mixpanel_distinct_id"] for member in parameters["members"]],
        parameters["members"],
        b"",
    )
