"""The way to a receiver that is a server: HTTP, over a socket.

The connection is kept from one request to the next. Whatever a server may do is an outcome: it refuses the connection,
closes it half-way, answers what is no HTTP, redirects (which is not followed: it is an answer like others), never
answers, or never stops answering. An answer is read up to a limit. Proxies of the environment are not used.

Two requests at the same moment are sent by two threads. What the server makes of them is its own affair: there is no
schedule that could be had again, as there is for an app in this process.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cohortprop import stopwatch
from cohortprop.errors import Unreachable, UsageError
from cohortprop.http_probe import HttpProbe
from cohortprop.process import Process
from cohortprop.receiver import Receiver
from cohortprop.transport.base import Carried
from cohortprop.transport.fresh_ids import FreshIds
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.process import Server
from cohortprop.transport.watchdog import ReceiverHung, Watchdog
from cohortprop.wire import NoReply, Reply

if TYPE_CHECKING:  # an extra, and slow to load
    import httpx

__all__ = ["LARGEST_ANSWER", "Line", "LiveTransport"]

LARGEST_ANSWER: Final = 1 << 20
"""Bytes of an answer that are read; what comes after them is not waited for, and the connection is closed."""
_LARGEST_LOOK: Final = 1 << 28
"""As above, of an answer to a probe, which must be whole."""
_KEPT_FOR: Final = 1.0
"""Seconds for which an unused connection is kept: servers close theirs after two seconds and more."""
_LOOKING: Final = 10.0
"""Real seconds that an answer to a probe may take at least: it is no delivery, and may well be slow."""
_LATER: Final = 0.5
"""Real seconds beyond the time limit after which a thread is given up that trickles in."""
_QUICK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)  # Linux has it
_OWN_LOGS: Final = ("INFO httpx", "DEBUG httpx", "DEBUG httpcore")


class Line:
    """A client that keeps its connections to one address.

    Args:
        base_url: scheme, host and port, as the server is to see them.
        address: host and port that really are connected to; empty for those of the URL.

    Raises:
        UsageError: httpx is not installed.
    """

    def __init__(self, base_url: str, address: str = "") -> None:
        try:
            import httpx
        except ImportError:
            raise UsageError("a URL or a Process needs a package: pip install 'cohortprop[live]'") from None
        self._httpx = httpx
        self._client: httpx.Client | None = None
        self.aim(base_url, address)

    def aim(self, base_url: str, address: str = "") -> None:
        """Lead to another address from now on; all connections are closed."""
        parts = urlsplit(base_url)
        self.base_url = base_url
        self._host = parts.netloc
        self._address = address or parts.netloc
        self._origin = f"{parts.scheme}://{self._address}"
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._extensions: dict[str, Any] = {"sni_hostname": parts.hostname} if self._tls is not None else {}
        self._urls: dict[str, httpx.URL] = {}
        self.renew()

    def renew(self) -> None:
        """Close all connections: what is left in them belongs to a request that is over."""
        self.close()
        self._client = self._httpx.Client(
            verify=self._tls or False,  # False: no time is lost on reading certificates that nobody looks at
            trust_env=False,
            follow_redirects=False,
            limits=self._httpx.Limits(keepalive_expiry=_KEPT_FOR),
            headers={"Host": self._host, "Accept": "*/*", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Let go of all connections."""
        if self._client is not None:
            self._client.close()

    def exchange(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        body: Any = None,
        *,
        limit: float,
        largest: int = LARGEST_ANSWER,
    ) -> Reply | NoReply:
        """Send a request, and bring back what is answered.

        Args:
            method: of the request.
            path: with its query.
            headers: beyond those that HTTP needs.
            body: bytes; an iterator of bytes is sent in chunks, without a Content-Length.
            limit: real seconds after which no answer is one.
            largest: bytes of the answer that are read.

        Raises:
            UsageError: the request is none that could be sent.
        """
        httpx, client = self._httpx, self._client
        assert client is not None
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = httpx.URL(self._origin + path)
        until = stopwatch.real_seconds() + limit
        pieces: list[bytes] = []
        size = 0
        try:
            with client.stream(
                method, url, content=body, headers=headers, timeout=limit, extensions=self._extensions
            ) as answer:
                _acknowledge(answer)
                for piece in answer.iter_raw():
                    pieces.append(piece)
                    size += len(piece)
                    if size >= largest:
                        break
                    if stopwatch.real_seconds() > until:
                        return NoReply("timed out")
        except httpx.ConnectError:
            return NoReply("connection refused")
        except httpx.TimeoutException:
            return NoReply("timed out")
        except (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol) as fault:
            raise UsageError(f"a request to {self.base_url}{path} cannot be sent: {fault}") from None
        except httpx.HTTPError:  # cut, reset, or no HTTP
            return NoReply("connection cut")
        content_type = answer.headers.get("content-type", "")
        return Reply(answer.status_code, b"".join(pieces)[:largest], content_type)

    def exchange_with_length(
        self, path: str, headers: list[tuple[bytes, bytes]], body: bytes, length: int, *, limit: float
    ) -> Reply | NoReply:
        """Send a body with a Content-Length that is not its own, which no proper client does.

        After the body the sending half of the connection is closed, so that whoever waits for the rest sees that none
        will come.
        """
        kind = http.client.HTTPConnection if self._tls is None else partial(_Https, context=self._tls)
        made = kind(self._address, timeout=limit)
        try:
            made.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            for name, value in ((b"Host", self._host.encode()), *headers, (b"Content-Length", b"%d" % length)):
                made.putheader(name, value)
            made.endheaders(body[:length])
            if self._tls is None:
                made.sock.shutdown(socket.SHUT_WR)
            answer = made.getresponse()
            return Reply(answer.status, answer.read(LARGEST_ANSWER), answer.headers.get("content-type", ""))
        except TimeoutError:
            return NoReply("timed out")
        except ConnectionRefusedError:
            return NoReply("connection refused")
        except (OSError, http.client.HTTPException):
            return NoReply("connection cut")
        finally:
            made.close()


class LiveTransport:
    """Sends requests to a server.

    Args:
        receiver: the path, and the credentials.
        line: the way to its address.
        watchdog: guards each call, and knows the time limit; None for ten seconds.
        capture: holds what is logged in this process, where the server may be a thread; None for none.
        server: that we have started ourselves; None if it is somebody else's.
        ids: those of this trial; None to send what the scenario says.
        died_before: how the server came to its end while nobody looked; told with the first request, which is not sent.
    """

    def __init__(
        self,
        receiver: Receiver,
        line: Line,
        watchdog: Watchdog | None = None,
        capture: LogCapture | None = None,
        server: Server | None = None,
        ids: FreshIds | None = None,
        died_before: str = "",
    ) -> None:
        self._line = line
        self._path = receiver.path
        self._headers = receiver.sent_headers
        self._usual = _on_wire(self._headers, "application/json")
        self._watchdog = watchdog
        self._capture = capture
        self._server = server
        self._ids = ids
        self._died_before = died_before
        self._ended = ""
        """Why there is no server any more, after a restart that failed."""
        self.stuck = False
        """Whether a request was not answered, so that a server of ours had better be started again."""
        self.told = False
        """Whether it was said that the server has ended."""

    @property
    def limit(self) -> float:
        """Real seconds that an answer may take."""
        return 10.0 if self._watchdog is None else self._watchdog.limit

    def close(self) -> None:
        """The line is kept for the next trial."""

    def replace_app(self, app: Any) -> None:
        """Kill the server, and start it again; where that fails, no delivery reaches it any more."""
        if self._server is None or not isinstance(app, Process):
            raise UsageError(
                f"Receiver(restart=...) returned {app!r}: a live receiver is restarted in place, return None"
            )
        try:
            self._server.restart()
        except UsageError as fault:
            self._ended = f"was killed and started again, but {fault}"
        else:
            self._line.aim(self._server.origin)

    def send(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        content_type: str | None = "",
        content_length: int | None = -1,
    ) -> Carried:
        """Carry a request to the server."""
        if self._ended or self._died_before:
            return self._not_sent()
        length = content_length
        if self._ids is not None:
            fresh = self._ids.body(body)
            length = length + len(fresh) - len(body) if length is not None and length >= 0 else length
            body = fresh
        if headers is None and content_type == "":
            sent = self._usual
        else:
            sent = _on_wire(
                self._headers if headers is None else headers,
                "application/json" if content_type == "" else content_type,
            )
        began = stopwatch.real_seconds()
        if length is None:
            outcome = self._guarded(partial(self._post, sent, iter([body])))
        elif length >= 0 and length != len(body):
            call = partial(self._line.exchange_with_length, self._path, sent, body, length, limit=self.limit)
            outcome = self._guarded(call)
        else:
            outcome = self._guarded(partial(self._post, sent, body))
        took = stopwatch.real_seconds() - began
        # Whoever waits for the rest of a body that was announced, and never came, does nothing wrong.
        waited_for = length is not None and length > len(body)
        died, log = self._after(outcome)
        return Carried(outcome, log, "" if waited_for or died else self._hang(outcome, log), took, died)

    def send_both(self, first: bytes, second: bytes, seed: int) -> tuple[Carried, Carried]:  # noqa: ARG002 - no schedule
        """Send two requests at the same moment, from two threads; which is first there is left to chance."""
        if self._ended or self._died_before:
            return self._not_sent(), self._not_sent()
        outcomes: list[Reply | NoReply] = [NoReply("timed out"), NoReply("timed out")]
        faults: list[UsageError] = []
        ready = threading.Barrier(2)

        def work(place: int, body: bytes) -> None:
            ready.wait()
            try:
                outcomes[place] = self._post(self._usual, body)
            except UsageError as fault:
                faults.append(fault)

        bodies = (first, second) if self._ids is None else map(self._ids.body, (first, second))
        threads = [
            threading.Thread(target=work, args=each, name=f"cohortprop-delivery-{each[0] + 1}", daemon=True)
            for each in enumerate(bodies)
        ]
        for thread in threads:
            thread.start()
        until = stopwatch.real_seconds() + self.limit + _LATER
        for thread in threads:
            thread.join(max(0.0, until - stopwatch.real_seconds()))
        if faults:
            raise faults[0]
        found = tuple(outcomes)
        worst = next((each for each in found if isinstance(each, NoReply)), found[0])
        died, log = self._after(worst)
        one, other = (Carried(each, log, "" if died else self._hang(each, log), 0.0, died) for each in found)
        return one, other

    def look(self, probe: HttpProbe, cohort: str = "") -> Any:
        """Ask a probe that is a request.

        Args:
            probe: what to ask.
            cohort: id on the wire of the cohort that is asked for.

        Raises:
            UsageError: the answer is an error, is not JSON, or lacks what is wanted.
            Unreachable: there is no answer.
        """
        if self._ended:
            raise Unreachable(f"{probe}: the server {self._ended}", self._ended)
        headers = _on_wire(self._headers, None)
        path = probe.path_for(cohort)
        limit = max(self.limit, _LOOKING)
        asked = partial(self._line.exchange, probe.method, path, headers, limit=limit, largest=_LARGEST_LOOK)
        before = self.limit
        if self._watchdog is not None:
            self._watchdog.limit = limit
        try:
            outcome = self._guarded(asked)
            if outcome == NoReply("connection cut") and probe.method == "GET":
                outcome = self._guarded(asked)  # any client asks again where asking changes nothing
        finally:
            if self._watchdog is not None:
                self._watchdog.limit = before
        if isinstance(outcome, NoReply):
            died, _ = self._after(outcome)
            raise Unreachable(f"{probe}: no answer ({outcome.reason}) from {self._line.base_url}", died)
        if probe.name == "members" and outcome.status == 404:
            return []
        if not outcome.accepted:
            told = "; redirects are not followed" if 300 <= outcome.status < 400 else ""
            raise UsageError(f"{probe}: {path} is answered HTTP {outcome.status}{told}")
        if len(outcome.body) >= _LARGEST_LOOK:
            raise UsageError(f"{probe}: the answer is longer than {_LARGEST_LOOK >> 20} MiB")
        return probe.pick(outcome.body) if probe.name in ("members", "arrivals") else None

    def _not_sent(self) -> Carried:
        """What comes of a request to a server that is not there, or was not there a moment ago."""
        self.told = True
        return Carried(NoReply("connection refused"), died=self._ended or self._died_before)

    def _post(self, headers: list[tuple[bytes, bytes]], body: Any) -> Reply | NoReply:
        return self._line.exchange("POST", self._path, headers, body, limit=self.limit)

    def _guarded(self, call: Callable[[], Reply | NoReply]) -> Reply | NoReply:
        """Call under the watchdog: a server that trickles is late, though it never pauses for long."""
        watchdog = self._watchdog
        if watchdog is None:
            return call()
        try:
            watchdog.begin()
            try:
                outcome = call()
            finally:
                watchdog.end()
        except ReceiverHung:
            watchdog.end()  # it may have come just before
            return NoReply("timed out")
        return outcome

    def _after(self, outcome: Reply | NoReply) -> tuple[str, tuple[str, ...]]:
        """How the server has ended, if it has, and what was logged."""
        how = ""
        if isinstance(outcome, NoReply):
            if outcome.reason == "timed out":
                self.stuck = True
                self._line.renew()
            if self._server is not None:
                how = self._server.death(waiting=outcome.reason != "timed out")
        log = self._server.take_output() if self._server is not None else ()
        if self._capture is not None:
            log += tuple(line for line in self._capture.take() if not line.startswith(_OWN_LOGS))
        self.told = self.told or bool(how)
        return "\n".join((how, *log)) if how else "", log

    def _hang(self, outcome: Reply | NoReply, log: tuple[str, ...]) -> str:
        """What stands in place of a stack, which only an app in this process has; empty if there is an answer."""
        if outcome != NoReply("timed out"):
            return ""
        wrote = "\n".join(("The server wrote last:", *log[-10:])) if log else "The server wrote nothing meanwhile."
        return f"POST {self._line.base_url}{self._path} was not answered within {self.limit:g} s.\n{wrote}"


def _acknowledge(answer: httpx.Response) -> None:
    """Tell the other side that its first bytes have come.

    Plain servers write the head of an answer, and then its body. By default (Nagle's algorithm on their side, delayed
    acknowledgements on ours) they then wait 40 ms for us, each time.
    """
    if _QUICK is not None:
        connected = answer.extensions["network_stream"].get_extra_info("socket")
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)


_Https = http.client.HTTPSConnection


def _on_wire(headers: Mapping[str, str], content_type: str | None) -> list[tuple[bytes, bytes]]:
    """Headers as bytes, the values in UTF-8; one of the user's own takes the place of the usual content type."""
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    if content_type is not None and all(name.lower() != b"content-type" for name, _ in sent):
        sent.append((b"Content-Type", content_type.encode()))
    return sent
