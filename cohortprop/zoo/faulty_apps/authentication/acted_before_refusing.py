"""Credentials are compared, but after the work."""

from __future__ import annotations

import io
from collections import deque
from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.door import behind_door, knows
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, fail, guarded, read, succeed, webhook
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_AUTH = ("mixpanel", "s3cret")


@faulty(
    check="authentication",
    cause="acted-before-refusing",
    design="in memory",
    summary="does what is asked, then compares the password and answers 401",
)
def refuses_after_the_work() -> Receiver:
    """The password is compared where the answer is made, by a hook that runs after the view.

    A stranger is told 401, and the members have changed.
    """
    roster, right = Roster(), knows(*_AUTH)

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        roster.take(page)
        if not right(environ.get("HTTP_AUTHORIZATION", "")):
            return fail(start_response, page.action, 401, "wrong user name or password")
        return succeed(start_response, page.action)

    return Receiver(
        app,
        auth=_AUTH,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )


@faulty(
    check="authentication",
    cause="acted-before-refusing",
    design="queue and worker",
    summary="puts every request into its inbox, for the audit, and the worker works off all of them",
)
def queues_before_it_asks() -> Receiver:
    """Requests are written to the inbox first, so that none is lost, and then looked at.

    The worker does not know which of them were refused.
    """
    inbox: deque[Page] = deque()
    roster = Roster()
    inner = behind_door(webhook(lambda page: None), knows(*_AUTH))

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        inbox.append(page)
        environ["wsgi.input"] = io.BytesIO(page.body)
        return list(inner(environ, start_response))

    def work() -> None:
        while inbox:
            roster.take(inbox.popleft())

    return Receiver(
        app,
        auth=_AUTH,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        drain=work,
    )
