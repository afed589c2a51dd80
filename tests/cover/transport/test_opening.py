"""One receiver after the other: the way to the last one is closed."""

from __future__ import annotations

import pytest

from cohortprop import Receiver
from cohortprop.transport import LogCapture, Transports, Watchdog, opening


class Way:
    """A transport that notes whether it is closed."""

    def __init__(self, receiver: Receiver, *_: object) -> None:
        self.receiver = receiver
        self.closings = 0

    def close(self) -> None:
        self.closings += 1


def test_what_the_last_receiver_held_open_is_closed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WsgiTransport", Way)
    transports = Transports(Watchdog(), LogCapture())
    first = transports.open(Receiver(print))
    assert isinstance(first, Way)
    assert first.closings == 0
    second = transports.open(Receiver(print, path="/second"))
    assert isinstance(second, Way)
    assert (first.closings, second.closings, second.receiver.path) == (1, 0, "/second")
    transports.close()
    transports.close()
    assert (first.closings, second.closings) == (1, 1)
