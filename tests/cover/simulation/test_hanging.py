"""A receiver that hangs: where it hung is written down, and the world stops, for nothing more can be asked of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cohortprop.simulation import Attempted, Duplicated, Hung, LateArrived
from cohortprop.simulation.steps import Fates, Replay, Step, Sync, Wait
from cohortprop.transport import Watchdog
from cohortprop.transport import watchdog as module
from cohortprop.wire import NoReply
from tests.cover.simulation.sandbox import COHORT, Sandbox

TIMED_OUT = NoReply("timed out")


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    monkeypatch.setattr(module, "_CHECK_EVERY", 0.02)
    with Watchdog(0.2).watching() as watchdog:
        yield watchdog


def test_the_attempt_is_written_down_and_where_it_hung(watchdog: Watchdog) -> None:
    sandbox = Sandbox("ab", page_size=1, probing="delivery", watchdog=watchdog)
    sandbox.shop.hangs_on = 1
    sandbox.take(Sync(COHORT))
    assert sandbox.sequence == ["SyncStarted", "Hung", "Attempted"]
    (hung,) = sandbox.events(Hung)
    (attempt,) = sandbox.events(Attempted)
    assert hung.delivery is attempt.delivery
    assert "in __call__" in hung.stack
    assert "time.sleep(0.01)" in hung.stack
    assert (attempt.reply, attempt.outcome, attempt.reached) == (TIMED_OUT, TIMED_OUT, True)


def test_the_world_stops(watchdog: Watchdog) -> None:
    sandbox = Sandbox("ab", page_size=1, watchdog=watchdog)
    sandbox.shop.hangs_on = 2
    sandbox.take(Wait(3600))
    assert sandbox.world.halted
    assert sandbox.world.now == 0
    assert sandbox.take_new() == ["members(a)", "members(b)"]


@pytest.mark.parametrize("step", [Wait(3600), Sync(COHORT)])
def test_a_world_that_is_halted_does_not_move(step: Step) -> None:
    sandbox = Sandbox("ab", probing="delivery")
    sandbox.world.halted = True
    sandbox.take(step)
    sandbox.world.probe()
    sandbox.world.expire()
    assert not sandbox.history.events
    assert sandbox.world.now == 0


def test_it_hangs_on_a_duplicate(watchdog: Watchdog) -> None:
    sandbox = Sandbox("a", watchdog=watchdog)
    sandbox.shop.hangs_on = 2
    sandbox.take(Fates(("duplicate",)), Sync(COHORT))
    assert sandbox.sequence[:4] == ["SyncStarted", "Attempted", "Hung", "Duplicated"]
    assert sandbox.events(Duplicated)[0].reply == TIMED_OUT
    assert sandbox.world.halted


def test_what_hangs_is_not_sent_again_at_once(watchdog: Watchdog) -> None:
    sandbox = Sandbox("a", watchdog=watchdog)
    sandbox.shop.hangs_on = 1
    sandbox.take(Fates(("duplicate",)), Sync(COHORT))
    assert not sandbox.events(Duplicated)
    assert sandbox.take_new() == ["members(a)"]


def test_it_hangs_on_a_late_arrival(watchdog: Watchdog) -> None:
    sandbox = Sandbox("a", probing="delivery", watchdog=watchdog)
    sandbox.shop.hangs_on = 2
    sandbox.take(Sync(COHORT), Replay(0))
    assert sandbox.sequence[-2:] == ["Hung", "LateArrived"]
    assert sandbox.events(LateArrived)[0].reply == TIMED_OUT
    assert sandbox.world.halted
