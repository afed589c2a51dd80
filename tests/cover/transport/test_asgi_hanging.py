"""An ASGI app that hangs, in each of the ways that it can: the sender sees a time-out, the finding where the app is."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from cohortprop.transport import LogCapture, Watchdog
from cohortprop.transport import watchdog as module
from cohortprop.wire import NoReply, Reply
from tests.cover.transport.asgi_apps import App, Receive, Scope, Send, answer, hello, http, opened

TIMED_OUT = NoReply("timed out")


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    monkeypatch.setattr(module, "_CHECK_EVERY", 0.02)
    with Watchdog(0.2).watching() as watchdog:
        yield watchdog


@http
async def awaiting(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


@http
async def blocking(scope: Scope, receive: Receive, send: Send) -> None:
    time.sleep(3600)


@http
async def looping(scope: Scope, receive: Receive, send: Send) -> None:
    while True:
        pass


@http
async def swallowing(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        time.sleep(3600)
    except BaseException:  # noqa: BLE001 - as careless apps do
        await answer(send, b"sorry", 500)


@http
async def half_way(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.Event().wait()


@http
async def in_a_task_group(scope: Scope, receive: Receive, send: Send) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(awaiting(scope, receive, send))


@http
async def blocking_in_a_task_group(scope: Scope, receive: Receive, send: Send) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(blocking(scope, receive, send))


@pytest.mark.parametrize(
    ("app", "where"),
    [
        (awaiting, "in awaiting\n"),
        (blocking, "in blocking\n"),
        (looping, "in looping\n"),
        (swallowing, "in swallowing\n"),
        (half_way, "in half_way\n"),
        (in_a_task_group, "in awaiting\n"),
        (blocking_in_a_task_group, "in blocking\n"),
    ],
)
def test_a_request_that_hangs_is_a_time_out(app: App, where: str, watchdog: Watchdog) -> None:
    with opened(app, watchdog) as transport:
        carried = transport.send(b"{}")
        assert carried.outcome == TIMED_OUT
        assert where in carried.stack
        assert "cohortprop/transport" not in carried.stack.rpartition("in careful\n")[2]
        transport.replace_app(hello)
        after = transport.send(b"{}")
        assert (after.outcome, after.stack) == (Reply(200, b"hello", "application/json"), "")


def test_an_app_that_hangs_is_cancelled_and_may_clear_up(watchdog: Watchdog) -> None:
    cleared: list[str] = []

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleared.append("up")

    with opened(app, watchdog) as transport:
        transport.send(b"{}")
        assert cleared == ["up"]


def test_where_a_thread_of_the_app_hangs_is_told_once(watchdog: Watchdog) -> None:
    release = threading.Event()
    calls: list[int] = []

    def stuck() -> None:
        release.wait(20)

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        calls.append(1)
        if len(calls) == 1:
            await asyncio.to_thread(stuck)
        await asyncio.Event().wait()

    with opened(app, watchdog) as transport:
        first = transport.send(b"{}")
        second = transport.send(b"{}")
        release.set()
    assert "in stuck\n" in first.stack
    assert "in stuck\n" not in second.stack
    assert second.stack


def test_what_it_logged_before_is_kept(watchdog: Watchdog) -> None:
    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        logging.getLogger("shop").warning("about to hang")
        await asyncio.Event().wait()

    with LogCapture() as capture, opened(app, watchdog, capture) as transport:
        assert transport.send(b"{}").log == ("WARNING shop: about to hang",)


def test_a_request_that_does_not_hang_has_no_stack(watchdog: Watchdog) -> None:
    with opened(hello, watchdog) as transport:
        assert transport.send(b"{}").stack == ""
        time.sleep(0.4)
        assert transport.send(b"{}").stack == ""


def test_in_another_thread_an_await_that_never_ends_is_left_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """No signal gets there: the watchdog has to wake the loop."""
    monkeypatch.setattr(module, "_CHECK_EVERY", 0.02)
    seen: list[object] = []

    def work() -> None:
        with Watchdog(0.2).watching() as watchdog, opened(awaiting, watchdog) as transport:
            seen.append(transport.send(b"{}").outcome)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(10)
    assert seen == [TIMED_OUT]


STUCK_FOR_GOOD = """
import asyncio, time
from cohortprop import Receiver
from cohortprop.transport import AsgiTransport, Watchdog

def stuck():
    time.sleep(3600)

async def app(scope, receive, send):
    assert scope["type"] == "http"
    import anyio.to_thread
    await anyio.to_thread.run_sync(stuck)

with Watchdog(0.3).watching() as watchdog:
    transport = AsgiTransport(Receiver(app), watchdog)
    print(transport.send(b"{}").outcome.reason)
    transport.close()
"""


def test_a_thread_that_hangs_for_good_does_not_keep_the_program_from_leaving() -> None:
    ran = subprocess.run([sys.executable, "-c", STUCK_FOR_GOOD], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout == "timed out\n"
