"""Which way leads to a receiver, and how long it stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver, is_asgi
from cohortprop.transport.asgi import AsgiTransport
from cohortprop.transport.base import Transport
from cohortprop.transport.event_loop import EventLoop
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.watchdog import Watchdog
from cohortprop.transport.wsgi import WsgiTransport

if TYPE_CHECKING:  # needs an extra
    from cohortprop.transport.live_ways import LiveWays

__all__ = ["Transports"]


class Transports:
    """Opens the way to one receiver after the other. What the last one held open is closed when the next one comes.

    Args:
        watchdog: guards each call of an app in this process.
        capture: holds what such an app logs.
        fresh_ids: whether a live receiver that nothing empties sees ids of its own in each trial.

    Example:
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [])
        ...     return [b"taken"]
        >>> transports = Transports(Watchdog(), LogCapture())
        >>> transports.open(Receiver(app)).send(b"{}").outcome.body
        b'taken'
        >>> transports.close()
    """

    def __init__(self, watchdog: Watchdog, capture: LogCapture, *, fresh_ids: bool = True) -> None:
        self._watchdog = watchdog
        self._capture = capture
        self._fresh_ids = fresh_ids
        self._last: Transport | None = None
        self._live: LiveWays | None = None
        self.receiver: Receiver | None = None
        """The one that was opened last, as it is to be asked: with functions for probes."""
        self._loop: EventLoop | None = None

    def open(self, receiver: Receiver) -> Transport:
        """The way to this receiver; the way to the one before it is closed.

        Raises:
            UsageError: the app does not start, or the one before it fails to shut down; a live receiver cannot be
                reached, or must not be.
        """
        self._close_last()
        self.receiver = receiver
        if receiver.live:
            self._last, self.receiver = self._live_ways().open(receiver)
        elif is_asgi(receiver.app):
            if self._loop is None:
                self._loop = EventLoop(self._watchdog)
            self._last = AsgiTransport(receiver, self._watchdog, self._capture, self._loop)
        else:
            self._last = WsgiTransport(receiver, self._watchdog, self._capture)
        return self._last

    def close(self) -> None:
        """Close the way to the last receiver, if it is open, and whatever was kept for the next ones."""
        try:
            self._close_last()
        finally:
            loop, self._loop = self._loop, None
            live, self._live = self._live, None
            try:
                if loop is not None:
                    loop.close()
            finally:
                if live is not None:
                    live.close()

    def _close_last(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.close()

    def _live_ways(self) -> LiveWays:
        if self._live is None:
            from cohortprop.transport.live_ways import LiveWays

            self._live = LiveWays(self._watchdog, self._capture, fresh_ids=self._fresh_ids)
        return self._live
