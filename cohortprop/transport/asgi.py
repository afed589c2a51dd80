"""The way to an app in this process: ASGI, without a server.

The app is called by the protocol (ASGI 3.0, "HTTP & WebSocket"), with the scope that uvicorn would give it, on an event
loop of ours. No library stands in between: HTTP clients that call ASGI apps cost more than most apps do, hide where an
app waits, and send no lifespan.

An answer is in when the app has returned, so that what a framework does after it, such as Starlette's background tasks,
is done by then. Tasks that a request leaves behind get a moment to end: a server's loop would run on, ours stands still
between requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections.abc import Coroutine, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from cohortprop import stopwatch
from cohortprop.receiver import Receiver
from cohortprop.transport.base import Carried
from cohortprop.transport.event_loop import EventLoop
from cohortprop.transport.lifespan import Lifespan
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.turns import Turns
from cohortprop.transport.watchdog import ReceiverHung, Watchdog
from cohortprop.wire import NoReply, Reply

__all__ = ["AsgiTransport"]

_PORTS: Final = {"http": 80, "https": 443}
_LEFT_BEHIND: Final = 0.1
"""Real seconds that tasks which a request has left behind get; those that take longer are there for good."""
_CALL: Final = "await self._app(scope, exchange.receive, exchange.send)\n"
"""Our last line in a stack before the app's first."""


class AsgiTransport:
    """Calls an ASGI app in this process.

    Args:
        receiver: the app, its path and its credentials. It is started at once.
        watchdog: guards each call; None for none.
        capture: holds what the app logs; None for none.
        loop: on which the app lives; None for one of its own.

    Raises:
        UsageError: the app does not start.

    Example:
        >>> async def app(scope, receive, send):
        ...     message = await receive()
        ...     await send({"type": "http.response.start", "status": 200, "headers": []})
        ...     await send({"type": "http.response.body", "body": message["body"]})
        >>> transport = AsgiTransport(Receiver(app))
        >>> transport.send(b"hello").outcome
        Reply(status=200, body=b'hello', content_type='', crash=None)
        >>> transport.close()
    """

    def __init__(
        self,
        receiver: Receiver,
        watchdog: Watchdog | None = None,
        capture: LogCapture | None = None,
        loop: EventLoop | None = None,
    ) -> None:
        self._watchdog = watchdog
        self._capture = capture
        self._own_loop = loop is None
        self._loop = EventLoop(watchdog) if loop is None else loop
        self._scope, self._host = _scope_for(receiver)
        self._headers = _as_headers(receiver.sent_headers)
        self._enter(receiver.app)

    def _enter(self, app: Any) -> None:
        self._app = app
        self._lifespan = Lifespan(app, self._loop)
        try:
            self._lifespan.start()
        except BaseException:
            self._leave()
            raise
        self._loop.keep()

    def _leave(self) -> None:
        self._loop.cancel_all()
        if self._own_loop:
            self._loop.close()

    def close(self) -> None:
        """Shut the app down, and cancel what it has left behind.

        Raises:
            UsageError: its shutdown fails; not while something else is on its way that is to be heard of.
        """
        busy = sys.exc_info()[0] is not None
        try:
            self._lifespan.stop()
        except Exception:
            if not busy:
                raise
        finally:
            self._leave()

    def replace_app(self, app: Any) -> None:
        """Shut the old app down, and start this one.

        Raises:
            UsageError: one of the two fails.
        """
        self._lifespan.stop()
        self._loop.cancel_all()
        self._enter(app)

    def run(self, awaitable: Any) -> Any:
        """Run what an async probe has returned, on the loop on which the app lives."""
        return self._loop.run(awaitable)

    def send(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        content_type: str | None = "",
        content_length: int | None = -1,
    ) -> Carried:
        """Carry a request to the app; an exception out of it is its 500, with the traceback kept."""
        scope = self._scope_of(body, headers, content_type, content_length)
        exchange = _Exchange(body)
        loop = self._loop
        watchdog = self._watchdog
        began = stopwatch.real_seconds()
        task = loop.start(self._call(scope, exchange))
        fault: BaseException | None = None
        try:
            loop.begin()
            try:
                loop.finish(task, leaves=True)
                took = stopwatch.real_seconds() - began
                loop.settle(_LEFT_BEHIND)
            finally:
                loop.end()
            fault = _fault_of(task)
        except (ReceiverHung, SystemExit) as interruption:
            took = stopwatch.real_seconds() - began
            loop.end()  # it may have come just before
            fault = interruption
        if watchdog is None and isinstance(fault, ReceiverHung):  # it is meant for whoever called us
            loop.cancel({task})
            raise fault
        stack = ""
        if watchdog is not None and (watchdog.stack or isinstance(fault, ReceiverHung)):
            stack = _from_first_of_app(watchdog.stack) if task.done() else loop.where(task)
            outcome: Reply | NoReply = NoReply("timed out")
        else:
            outcome = exchange.outcome(fault)
        if not task.done():
            loop.cancel({task})
        return Carried(outcome, self._logged(exchange, fault), stack, took)

    def send_both(self, first: bytes, second: bytes, seed: int) -> tuple[Carried, Carried]:
        """Carry two requests to the app at the same moment, in two tasks."""
        turns = Turns(seed)
        exchanges = [_Exchange(body, waits=True) for body in (first, second)]
        loop = self._loop
        calls = [
            self._call(self._scope_of(body), exchange)
            for body, exchange in zip((first, second), exchanges, strict=True)
        ]
        tasks = [loop.start(turns.take(place, call)) for place, call in enumerate(calls)]
        try:
            with loop.guard():
                for task in tasks:
                    self._see_through(task)
                loop.settle(_LEFT_BEHIND)
        except ReceiverHung:
            if self._watchdog is None:  # it is meant for whoever called us
                loop.cancel(tasks)
                raise
        stuck = self._watchdog.stack if self._watchdog is not None else ""
        faults = [_fault_of(task) for task in tasks]
        stacks = [self._stack_of(*each) if stuck else "" for each in zip(tasks, calls, faults, strict=True)]
        if stuck and not any(stacks):  # it was swallowed, and nobody knows by which of the two
            stacks = [_from_first_of_app(stuck)] * 2
        loop.cancel(tasks)
        log = self._capture.take() if self._capture is not None else ()
        both = [
            Carried(NoReply("timed out") if stack else exchange.outcome(fault), log, stack)
            for exchange, fault, stack in zip(exchanges, faults, stacks, strict=True)
        ]
        return both[0], both[1]

    def _see_through(self, task: asyncio.Task[None]) -> None:
        """Run the loop until a task is done; an app that exits stops the loop, but not the other request."""
        while not task.done():
            with contextlib.suppress(SystemExit):
                self._loop.finish(task)

    def _stack_of(self, task: asyncio.Task[None], call: Coroutine[Any, Any, None], fault: BaseException | None) -> str:
        """Where a request stood when the time was over; empty if it had come to its end."""
        if not task.done():
            return self._loop.where(task, call)
        broken_off = fault is not None and not isinstance(fault, (Exception, SystemExit))
        return _from_first_of_app(self._watchdog.stack) if broken_off and self._watchdog is not None else ""

    async def _call(self, scope: dict[str, Any], exchange: _Exchange) -> None:
        try:
            await self._app(scope, exchange.receive, exchange.send)
        finally:
            self._loop.leave()

    def _scope_of(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = "",
        content_length: int | None = -1,
    ) -> dict[str, Any]:
        """What the app is told of a request; all of it is the app's, to change as it likes."""
        sent = {b"host": self._host, b"content-type": b"application/json"}
        sent.update(self._headers if headers is None else _as_headers(headers))
        sent[b"content-length"] = b"%d" % (len(body) if content_length == -1 else content_length or 0)
        if content_length is None:
            del sent[b"content-length"]
        if content_type is None:
            del sent[b"content-type"]
        elif content_type:
            sent[b"content-type"] = content_type.encode()
        scope = self._scope.copy()
        scope["asgi"] = {"version": "3.0", "spec_version": "2.3"}
        scope["headers"] = list(sent.items())
        scope["state"] = self._lifespan.state.copy()
        return scope

    def _logged(self, exchange: _Exchange, fault: BaseException | None) -> tuple[str, ...]:
        """What the app logged, and what it raised when its answer was out."""
        log = self._capture.take() if self._capture is not None else ()
        if fault is not None and exchange.complete and exchange.status < 500:
            log += (f"raised after the answer was sent\n{_app_traceback(fault)}",)
        return log


class _Exchange:
    """One request and its answer: what an app receives and sends."""

    __slots__ = ("_asked", "_body", "_over", "_pieces", "_waits", "complete", "content_type", "status")

    def __init__(self, body: bytes, *, waits: bool = False) -> None:
        self._body = body
        self._waits = waits
        """Whether each message takes a turn of the loop, as on a network, so that another task can come in between."""
        self._asked = False
        self._over: asyncio.Event | None = None
        self._pieces: list[bytes] = []
        self.complete = False
        self.status = 0
        self.content_type = ""

    async def receive(self) -> dict[str, Any]:
        """The body, in one piece; and then, once the answer is out, that the client has gone."""
        if self._waits:
            await asyncio.sleep(0)
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        if not self.complete:
            self._over = self._over or asyncio.Event()
            await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Take a part of the answer; what no server could send is refused."""
        if self._waits:
            await asyncio.sleep(0)
        kind = message["type"]
        if kind == "http.response.body" and self.status and not self.complete:
            body = message.get("body", b"")
            if not isinstance(body, (bytes, bytearray, memoryview)):
                raise TypeError(f"the app sent a {type(body).__name__} as the body of its answer; it is made of bytes")
            self._pieces.append(bytes(body))
            if not message.get("more_body", False):
                self.complete = True
                if self._over is not None:
                    self._over.set()
        elif kind == "http.response.start" and not self.status:
            status = message["status"]
            if not isinstance(status, int) or not 100 <= status <= 999:
                raise TypeError(f"the app sent {status!r} as the status of its answer; it is a number such as 200")
            for name, value in message.get("headers", ()):
                if not (isinstance(name, bytes) and isinstance(value, bytes)):
                    raise TypeError(f"the app sent the header {name!r}: {value!r}; names and values are bytes")
                if name.lower() == b"content-type" and not self.content_type:
                    self.content_type = value.decode("latin-1")
            self.status = int(status)
        else:
            raise RuntimeError(f"the app sent {kind} {self._place}")

    @property
    def _place(self) -> str:
        if self.complete:
            return "after its answer was complete"
        return "after http.response.start" if self.status else "before http.response.start"

    def outcome(self, fault: BaseException | None) -> Reply:
        """What came of it.

        An answer that is out counts, whatever is raised after it: Starlette sends its error page, and then raises what
        it is about.
        """
        if self.complete and (fault is None or self.status < 500):
            return Reply(self.status, b"".join(self._pieces), self.content_type)
        if fault is None:
            lacks = "completing its answer, more_body was true" if self.status else "sending http.response.start"
            fault = RuntimeError(f"the app returned without {lacks}")
        crash = _app_traceback(fault)
        if self.complete:
            return Reply(self.status, b"".join(self._pieces), self.content_type, crash)
        return Reply(500, crash=crash)


def _scope_for(receiver: Receiver) -> tuple[dict[str, Any], bytes]:
    """What the app is told of all requests, and the host that they are for."""
    base = urlsplit(receiver.base_url)
    root = unquote(base.path.rstrip("/"))
    way, _, query = receiver.path.partition("?")
    path = quote(base.path.rstrip("/") + way, safe="/%:@!$&'()*+,;=~-._")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": base.scheme,
        "server": (base.hostname, base.port or _PORTS[base.scheme]),
        "client": ("127.0.0.1", 50_000),
        "root_path": root,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("utf-8"),
    }
    return scope, base.netloc.rpartition("@")[2].encode("idna" if not base.netloc.isascii() else "ascii")


def _fault_of(task: asyncio.Task[None]) -> BaseException | None:
    """What a task has raised, if it has come to its end."""
    if task.cancelled():
        return asyncio.CancelledError("by the app itself")
    return task.exception() if task.done() else None


def _as_headers(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Headers as they go over the wire, their names in lower case."""
    return {name.lower().encode("latin-1", "replace"): value.encode("utf-8") for name, value in headers.items()}


def _from_first_of_app(stack: str) -> str:
    """The stack of a thread without the frames by which the app was called."""
    _, _, own = stack.rpartition(_CALL)
    return own or stack


def _app_traceback(crash: BaseException) -> str:
    """The traceback without our frames, which say nothing about the bug."""
    told = traceback.TracebackException.from_exception(crash)
    ours = {__file__, sys.modules[EventLoop.__module__].__file__, sys.modules[Turns.__module__].__file__}
    told.stack = traceback.StackSummary.from_list([each for each in told.stack if each.filename not in ours])
    text = "".join(told.format()).rstrip()
    return text if told.stack else text.removeprefix("Traceback (most recent call last):\n")
