"""Who sees real time while time is frozen: whoever measures the test run, or waits for it."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType

import pytest
import rich.progress
from hypothesis.internal.conjecture import engine

from cohortprop.simulation.clock import REAL_TIME_MODULES, open_clock
from cohortprop.stopwatch import Stopwatch
from cohortprop.transport import ReceiverHung, Watchdog
from tests.cover.simulation.test_frozen_time import load

FROZEN = datetime(2026, 1, 5, tzinfo=UTC)
LOOK = """
import time
from time import time as bound_time, perf_counter, monotonic
import datetime

def look():
    return [time.time(), bound_time(), time.monotonic(), monotonic(), time.perf_counter(), perf_counter()]
"""


@pytest.fixture
def _frozen() -> Iterator[None]:
    with open_clock("freezegun") as clock:
        clock.start(FROZEN)
        yield


def passes(read: Callable[[], float]) -> bool:
    """Whether this clock goes on by itself."""
    first = read()
    for _ in range(2000):
        time.sleep(0.001)
        if read() > first:
            return True
    return False


@pytest.mark.parametrize("beginning", REAL_TIME_MODULES)
def test_modules_that_measure_the_test_run(beginning: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load(beginning + "timing" * beginning.endswith("."), monkeypatch, LOOK)
    with open_clock("freezegun") as clock:
        clock.start(FROZEN)
        first = module.look()
        clock.move(4 * 86400)
        second = module.look()
    assert all(0 <= later - earlier < 60 for earlier, later in zip(first, second, strict=True))
    assert FROZEN.timestamp() not in first


def test_beginnings_of_packages_end_in_their_dot() -> None:
    modules = {name for name in REAL_TIME_MODULES if not name.endswith(".")}
    assert modules == {"cohortprop.stopwatch", "cohortprop.transport.watchdog", "cohortprop.transport.interleaving"}


@pytest.mark.usefixtures("_frozen")
def test_the_others_see_no_time_pass() -> None:
    assert not any(time.perf_counter() != time.perf_counter() for _ in range(100))
    assert time.time() == FROZEN.timestamp()


@pytest.mark.usefixtures("_frozen")
def test_a_stopwatch_goes_on() -> None:
    watch = Stopwatch(limit=0.02)
    assert not watch.expired
    assert passes(lambda: watch.seconds)
    time.sleep(0.03)
    assert watch.expired


def test_a_jump_of_days_does_not_reach_a_stopwatch() -> None:
    with open_clock("freezegun") as clock:
        clock.start(FROZEN)
        watch = Stopwatch(limit=3600)
        clock.move(4 * 86400)
        assert watch.seconds < 60
        assert not watch.expired


@pytest.mark.usefixtures("_frozen")
def test_a_stopwatch_that_was_started_before(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Stopwatch()
    with open_clock("freezegun") as clock:
        clock.start(FROZEN)
        assert 0 <= watch.seconds < 60


@pytest.mark.usefixtures("_frozen")
def test_progress_on_the_terminal_goes_on() -> None:
    assert passes(rich.progress.Progress(disable=True).get_time)


@pytest.mark.usefixtures("_frozen")
def test_what_ends_the_shrinking_of_hypothesis_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    code = compile("def look(): return time.perf_counter()", engine.__file__, "exec")
    space: dict[str, Callable[[], float]] = engine.__dict__.copy()
    exec(code, space)  # noqa: S102 - a function as it would stand in that module
    assert passes(space["look"])


@pytest.mark.usefixtures("_frozen")
def test_a_watchdog_interrupts_after_real_time() -> None:
    with Watchdog(0.3).watching() as watchdog, pytest.raises(ReceiverHung), watchdog.guard():
        for _ in itertools.count():
            pass


def test_a_jump_of_days_does_not_wake_a_watchdog() -> None:
    with open_clock("freezegun") as clock, Watchdog(60).watching() as watchdog:
        clock.start(FROZEN)
        with watchdog.guard():
            time.sleep(0.3)
            clock.move(4 * 86400)
            time.sleep(0.6)


@pytest.mark.usefixtures("_frozen")
def test_asyncio_comes_back_from_its_sleep() -> None:
    async def sleep() -> float:
        await asyncio.wait_for(asyncio.sleep(0.01), 5)
        return time.time()

    assert asyncio.run(sleep()) == FROZEN.timestamp()


@pytest.mark.usefixtures("_frozen")
def test_asyncio_gives_up_waiting() -> None:
    async def wait() -> None:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())


@pytest.mark.usefixtures("_frozen")
def test_a_queue_gives_up_waiting() -> None:
    with pytest.raises(queue.Empty):
        queue.Queue[int]().get(timeout=0.01)
    full = queue.Queue[int](1)
    full.put(1)
    with pytest.raises(queue.Full):
        full.put(2, timeout=0.01)


@pytest.mark.usefixtures("_frozen")
def test_threads_give_up_waiting() -> None:
    assert not threading.Event().wait(0.01)
    condition = threading.Condition()
    with condition:
        assert not condition.wait_for(lambda: False, 0.01)
    held = threading.Semaphore(0)
    assert not held.acquire(timeout=0.01)


@pytest.mark.usefixtures("_frozen")
def test_pipes_between_processes_give_up_waiting() -> None:
    receiving, sending = multiprocessing.Pipe()
    assert not receiving.poll(0.01)
    receiving.close()
    sending.close()


@pytest.mark.parametrize("module", [threading, queue])
def test_they_are_left_as_they_were(module: ModuleType) -> None:
    name = "_time" if module is threading else "time"
    before = getattr(module, name)
    with open_clock("freezegun"):
        assert getattr(module, name) is before
    assert getattr(module, name) is before
