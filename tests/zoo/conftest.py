"""A player for each receiver, whose time the app sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeAlias

import pytest

from cohortprop.receiver import Receiver
from cohortprop.simulation import Clock, open_clock
from tests.zoo.player import Player

Play: TypeAlias = Callable[[Receiver], Player]


@pytest.fixture(scope="module")
def frozen() -> Iterator[Clock]:
    with open_clock("freezegun") as clock:
        yield clock


@pytest.fixture
def play(frozen: Clock) -> Play:
    def begin(receiver: Receiver) -> Player:
        return Player(receiver, show_time=lambda now: frozen.start(datetime.fromtimestamp(now, UTC)))

    return begin
