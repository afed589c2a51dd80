"""Two requests on one loop: seeded turns at each `await` that waits, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from cohortprop.transport import Carried, Watchdog, turns
from cohortprop.transport import watchdog as module
from cohortprop.wire import NoReply, Reply
from tests.cover.transport.apps import crash_of
from tests.cover.transport.asgi_apps import App, Receive, Scope, Send, answer, http, opened

HELLO = Reply(200, b"hello", "application/json")


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    monkeypatch.setattr(module, "_CHECK_EVERY", 0.02)
    with Watchdog(0.3).watching() as watchdog:
        yield watchdog


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a thread may take its time."""
    monkeypatch.setattr(turns, "_PATIENCE", 5.0)


def app_that(works: Callable[[str], Awaitable[None]]) -> App:
    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await works((await receive())["body"].decode())
        await answer(send)

    return app


def cross(works: Callable[[str], Awaitable[None]], seed: int = 1, watchdog: Watchdog | None = None) -> list[Carried]:
    with opened(app_that(works), watchdog) as transport:
        return list(transport.send_both(b"a", b"b", seed))


class Counter:
    """Reads, waits, and writes."""

    def __init__(self, lock: asyncio.Lock | None = None, wait: Callable[[], Awaitable[object]] | None = None) -> None:
        self.count = 0
        self.trace = ""
        self.lock = lock
        self.wait = wait or (lambda: asyncio.sleep(0))

    async def __call__(self, name: str) -> None:
        if self.lock is None:
            await self.add(name)
        else:
            async with self.lock:
                await self.add(name)

    async def add(self, name: str) -> None:
        self.trace += name
        found = self.count
        await self.wait()
        self.trace += name.upper()
        self.count = found + 1


def test_a_window_of_one_await_is_met_by_some_seeds_and_missed_by_others() -> None:
    counters = [Counter() for _ in range(20)]
    for seed, counter in enumerate(counters):
        assert [carried.outcome for carried in cross(counter, seed)] == [HELLO, HELLO]
    assert {counter.count for counter in counters} == {1, 2}
    assert {counter.trace[0] for counter in counters} == {"a", "b"}


@pytest.mark.parametrize("wait", [lambda: asyncio.sleep(0), lambda: asyncio.sleep(0.002)])
@pytest.mark.usefixtures("_patient")
def test_the_same_seed_gives_the_same_interleaving(wait: Callable[[], Awaitable[object]]) -> None:
    async def works(name: str) -> None:
        for _ in range(4):
            await counter(name)

    traces = []
    for _ in range(3):
        counter = Counter(wait=wait)
        cross(works, 5)
        traces.append(counter.trace)
    assert len(set(traces)) == 1
    assert "aA" in traces[0]


@pytest.mark.usefixtures("_patient")
def test_threads_come_back_in_the_order_of_the_seed() -> None:
    traces = set()
    for _ in range(5):
        counter = Counter(wait=lambda: asyncio.to_thread(lambda: None))
        cross(counter, 3)
        traces.add(counter.trace)
    assert len(traces) == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_lock_keeps_the_window_shut(seed: int) -> None:
    counter = Counter(asyncio.Lock())
    assert [carried.outcome for carried in cross(counter, seed)] == [HELLO, HELLO]
    assert counter.count == 2
    assert counter.trace in ("aAbB", "bBaA")


def test_what_does_not_wait_is_not_torn() -> None:
    async def at_once() -> None:
        """Nothing."""

    counter = Counter(wait=at_once)
    for seed in range(10):
        cross(counter, seed)
    assert counter.count == 20


def test_two_that_wait_for_each_other_are_both_told_of(watchdog: Watchdog) -> None:
    def locks() -> dict[str, asyncio.Lock]:
        return {"a": asyncio.Lock(), "b": asyncio.Lock()}

    async def crosswise(name: str) -> None:
        async with held[name]:
            await asyncio.sleep(0)
            async with held["b" if name == "a" else "a"]:
                pass

    for seed in range(20):
        held = locks()
        both = cross(crosswise, seed, watchdog)
        if both[0].stack:
            assert [carried.outcome for carried in both] == [NoReply("timed out")] * 2
            assert all("in crosswise\n" in carried.stack for carried in both)
            return
    pytest.fail("no seed has met it")


def test_one_that_hangs_leaves_the_other_its_answer(watchdog: Watchdog) -> None:
    async def works(name: str) -> None:
        while name == "a":
            pass

    first, second = cross(works, 1, watchdog)
    assert first.outcome == NoReply("timed out")
    assert "in works\n" in first.stack
    assert (second.outcome, second.stack) == (HELLO, "")


@pytest.mark.parametrize("fault", [ValueError("no"), SystemExit("no")])
def test_a_crash_is_that_of_one(fault: BaseException) -> None:
    async def works(name: str) -> None:
        await asyncio.sleep(0)
        if name == "b":
            raise fault

    first, second = cross(works)
    assert first.outcome == HELLO
    crash = crash_of(second)
    assert crash.endswith(f"{type(fault).__name__}: no")
    assert "cohortprop/transport" not in crash


def test_after_it_requests_go_one_by_one() -> None:
    counter = Counter()
    with opened(app_that(counter)) as transport:
        transport.send_both(b"a", b"b", 1)
        transport.send(b"c")
    assert counter.trace.endswith("cC")
