"""Which way leads to a receiver, and how long it stays open."""

from __future__ import annotations

from cohortprop.receiver import Receiver, is_asgi
from cohortprop.transport.asgi import AsgiTransport
from cohortprop.transport.base import Transport
from cohortprop.transport.event_loop import EventLoop
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.watchdog import Watchdog
from cohortprop.transport.wsgi import WsgiTransport

__all__ = ["Transports"]


class Transports:
    """Opens the way to one receiver after the other. What the last one held open is closed when the next one comes.

    Args:
        watchdog: guards each call of an app in this process.
        capture: holds what such an app logs.

    Example:
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [])
        ...     return [b"taken"]
        >>> transports = Transports(Watchdog(), LogCapture())
        >>> transports.open(Receiver(app)).send(b"{}").outcome.body
        b'taken'
        >>> transports.close()
    """

    def __init__(self, watchdog: Watchdog, capture: LogCapture) -> None:
        self._watchdog = watchdog
        self._capture = capture
        self._last: Transport | None = None
        self._loop: EventLoop | None = None

    def open(self, receiver: Receiver) -> Transport:
        """The way to this receiver; the way to the one before it is closed.

        Raises:
            UsageError: the app does not start, or the one before it fails to shut down.
        """
        self._close_last()
        if is_asgi(receiver.app):
            if self._loop is None:
                self._loop = EventLoop(self._watchdog)
            self._last = AsgiTransport(receiver, self._watchdog, self._capture, self._loop)
        else:
            self._last = WsgiTransport(receiver, self._watchdog, self._capture)
        return self._last

    def close(self) -> None:
        """Close the way to the last receiver, if it is open, and the event loop of those that had one."""
        try:
            self._close_last()
        finally:
            loop, self._loop = self._loop, None
            if loop is not None:
                loop.close()

    def _close_last(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.close()
