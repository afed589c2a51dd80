"""The ways to live receivers that are kept open for a campaign: connections, and the server that we started."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from cohortprop.http_probe import HttpProbe
from cohortprop.process import Process
from cohortprop.receiver import Receiver
from cohortprop.transport.address import pinned
from cohortprop.transport.fresh_ids import FreshIds
from cohortprop.transport.live import Line, LiveTransport
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.process import Server
from cohortprop.transport.watchdog import Watchdog

__all__ = ["LiveWays"]


class LiveWays:
    """Opens the way to one live receiver after the other; connections and servers serve for many.

    Args:
        watchdog: knows the time limit.
        capture: holds what is logged in this process.
        fresh_ids: whether each trial has ids of its own on the wire, where nothing empties the receiver.
    """

    def __init__(self, watchdog: Watchdog, capture: LogCapture, *, fresh_ids: bool) -> None:
        self._watchdog = watchdog
        self._capture = capture
        self._fresh_ids = fresh_ids
        self._lines: dict[tuple[object, ...], Line] = {}
        self._server: tuple[Server, Line, tuple[object, ...]] | None = None
        self._last: LiveTransport | None = None

    def open(self, receiver: Receiver) -> tuple[LiveTransport, Receiver]:
        """The way to a receiver, and the receiver with its probes bound to that way.

        Raises:
            UsageError: its address is not allowed, nothing listens there, or the server cannot be started.
        """
        ids = _ids_for(receiver) if self._fresh_ids else None
        if isinstance(receiver.app, Process):
            server, line, ended = self._serve(receiver.app)
            transport = LiveTransport(receiver, line, self._watchdog, self._capture, server, ids, ended)
        else:
            line = self._line_to(receiver)
            transport = LiveTransport(receiver, line, self._watchdog, self._capture, None, ids)
        self._last = transport
        return transport, _bound(receiver, transport, line.base_url, ids)

    def close(self) -> None:
        """Close all connections, and end the server."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        self._end_server()

    def _line_to(self, receiver: Receiver) -> Line:
        key = receiver.base_url, receiver.allow_host
        line = self._lines.get(key)
        if line is None:
            address = pinned(receiver.base_url, receiver.allow_host, self._watchdog.limit)
            line = self._lines[key] = Line(receiver.base_url, address)
        return line

    def _serve(self, process: Process) -> tuple[Server, Line, str]:
        """The running server, started if there is none or if it hangs; and how it has ended, if nobody saw it yet."""
        if self._server is not None and self._server[2] != process.key:
            self._end_server()
        if self._server is None:
            return self._start(process)
        server, line, _ = self._server
        told = self._last is not None and self._last.told
        how = server.death()
        if how or not server.runs or (self._last is not None and self._last.stuck):
            wrote = server.take_output()
            server.restart()
            line.aim(server.origin)
            if how and not told:
                return server, line, "\n".join((f"{how} after its last answer", *wrote))
        server.take_output()
        return server, line, ""

    def _start(self, process: Process) -> tuple[Server, Line, str]:
        line = Line("http://127.0.0.1:1")  # before the server: where httpx is missing, nothing is started
        server = Server(process)
        try:
            server.start()
            line.aim(server.origin)
        except BaseException:
            server.close()
            raise
        self._server = server, line, process.key
        return server, line, ""

    def _end_server(self) -> None:
        if self._server is not None:
            server, line, _ = self._server
            self._server = None
            with contextlib.closing(server):
                line.close()


def _ids_for(receiver: Receiver) -> FreshIds | None:
    """Ids of a trial; None where the receiver is emptied before each."""
    if receiver.reset is not None:
        return None
    users = receiver.arrivals is not None and receiver.arrival_policy == "once_per_user"
    return FreshIds(receiver.id_property if users else "")


def _bound(receiver: Receiver, transport: LiveTransport, base_url: str, ids: FreshIds | None) -> Receiver:
    """The receiver with functions in place of probes that are requests, and the trial's ids translated back."""
    changes: dict[str, Any] = {"base_url": base_url}
    for name in ("members", "arrivals", "reset", "drain"):
        probe = getattr(receiver, name)
        if isinstance(probe, str):
            changes[name] = _asking(transport, HttpProbe.parse(name, probe))
    bound = receiver.changed(**changes)
    if ids is not None:
        if bound.members is not None:
            bound.members = _translated_members(bound.members, ids)
        if bound.arrivals is not None:
            bound.arrivals = _translated_arrivals(bound.arrivals, ids)
    return bound


def _asking(transport: LiveTransport, probe: HttpProbe) -> Callable[..., Any]:
    if probe.name == "members":
        return lambda cohort_id: transport.look(probe, cohort_id)
    return lambda: transport.look(probe)


def _translated_members(probe: Any, ids: FreshIds) -> Callable[[str], Any]:
    def members(cohort_id: str) -> Any:
        return _then(probe(ids.cohort(cohort_id)), lambda found: [ids.user_from(each) for each in found])

    return members


def _translated_arrivals(probe: Any, ids: FreshIds) -> Callable[[], Any]:
    """The arrivals of this trial; those of others are none of its business."""

    def pairs(found: Iterable[Any]) -> list[Any]:
        translated: list[Any] = []
        for each in found:
            if isinstance(each, (str, bytes)) or not hasattr(each, "__len__") or len(each) != 2:
                translated.append(each)  # no pair: whoever asked says what is wrong
            else:
                cohort = ids.cohort_from(str(each[0]))
                if cohort is not None:
                    translated.append((cohort, ids.user_from(each[1])))
        return translated

    return lambda: _then(probe(), pairs)


def _then(found: Any, change: Callable[[Iterable[Any]], Any]) -> Any:
    """What a probe yields, changed; what is no collection is left for whoever asked to complain about."""
    if inspect.isawaitable(found):
        return _later(found, change)
    if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
        return found
    return change(found)


async def _later(found: Any, change: Callable[[Iterable[Any]], Any]) -> Any:
    return _then(await found, change)
