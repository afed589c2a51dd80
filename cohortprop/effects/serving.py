"""A WSGI app behind a real port of this machine, in threads of its own, which can be waited for.

A connection says that it is at work before it takes a byte from its socket. So whatever was sent is, at any moment,
either still to be read, or being worked on, or done: that is what `drain` looks at.
"""

from __future__ import annotations

import atexit
import contextlib
import select
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from cohortprop.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["HOST", "LocalServer", "wait_until"]

HOST: Final = "127.0.0.1"
_LOOK_EVERY: Final = 0.005
_STOP_EVERY: Final = 0.05
"""Real seconds after which the accepting thread looks whether it is to end."""


class LocalServer:
    """Serves an app on a free port of the loopback interface until it is closed.

    Args:
        app: what answers.
        name: of its thread.

    Example:
        >>> import urllib.request
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [("Content-Length", "2")])
        ...     return [b"hi"]
        >>> server = LocalServer(app, "a-server")
        >>> with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/") as answer:
        ...     answer.read()
        b'hi'
        >>> server.close()
    """

    def __init__(self, app: WSGIApplication, name: str) -> None:
        self._app = app
        self._server = _Server(HOST, 0, self._answer, handler=_Handler)
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def port(self) -> int:
        """The port that was free."""
        return int(self._server.port)

    def drain(self, seconds: float) -> None:
        """Wait until the app has dealt with all that was sent here.

        Raises:
            TimeoutError: it has not, after so many real seconds.
        """
        wait_until(self._is_done, seconds, f"port {self.port} is still at work")

    def close(self) -> None:
        """Stop answering, close all connections, and wait for the threads to end."""
        if self._thread.is_alive():  # which it is not in a forked child: this is not its to close
            self._server.shutdown()
            self._thread.join()
            self._server.hang_up()
        atexit.unregister(self.close)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=_STOP_EVERY)

    def _is_done(self) -> bool:
        return not _has_news(self._server.socket) and self._server.all_done()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._app(environ, start_response)
        finally:
            self._server.done(environ["werkzeug.socket"])


def wait_until(done: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Look again and again, in real time, until something is so.

    Raises:
        TimeoutError: it is not, after so many seconds.
    """
    stopwatch = Stopwatch(seconds)
    pause = threading.Event()
    while not done():
        if stopwatch.expired:
            raise TimeoutError(f"{otherwise} after {seconds:g} s")
        pause.wait(_LOOK_EVERY)  # unlike time.sleep, nobody who fakes time replaces it


class _Server(ThreadedWSGIServer):
    """Knows its connections, so that they can be waited for and closed; on each, werkzeug takes one request."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._threads_by_connection: dict[socket.socket, threading.Thread] = {}
        self._waiting: set[socket.socket] = set()
        self._working: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(*arguments, **named)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="a-connection", daemon=True
        )
        with self._guard:
            self._threads_by_connection[request] = thread
            self._waiting.add(request)
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        self.done(request)
        with self._guard:
            self._threads_by_connection.pop(request, None)
        super().shutdown_request(request)

    def begin(self, connection: socket.socket) -> None:
        """From now on it is read from."""
        with self._guard:
            self._working.add(connection)
            self._waiting.discard(connection)

    def done(self, connection: socket.socket) -> None:
        """What came is answered; closing the connection may take a little longer."""
        with self._guard:
            self._waiting.discard(connection)
            self._working.discard(connection)

    def all_done(self) -> bool:
        with self._guard:
            return not self._working and not any(map(_has_news, self._waiting))

    def hang_up(self) -> None:
        with self._guard:
            threads = dict(self._threads_by_connection)
        for connection in threads:
            with contextlib.suppress(OSError):  # it may just have been closed
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads.values():
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nobody's fault here."""


class _Handler(WSGIRequestHandler):
    """Waits for a request without taking a byte of it, and logs nothing."""

    def handle_one_request(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        _has_news(self.connection, wait=True)
        server.begin(self.connection)
        super().handle_one_request()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name for it
        """What comes in is kept elsewhere."""


def _has_news(connection: socket.socket, *, wait: bool = False) -> bool:
    """Whether there is something to read, or to accept, or it was closed."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if wait else 0))
