"""The way to an app in this process: WSGI, without a server.

The environ is built once, by werkzeug, and copied for each request. The app is called by the protocol (PEP 3333), with
`write()`, `close()` and `exc_info`; werkzeug's own way of calling one drops what is written, and raises where a server
sends the error page.
"""

from __future__ import annotations

import functools
import io
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

from werkzeug.test import EnvironBuilder

from cohortprop import stopwatch
from cohortprop.receiver import Receiver
from cohortprop.transport.base import Carried
from cohortprop.transport.interleaving import Run, interleave
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.watchdog import ReceiverHung, Watchdog
from cohortprop.wire import NoReply, Reply

__all__ = ["WsgiTransport"]

_PATIENCE: Final = 10.0
"""Real seconds that two requests at once may take without a watchdog."""


class WsgiTransport:
    """Calls a WSGI app in this process.

    Args:
        receiver: the app, its path and its credentials.
        watchdog: guards each call; None for none.
        capture: holds what the app logs; None for none.

    Example:
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "text/plain")])
        ...     return [environ["wsgi.input"].read()]
        >>> WsgiTransport(Receiver(app)).send(b"hello").outcome
        Reply(status=200, body=b'hello', content_type='text/plain', crash=None)
    """

    def __init__(self, receiver: Receiver, watchdog: Watchdog | None = None, capture: LogCapture | None = None) -> None:
        self._app = receiver.app
        self._watchdog = watchdog
        self._capture = capture
        builder = EnvironBuilder(receiver.path, receiver.base_url, method="POST", content_type="application/json")
        self._bare_environ = builder.get_environ()
        builder.close()
        self._errors = io.StringIO()
        self._environ = {**self._bare_environ, **_as_environ(receiver.sent_headers)}

    def close(self) -> None:
        """Nothing is held open between calls."""

    def replace_app(self, app: Any) -> None:
        """Call this app from now on."""
        self._app = app

    def send(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        content_type: str | None = "",
        content_length: int | None = -1,
    ) -> Carried:
        """Carry a request to the app; an exception out of it is its 500, with the traceback kept."""
        environ = self._environ_for(body, headers)
        if content_type != "":
            _set_or_leave_out(environ, "CONTENT_TYPE", content_type)
        if content_length != -1:
            _set_or_leave_out(environ, "CONTENT_LENGTH", content_length)
        watchdog = self._watchdog
        outcome: Reply | NoReply
        began = stopwatch.real_seconds()
        try:
            if watchdog is not None:
                watchdog.begin()
            try:
                outcome = self._call(environ)
            finally:
                if watchdog is not None:
                    watchdog.end()
        except ReceiverHung:
            if watchdog is None:  # it is meant for whoever called us
                raise
            watchdog.end()  # it may have come just before
            outcome = NoReply("timed out")
        except (Exception, SystemExit) as crash:  # noqa: BLE001 - whatever an app raises, or exits by, is its 500
            outcome = Reply(500, crash=_app_traceback(crash))
        took = stopwatch.real_seconds() - began
        stack = watchdog.stack if watchdog is not None else ""
        if stack:  # also when the app has swallowed the interruption, or made an error page of it
            outcome = NoReply("timed out")
        return Carried(outcome, self._logged(), stack, took)

    def send_both(self, first: bytes, second: bytes, seed: int) -> tuple[Carried, Carried]:
        """Carry two requests to the app at the same moment, in two threads."""
        calls = [functools.partial(self._call, self._environ_for(body, at_once=True)) for body in (first, second)]
        limit = _PATIENCE if self._watchdog is None else self._watchdog.limit
        runs = interleave(calls[0], calls[1], seed, limit=limit)
        log = self._logged()
        return _carried(runs[0], log), _carried(runs[1], log)

    def _environ_for(
        self, body: bytes, headers: Mapping[str, str] | None = None, *, at_once: bool = False
    ) -> dict[str, Any]:
        environ = self._environ.copy() if headers is None else {**self._bare_environ, **_as_environ(headers)}
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.errors"] = self._errors
        environ["wsgi.multithread"] = at_once
        return environ

    def _logged(self) -> tuple[str, ...]:
        """What the app logged, and what it wrote to the server's error stream."""
        log = self._capture.take() if self._capture is not None else ()
        if self._errors.tell():
            log += tuple(self._errors.getvalue().splitlines()[:50])
            self._errors.seek(0)
            self._errors.truncate()
        return log

    def _call(self, environ: dict[str, Any]) -> Reply:
        """Call the app as a server does."""
        body: list[bytes] = []
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], None]:
            if exc_info and any(body):  # what is on its way cannot be taken back
                raise exc_info[1].with_traceback(exc_info[2])
            started[:] = [(status, headers)]
            return body.append

        pieces = self._app(environ, start_response)
        try:
            for piece in pieces:
                body.append(piece)  # noqa: PERF402 - one by one, since start_response asks what is there by now
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        if not started:
            raise RuntimeError("the app returned without calling start_response")
        status, headers = started[0]
        if not (isinstance(status, str) and status[:3].isdecimal()):
            raise RuntimeError(f"the app called start_response with {status!r}; a status is text such as '200 OK'")
        content_type = ""
        for name, value in headers:
            if name.lower() == "content-type":
                content_type = value
                break
        return Reply(int(status[:3]), b"".join(body), content_type)


def _carried(run: Run[Reply], log: tuple[str, ...]) -> Carried:
    """What came of one of two requests at once."""
    if run.stack:
        return Carried(NoReply("timed out"), log, _from_first_of_app(run.stack))
    if run.error is not None:
        return Carried(Reply(500, crash=_app_traceback(run.error)), log)
    assert run.value is not None
    return Carried(run.value, log)


def _from_first_of_app(stack: str) -> str:
    """The stack of a thread without the frames by which the app was called."""
    _, _, own = stack.rpartition("pieces = self._app(environ, start_response)\n")
    return own or stack


def _set_or_leave_out(environ: dict[str, Any], key: str, value: object) -> None:
    if value is None:
        environ.pop(key, None)
    else:
        environ[key] = str(value)


def _as_environ(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names the CGI way; values as WSGI wants them, each byte one Latin-1 character."""
    environ = {}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        text = value.encode("utf-8").decode("latin-1")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ


def _app_traceback(crash: BaseException) -> str:
    """The traceback from the app's first frame on; ours say nothing about the bug."""
    return "".join(traceback.format_exception(type(crash), crash, _first_of_app(crash))).rstrip()


def _first_of_app(crash: BaseException) -> TracebackType | None:
    """The first frame that is not ours; None when it never came to the app."""
    trace = crash.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__") in (__name__, interleave.__module__):
        trace = trace.tb_next
    return trace
