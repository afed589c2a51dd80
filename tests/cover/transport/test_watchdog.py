"""A call that overruns its limit is interrupted, and nothing else is."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cohortprop.transport import ReceiverHung, Watchdog
from cohortprop.transport import watchdog as module

LIMIT = 0.2
AT_MOST = LIMIT + 2.0
"""The rest is for a machine that is busy."""


@pytest.fixture(autouse=True)
def _looks_in_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHECK_EVERY", 0.02)


def sleep_for_ever() -> None:
    time.sleep(3600)


def wait_for_a_lock_for_ever() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def wait_for_a_thread_for_ever() -> None:
    thread = threading.Thread(target=time.sleep, args=(3600,), daemon=True)
    thread.start()
    thread.join()


def busy_for_ever() -> None:
    for _ in itertools.count():
        pass


def sleep_and_forgive() -> None:
    with contextlib.suppress(Exception):
        while True:
            try:
                time.sleep(3600)
            except Exception:  # noqa: BLE001, S112 - as careless apps do
                continue


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    with Watchdog(LIMIT).watching() as watchdog:
        yield watchdog


def test_it_looks_in_four_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    began = time.perf_counter()
    with Watchdog(0.3).watching() as watchdog, pytest.raises(ReceiverHung), watchdog.guard():
        sleep_for_ever()
    assert 0.3 <= time.perf_counter() - began < 0.3 + 3 * 0.25 + 2.0


@pytest.mark.parametrize(
    "hang",
    [sleep_for_ever, wait_for_a_lock_for_ever, wait_for_a_thread_for_ever, busy_for_ever, sleep_and_forgive],
)
def test_what_hangs_is_interrupted_within_about_the_limit(hang: Callable[[], None], watchdog: Watchdog) -> None:
    began = time.perf_counter()
    with pytest.raises(ReceiverHung), watchdog.guard():
        hang()
    assert LIMIT <= time.perf_counter() - began < AT_MOST
    assert f"in {hang.__name__}\n" in watchdog.stack
    assert watchdog.stack.splitlines()[0].startswith('  File "')


def test_in_another_thread_a_busy_loop_is_interrupted() -> None:
    found: dict[str, Any] = {}

    def work() -> None:
        watchdog = Watchdog(LIMIT)
        with watchdog.watching():
            began = time.perf_counter()
            try:
                with watchdog.guard():
                    busy_for_ever()
            except ReceiverHung:
                found.update(took=time.perf_counter() - began, stack=watchdog.stack)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(30)
    assert LIMIT <= found["took"] < AT_MOST
    assert "in busy_for_ever\n" in found["stack"]


def test_in_another_thread_no_signal_is_touched() -> None:
    found: list[object] = []

    def work() -> None:
        with Watchdog().watching():
            found.append(signal.getsignal(signal.SIGUSR2))

    before = signal.getsignal(signal.SIGUSR2)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


def test_where_there_are_no_such_signals_a_busy_loop_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SIGNAL", None)
    before = signal.getsignal(signal.SIGUSR2)
    with Watchdog(LIMIT).watching() as watchdog:
        assert signal.getsignal(signal.SIGUSR2) is before
        with pytest.raises(ReceiverHung), watchdog.guard():
            busy_for_ever()


def test_a_call_that_comes_back_in_time_is_left_alone(watchdog: Watchdog) -> None:
    for _ in range(3):
        with watchdog.guard():
            time.sleep(LIMIT * 0.5)
        assert watchdog.stack == ""


def test_time_between_two_calls_does_not_count(watchdog: Watchdog) -> None:
    with watchdog.guard():
        pass
    time.sleep(LIMIT + 0.2)
    with watchdog.guard():
        time.sleep(LIMIT / 2)


def test_the_next_call_has_the_whole_limit_again(watchdog: Watchdog) -> None:
    for _ in range(2):
        began = time.perf_counter()
        with pytest.raises(ReceiverHung), watchdog.guard():
            sleep_for_ever()
        assert time.perf_counter() - began >= LIMIT
    with watchdog.guard():
        assert watchdog.stack == ""


def test_an_app_that_holds_on_to_the_interruption_is_interrupted_again(watchdog: Watchdog) -> None:
    held: list[float] = []
    began = time.perf_counter()

    def hold_on() -> None:
        while len(held) < 2:
            try:
                sleep_for_ever()
            except:  # noqa: E722 - as careless apps do
                held.append(time.perf_counter() - began)
        sleep_for_ever()

    with pytest.raises(ReceiverHung), watchdog.guard():
        hold_on()
    assert [each >= LIMIT * number for number, each in enumerate(held, 1)] == [True, True]


def test_the_first_stack_is_kept(watchdog: Watchdog) -> None:
    def go_on_hanging() -> None:
        try:
            sleep_for_ever()
        except ReceiverHung:
            busy_for_ever()

    with pytest.raises(ReceiverHung), watchdog.guard():
        go_on_hanging()
    assert "in sleep_for_ever\n" in watchdog.stack


def test_a_call_that_comes_back_while_its_stack_is_written_down_is_not_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writing, back = threading.Event(), threading.Event()
    interrupted: list[bool] = []

    def slow_stack(self: Watchdog) -> str:
        writing.set()
        assert back.wait(10)
        return "somewhere"

    monkeypatch.setattr(Watchdog, "_stack_now", slow_stack)
    monkeypatch.setattr(Watchdog, "_interrupt", lambda self: interrupted.append(True))
    with Watchdog(0.05).watching() as watchdog:
        with watchdog.guard():
            assert writing.wait(10)
        back.set()
        time.sleep(0.1)
        assert watchdog.stack == ""
    assert not interrupted


def test_nor_is_the_call_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    writing, next_call = threading.Event(), threading.Event()

    def slow_stack(self: Watchdog) -> str:
        writing.set()
        assert next_call.wait(10)
        return "somewhere"

    monkeypatch.setattr(Watchdog, "_stack_now", slow_stack)
    with Watchdog(0.1).watching() as watchdog:
        with watchdog.guard():
            assert writing.wait(10)
        with watchdog.guard():
            next_call.set()
            time.sleep(0.05)
        assert watchdog.stack == ""


def test_a_signal_that_comes_too_late_does_nothing(watchdog: Watchdog) -> None:
    with watchdog.guard():
        pass
    signal.raise_signal(signal.SIGUSR2)
    watchdog.stack = "left from the last call"
    signal.raise_signal(signal.SIGUSR2)
    with watchdog.guard():
        signal.raise_signal(signal.SIGUSR2)


def test_a_signal_of_somebody_elses_reaches_them() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, frame: heard.append(number))
    try:
        with Watchdog(60).watching() as watchdog, watchdog.guard():
            signal.raise_signal(signal.SIGUSR2)
        assert heard == [signal.SIGUSR2]
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_one_watchdog_within_another() -> None:
    with Watchdog(LIMIT).watching() as outer, Watchdog(60).watching() as inner:
        with inner.guard():
            pass
        with pytest.raises(ReceiverHung), outer.guard():
            sleep_for_ever()
    assert (inner.stack, bool(outer.stack)) == ("", True)


@pytest.mark.parametrize("fault", [None, ValueError, ReceiverHung])
def test_the_signal_is_left_as_it_was(fault: type[BaseException] | None) -> None:
    def handler(number: int, frame: object) -> None:
        raise AssertionError("nobody signals")

    before = signal.signal(signal.SIGUSR2, handler)
    try:
        with contextlib.suppress(ValueError, ReceiverHung), Watchdog().watching():
            assert signal.getsignal(signal.SIGUSR2) is not handler
            if fault is not None:
                raise fault
        assert signal.getsignal(signal.SIGUSR2) is handler
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_its_thread_ends_with_it() -> None:
    with Watchdog().watching():
        assert "cohortprop-watchdog" in {thread.name for thread in threading.enumerate()}
    assert "cohortprop-watchdog" not in {thread.name for thread in threading.enumerate()}


def test_it_can_watch_again() -> None:
    watchdog = Watchdog(LIMIT)
    for _ in range(2):
        with watchdog.watching(), pytest.raises(ReceiverHung), watchdog.guard():
            sleep_for_ever()


def test_an_alarm_of_somebody_elses_rings_as_ever(watchdog: Watchdog) -> None:
    """A plugin that limits the time of tests does it by this signal."""

    class Alarm(Exception):
        pass

    def ring(number: int, frame: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Alarm), watchdog.guard():
            sleep_for_ever()
        assert signal.getsignal(signal.SIGALRM) is ring
        assert watchdog.stack == ""
        with pytest.raises(ReceiverHung), watchdog.guard():
            sleep_for_ever()
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_careless_handlers_of_exceptions_let_it_through() -> None:
    assert not issubclass(ReceiverHung, Exception)


def test_a_thread_that_is_gone_has_no_stack() -> None:
    assert Watchdog()._stack_now() == ""
