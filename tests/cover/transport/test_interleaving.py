"""Two calls in two threads: found again by the seed, never stuck where the app is not, and in the app's own time."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cohortprop.simulation import open_clock
from cohortprop.transport import interleaving as module
from cohortprop.transport import wsgi
from cohortprop.transport.interleaving import Run, interleave
from cohortprop.zoo import envelope

SEEDS = range(30)


class Counter:
    """Counts up as careless code does, and writes down whose turn it was."""

    def __init__(self, lock: threading.Lock | None = None) -> None:
        self.value = 0
        self.turns = ""
        self.lock = lock

    def add_as(self, name: str) -> Callable[[], str]:
        def add() -> str:
            for _ in range(4):
                if self.lock is None:
                    self.step(name)
                else:
                    with self.lock:
                        self.step(name)
            return name

        return add

    def step(self, name: str) -> None:
        value = self.value
        self.turns += name
        self.value = value + 1


def raced(seed: int, lock: threading.Lock | None = None) -> Counter:
    counter = Counter(lock)
    one, other = interleave(counter.add_as("a"), counter.add_as("b"), seed)
    assert (one.value, other.value) == ("a", "b")
    return counter


def test_the_same_seed_gives_the_same_interleaving() -> None:
    for seed in SEEDS:
        first, second = raced(seed), raced(seed)
        assert (first.turns, first.value) == (second.turns, second.value)


def test_seeds_differ() -> None:
    assert len({raced(seed).turns for seed in SEEDS}) > len(SEEDS) / 3


def test_a_race_is_met_in_a_few_tries() -> None:
    lost = [seed for seed in SEEDS if raced(seed).value < 8]
    assert len(lost) > len(SEEDS) / 4


def test_either_may_be_first() -> None:
    assert {raced(seed).turns[0] for seed in SEEDS} == {"a", "b"}


def test_under_a_lock_nothing_is_lost_and_nothing_is_stuck() -> None:
    for seed in SEEDS:
        assert raced(seed, threading.Lock()).value == 8


def test_the_same_seed_gives_the_same_interleaving_under_a_lock() -> None:
    for seed in SEEDS:
        assert raced(seed, threading.Lock()).turns == raced(seed, threading.Lock()).turns


def test_what_is_raised_comes_through() -> None:
    def fail() -> None:
        raise KeyError("ann")

    one, other = interleave(fail, lambda: None, 0)
    assert repr(one.error) == "KeyError('ann')"
    assert other == Run()


def crosswise(first: threading.Lock, second: threading.Lock) -> Callable[[], str]:
    def take_both() -> str:
        with first:
            shelf = "first"
            with second:
                return shelf

    return take_both


def deadlocked(seed: int) -> tuple[Run[str], Run[str]]:
    one, other = threading.Lock(), threading.Lock()
    return interleave(crosswise(one, other), crosswise(other, one), seed, limit=0.1)


def test_a_deadlock_is_given_up_with_both_stacks() -> None:
    stuck = [runs for seed in range(20) if (runs := deadlocked(seed))[0].stack]
    assert len(stuck) > 2
    for runs in stuck:
        for run in runs:
            assert "in take_both" in run.stack
            assert "with second:" in run.stack
            assert run.value is None


def test_after_a_deadlock_others_run_as_before() -> None:
    """CPython 3.11 once went round in circles here: an exception was left pending in a thread that sleeps."""
    while not deadlocked(seed := 0)[0].stack and seed < 20:
        seed += 1
    assert [raced(seed).value for seed in range(5)] == [raced(seed).value for seed in range(5)]


def test_the_one_that_is_not_stuck_comes_to_its_end() -> None:
    held = threading.Lock()
    held.acquire()

    def wait() -> str:
        with held:
            return "never"

    one, other = interleave(wait, lambda: "there", 3, limit=0.1)
    assert "in wait" in one.stack
    assert other == Run("there")


def test_a_loop_without_end_is_given_up_too() -> None:
    ended = threading.Event()

    def loop() -> None:
        try:
            while True:
                pass
        finally:
            ended.set()

    one, other = interleave(loop, lambda: None, 0, limit=0.1)
    assert "in loop" in one.stack
    assert not other.stack
    assert ended.wait(5)


def test_the_threads_see_frozen_time() -> None:
    moment = datetime(2026, 1, 5, 9, tzinfo=UTC)
    with open_clock("freezegun") as clock:
        clock.start(moment)
        clock.move(4 * 86_400)
        runs = interleave(lambda: datetime.now(UTC), lambda: datetime.fromtimestamp(time.time(), UTC), 0)
    assert {run.value for run in runs} == {moment + timedelta(days=4)}


def test_patience_runs_on_real_time() -> None:
    held = threading.Lock()
    held.acquire()
    with open_clock("freezegun") as clock:
        clock.start(datetime(2026, 1, 5, 9, tzinfo=UTC))
        one, _ = interleave(held.acquire, lambda: True, 0, limit=0.1)
    assert one.stack


def test_the_standard_library_is_not_cut_up() -> None:
    """Were it, a pair of long texts would change hands thousands of times."""
    text = json.dumps([{"user": "ann"}] * 2000, indent=1)
    before = time.perf_counter()
    runs = interleave(lambda: len(json.loads(text)), lambda: len(json.dumps(list(range(20_000)), indent=1)), 5)
    assert runs[0].value == 2000
    assert time.perf_counter() - before < 2


def test_a_tracer_that_was_there_is_put_back() -> None:
    seen: list[object] = []

    def tracer(*_: object) -> None:
        return None

    before = threading.gettrace()
    threading.settrace(tracer)
    try:
        interleave(lambda: None, lambda: None, 0)
        thread = threading.Thread(target=lambda: seen.append(sys.gettrace()))
        thread.start()
        thread.join()
    finally:
        threading.settrace(before)
    assert seen == [tracer]


@pytest.mark.parametrize(
    ("file", "own"),
    [
        ("/home/me/shop/app.py", True),
        (envelope.__file__, True),
        (wsgi.__file__, False),
        (threading.__file__, False),
        (pytest.__file__, False),
        ("<string>", False),
        ("<ipython-input-1>", True),
    ],
)
def test_the_apps_own_lines_are_seen_and_no_others(*, file: str, own: bool) -> None:
    assert module.is_own(file) is own
