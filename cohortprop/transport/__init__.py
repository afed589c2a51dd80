"""How a request reaches the receiver: WSGI in this process, or HTTP. Hanging and logging are watched here, too."""

from cohortprop.transport.base import Carried, Transport
from cohortprop.transport.interleaving import Run, interleave
from cohortprop.transport.log_capture import LogCapture
from cohortprop.transport.opening import Transports
from cohortprop.transport.watchdog import ReceiverHung, Watchdog
from cohortprop.transport.wsgi import WsgiTransport

__all__ = [
    "Carried",
    "LogCapture",
    "ReceiverHung",
    "Run",
    "Transport",
    "Transports",
    "Watchdog",
    "WsgiTransport",
    "interleave",
]
