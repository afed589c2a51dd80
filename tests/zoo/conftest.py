"""A player for each receiver, whose time the app sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import pytest

from cohortprop.receiver import Receiver
from tests.zoo.player import Player

Play: TypeAlias = Callable[[Receiver], Player]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    def begin(receiver: Receiver) -> Player:
        player = Player(receiver)
        monkeypatch.setattr(time, "time", lambda: player.now)
        return player

    return begin
