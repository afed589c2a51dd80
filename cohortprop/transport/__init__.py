"""How a request reaches the receiver: WSGI and ASGI, in this process. Hanging and logging are watched here, too."""

from cohortprop.transport.asgi import AsgiTransport
from cohortprop.transport.base import Carried, Runner, Transport, run_alone, runner_of
from cohortprop.transport.event_loop import EventLoop
from cohortprop.transport.interleaving import Run, interleave
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.opening import Transports
from cohortprop.transport.watchdog import ReceiverHung, Watchdog
from cohortprop.transport.wsgi import WsgiTransport

__all__ = [
    "AsgiTransport",
    "Carried",
    "EventLoop",
    "LogCapture",
    "ReceiverHung",
    "Run",
    "Runner",
    "Transport",
    "Transports",
    "Watchdog",
    "WsgiTransport",
    "interleave",
    "run_alone",
    "runner_of",
]
