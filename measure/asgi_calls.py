"""What a request to an ASGI app costs: through our transport, through an event loop alone, and through nothing.

The app is the same each time, and so are scope and body; time is frozen round all three, as it is in a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator, MutableMapping
from dataclasses import dataclass, field
from time import process_time  # which freezegun leaves alone
from typing import Any, Final

from fastapi import FastAPI, Request

from cohortprop import Receiver
from cohortprop.simulation import open_clock
from cohortprop.transport import AsgiTransport, LogCapture, Watchdog

__all__ = ["Calls", "bare_app", "fastapi_app", "measure"]

CALLS: Final = 300
BODY: Final = json.dumps({
    "action": "members",
    "parameters": {
        "mixpanel_project_id": "1",
        "mixpanel_cohort_name": "VIPs",
        "mixpanel_cohort_id": "1001",
        "mixpanel_cohort_description": "",
        "mixpanel_session_id": "f728b4fa-4248-4e3a-8a5d-2f346baa9455",
        "page_info": {"total_pages": 1, "page_count": 1},
        "members": [{"mixpanel_distinct_id": "ann", "email": "ann@example.com"}],
    },
}).encode()  # fmt: skip


@dataclass(slots=True)
class Calls:
    """Microseconds a request, one figure for each round.

    Args:
        ours: through the transport, watched and with its log captured.
        loop: through `run_until_complete` of an event loop.
        app: driven by hand, which is possible since it never waits for anything.
    """

    ours: list[float] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)
    app: list[float] = field(default_factory=list)


def measure(app: Any, rounds: int) -> Calls:
    """Measure the three, one right after the other in each round."""
    calls = Calls()
    loop = asyncio.new_event_loop()
    capture, watchdog = LogCapture(), Watchdog()
    with capture, watchdog.watching(), contextlib.closing(loop), open_clock():
        transport = AsgiTransport(Receiver(app), watchdog, capture)
        scope = transport._scope_of(BODY)  # noqa: SLF001 - the very same one
        with contextlib.closing(transport):
            for _ in range(rounds):
                calls.ours.append(_microseconds(lambda: transport.send(BODY)))
                calls.loop.append(_microseconds(lambda: loop.run_until_complete(_call(app, scope))))
                calls.app.append(_microseconds(lambda: _drive(_call(app, scope))))
    return calls


def _microseconds(call: Callable[[], object]) -> float:
    began = process_time()
    for _ in range(CALLS):
        call()
    return (process_time() - began) * 1e6 / CALLS


async def _call(app: Any, scope: MutableMapping[str, Any]) -> None:
    """The least that a server does."""
    messages: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": BODY, "more_body": False}])
    answer: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: MutableMapping[str, Any]) -> None:
        answer.append(message)

    await app(dict(scope), receive, send)


def _drive(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the app waits for something")


async def bare_app(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The least that answers as documented."""
    assert scope["type"] == "http"
    action = json.loads((await receive())["body"])["action"]
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"action": action, "status": "success"}).encode()})


def fastapi_app() -> FastAPI:
    """A webhook of the usual kind."""
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> dict[str, str]:
        message = await request.json()
        return {"action": message["action"], "status": "success"}

    return app
