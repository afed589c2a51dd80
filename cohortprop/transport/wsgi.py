"""The way to an app in this process: WSGI, without a server.

The environ is built once and copied for each request; werkzeug runs the app by the protocol (`write()`, `close()` and
all), which costs a few microseconds.
"""

from __future__ import annotations

import io
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from werkzeug.test import EnvironBuilder, run_wsgi_app

from cohortprop.receiver import Receiver
from cohortprop.transport.base import Carried
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.watchdog import ReceiverHung, Watchdog
from cohortprop.wire import NoReply, Reply

__all__ = ["WsgiTransport"]


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

    def replace_app(self, app: Any) -> None:
        """Call this app from now on."""
        self._app = app

    def send(self, body: bytes, headers: Mapping[str, str] | None = None) -> Carried:
        """Carry a request to the app; an exception out of it is its 500, with the traceback kept."""
        environ = self._environ.copy() if headers is None else {**self._bare_environ, **_as_environ(headers)}
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.errors"] = self._errors
        watchdog = self._watchdog
        outcome: Reply | NoReply
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
        stack = watchdog.stack if watchdog is not None else ""
        if stack:  # also when the app has swallowed the interruption, or made an error page of it
            outcome = NoReply("timed out")
        return Carried(outcome, self._logged(), stack)

    def _logged(self) -> tuple[str, ...]:
        """What the app logged, and what it wrote to the server's error stream."""
        log = self._capture.take() if self._capture is not None else ()
        if self._errors.tell():
            log += tuple(self._errors.getvalue().splitlines()[:50])
            self._errors.seek(0)
            self._errors.truncate()
        return log

    def _call(self, environ: dict[str, Any]) -> Reply:
        try:
            chunks, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        except TypeError as fault:
            # The app itself may well say the same, of a row that it did not find: only werkzeug's own is meant.
            if "cannot unpack non-iterable NoneType" not in str(fault) or _first_of_app(fault) is not None:
                raise
            raise RuntimeError("the app returned without calling start_response") from None
        return Reply(int(status[:3]), b"".join(chunks), headers.get("Content-Type", ""))


def _as_environ(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names the CGI way; values as WSGI wants them, each byte one Latin-1 character."""
    environ = {}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        text = value.encode("utf-8").decode("latin-1")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ


def _app_traceback(crash: BaseException) -> str:
    """The traceback from the app's first frame on; ours and werkzeug's say nothing about the bug."""
    return "".join(traceback.format_exception(type(crash), crash, _first_of_app(crash))).rstrip()


def _first_of_app(crash: BaseException) -> TracebackType | None:
    """The first frame that is neither ours nor werkzeug's; None when it never came to the app."""
    trace = crash.__traceback__
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    return trace


def _is_ours(trace: TracebackType) -> bool:
    name = trace.tb_frame.f_globals.get("__name__", "")
    return name == __name__ or (name == "werkzeug.test" and trace.tb_frame.f_code.co_name == "run_wsgi_app")
