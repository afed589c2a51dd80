"""An SMTP server in a thread of its own, by aiosmtpd's protocol on a loop of ours.

aiosmtpd's own controller cannot be told to take any free port. The loop lives in real time, since frozen time leaves
asyncio alone.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from cohortprop.effects.serving import HOST, wait_until
from cohortprop.stopwatch import Stopwatch

__all__ = ["SmtpServer"]

_LONGEST_LINE: Final = 1_000_000
_SILENCE: Final = 0.5
"""Real seconds after which a connection on which nothing was ever sent is not waited for."""


class SmtpServer:
    """Takes mails on a free port of the loopback interface until it is closed.

    Args:
        take: called with sender, recipients and content of each mail, before it is acknowledged.
    """

    def __init__(self, take: Callable[[str, list[str], bytes], object]) -> None:
        self.host = HOST
        self._take = take
        self._codes: list[int] = []
        self._open: set[_Connection] = set()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="cohortprop-smtp", daemon=True)
        self._thread.start()
        ready.wait()
        atexit.register(self.close)

    def drain(self, seconds: float) -> None:
        """Wait until no mail is on its way.

        Raises:
            TimeoutError: one still is, after so many real seconds.
        """
        wait_until(self._is_done, seconds, f"a mail to port {self.port} is still on its way")

    @contextlib.contextmanager
    def failing(self, code: int) -> Iterator[None]:
        """Refuse all mails with this code meanwhile."""
        self._codes.append(code)
        try:
            yield
        finally:
            self._codes.remove(code)

    def close(self) -> None:
        """Close all connections, and wait for the thread to end."""
        if self._thread.is_alive():  # which it is not in a forked child: this is not its to close
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
        atexit.unregister(self.close)

    # aiosmtpd's hooks

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse a recipient where it was asked for, as a busy server does."""
        if self._codes:
            return f"{self._codes[-1]} refused, as was asked for"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail down, then say so."""
        content = envelope.original_content or b""
        self._take(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        assert isinstance(server, _Connection)
        server.taken += 1
        return "250 OK"

    def _run(self, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        server = await self._loop.create_server(self._connect, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._closing.wait()
        server.close()
        for connection in list(self._open):
            assert isinstance(connection.transport, asyncio.WriteTransport)
            connection.transport.abort()
        while self._open:
            await asyncio.sleep(0)

    def _connect(self) -> _Connection:
        return _Connection(self, self._loop, self._open)

    def _is_done(self) -> bool:
        return asyncio.run_coroutine_threadsafe(self._look(), self._loop).result()

    async def _look(self) -> bool:
        """Whether no mail is on its way, once the loop has read all that is there to be read."""
        for _ in range(3):  # accept; make the connection; read
            await asyncio.sleep(0)
        return not any(connection.at_work for connection in self._open)


class _Connection(SMTP):
    """One client's connection. Addresses and lines may be of any length that a user's id leads to."""

    line_length_limit = _LONGEST_LINE

    def __init__(self, handler: SmtpServer, loop: asyncio.AbstractEventLoop, among: set[_Connection]) -> None:
        super().__init__(
            handler,
            hostname="localhost",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_anybody,
            loop=loop,
        )
        self.command_size_limit = _LONGEST_LINE
        self.command_size_limits = defaultdict(lambda: _LONGEST_LINE)
        self.taken = 0
        self._among = among
        self._since = Stopwatch()

    @property
    def at_work(self) -> bool:
        """Whether a mail has been begun, or is about to be: most clients connect only when they have one."""
        begun = self.envelope is not None and self.envelope.mail_from is not None
        return begun or (self.taken == 0 and self._since.seconds < _SILENCE)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._among.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._among.discard(self)
        super().connection_lost(error)


def _anybody(*_arguments: Any) -> AuthResult:
    return AuthResult(success=True)
