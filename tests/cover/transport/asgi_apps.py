"""Small ASGI apps, and how these tests call them."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, MutableMapping
from typing import Any, TypeAlias

from cohortprop.receiver import Receiver
from cohortprop.transport import AsgiTransport, Carried

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

JSON = [(b"content-type", b"application/json")]


async def answer(send: Send, body: bytes = b"hello", status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": JSON})
    await send({"type": "http.response.body", "body": body})


def http(app: App) -> App:
    """The app, for requests alone: it does not support the lifespan."""

    async def careful(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await app(scope, receive, send)

    return careful


@http
async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send)


@contextlib.contextmanager
def opened(app: App, *arguments: Any, **described: Any) -> Iterator[AsgiTransport]:
    transport = AsgiTransport(Receiver(app, **described), *arguments)
    try:
        yield transport
    finally:
        transport.close()


def send(app: App, body: bytes = b"{}", **described: Any) -> Carried:
    with opened(app, **described) as transport:
        return transport.send(body)
