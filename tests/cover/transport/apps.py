"""Small WSGI apps, and how these tests call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from cohortprop.receiver import Receiver
from cohortprop.transport import Carried, WsgiTransport
from cohortprop.wire import Reply

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Callable[[bytes], object]]
App: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

JSON = [("Content-Type", "application/json")]


def hello(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", JSON)
    return [b"hello"]


def send(app: App, body: bytes = b"{}", **described: Any) -> Carried:
    return WsgiTransport(Receiver(app, **described)).send(body)


def reply_of(carried: Carried) -> Reply:
    assert isinstance(carried.outcome, Reply)
    assert carried.stack == ""
    return carried.outcome


def crash_of(carried: Carried) -> str:
    """The traceback of an app that raised."""
    reply = reply_of(carried)
    assert (reply.status, reply.body, reply.content_type) == (500, b"", "")
    assert reply.crash is not None
    return reply.crash
