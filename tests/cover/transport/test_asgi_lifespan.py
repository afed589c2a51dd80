"""An app lives once for each receiver: it is started before the first request, and shut down at the end."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.applications import Starlette

from cohortprop import Receiver, UsageError
from cohortprop.transport import AsgiTransport, EventLoop, LogCapture, Transports, Watchdog
from cohortprop.transport import watchdog as module
from tests.cover.transport.apps import reply_of
from tests.cover.transport.asgi_apps import App, Receive, Scope, Send, answer, hello, http, opened


def living(told: list[str], name: str = "") -> App:
    """An app that tells of its life."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            told.append(f"{name}request {scope['state']['count']}")
            scope["state"]["count"] = 7
            await answer(send)
            return
        assert scope["type"] == "lifespan"
        scope["state"]["count"] = 1
        for _ in range(2):
            message = await receive()
            told.append(name + message["type"].removeprefix("lifespan."))
            await send({"type": message["type"] + ".complete"})

    return app


def test_it_is_started_before_the_first_request_and_shut_down_at_the_end() -> None:
    told: list[str] = []
    with opened(living(told)) as transport:
        assert told == ["startup"]
        transport.send(b"{}")
        transport.send(b"{}")
    assert told == ["startup", "request 1", "request 1", "shutdown"]


def test_each_receiver_has_a_life_and_all_have_one_loop() -> None:
    told: list[str] = []
    loops: list[asyncio.AbstractEventLoop] = []

    def receiver(name: str) -> Receiver:
        inner = living(told, name)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            loops.append(asyncio.get_running_loop())
            await inner(scope, receive, send)

        return Receiver(app)

    with contextlib.closing(Transports(Watchdog(), LogCapture())) as transports:
        transports.open(receiver("a ")).send(b"{}")
        transports.open(receiver("b "))
    assert told == ["a startup", "a request 1", "a shutdown", "b startup", "b shutdown"]
    assert len(set(map(id, loops))) == 1
    assert loops[0].is_closed()


def test_a_restart_shuts_the_old_app_down_and_starts_the_new_one() -> None:
    told: list[str] = []
    with opened(living(told, "old ")) as transport:
        transport.replace_app(living(told, "new "))
        transport.send(b"{}")
    assert told == ["old startup", "old shutdown", "new startup", "new request 1", "new shutdown"]


async def ignorant(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes everything for a request."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes everything for a request, and asks for it."""
    body = (await receive())["body"]
    await answer(send, body)


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """Says nothing to what it does not know."""
    if scope["type"] == "http":
        await answer(send)


@pytest.mark.parametrize("app", [hello, ignorant, reading, silent])
def test_an_app_need_not_support_it(app: App) -> None:
    with opened(app) as transport:
        assert reply_of(transport.send(b"hello")).body == b"hello"


def failing(phase: str) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if phase == "startup":
            raise ConnectionError("no database")
        yield
        raise ConnectionError("no database")

    return Starlette(lifespan=lifespan)


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_a_life_that_fails_is_told_in_one_line(phase: str) -> None:
    with (
        pytest.raises(
            UsageError,
            match=rf"^the app's {phase} has failed: ConnectionError: no database \(test_asgi_lifespan.py, line \d+\)$",
        ),
        opened(failing(phase)),
    ):
        assert phase == "shutdown"


@pytest.mark.parametrize(("message", "said"), [("first\nno database\n", "no database"), ("", "it does not say why")])
def test_a_startup_that_fails_without_an_exception(message: str, said: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.failed", "message": message})

    with pytest.raises(UsageError, match=f"^the app's startup has failed: {said}$"):
        AsgiTransport(Receiver(app))


def test_a_shutdown_that_fails_does_not_hide_what_is_on_its_way() -> None:
    with pytest.raises(KeyError), opened(failing("shutdown")):
        raise KeyError


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    monkeypatch.setattr(module, "_CHECK_EVERY", 0.02)
    with Watchdog(0.2).watching() as watchdog:
        yield watchdog


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_a_life_that_hangs_is_told_in_one_line(phase: str, watchdog: Watchdog) -> None:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if phase == "startup":
            await asyncio.Event().wait()
        yield
        await asyncio.Event().wait()

    said = rf"^the app's {phase} does not end within 0.2 s \(test_asgi_lifespan.py, line \d+\)$"
    with pytest.raises(UsageError, match=said), opened(Starlette(lifespan=lifespan), watchdog):
        assert phase == "shutdown"


def test_a_thread_that_hung_before_it_is_not_blamed(watchdog: Watchdog) -> None:
    given_up = threading.Event()

    def hangs_for_long() -> None:
        given_up.wait()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    thread = threading.Thread(target=hangs_for_long, daemon=True)
    thread.start()
    line = lifespan.__wrapped__.__code__.co_firstlineno + 2  # type: ignore[attr-defined]
    try:
        with pytest.raises(UsageError, match=rf"line {line}\)$"), opened(Starlette(lifespan=lifespan), watchdog):
            pytest.fail("it started")
    finally:
        given_up.set()
        thread.join()


def test_a_worker_of_its_life_works_between_requests_no_longer_than_they_take() -> None:
    """Its tasks get on while a request or a probe is awaited: nobody waits for them, and nobody cancels them."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    done: list[str] = []

    async def work() -> None:
        while True:
            done.append(await queue.get())
            queue.task_done()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(work())
        yield
        worker.cancel()

    async def put(scope: Scope, receive: Receive, send: Send) -> None:
        queue.put_nowait("mail")
        await answer(send)

    app = Starlette(lifespan=lifespan)
    app.mount("/", http(put))
    with opened(app) as transport:
        transport.send(b"{}")
        transport.run(queue.join())
        assert done == ["mail"]


def test_what_was_opened_is_closed() -> None:
    loop = EventLoop()
    loop.close()
    loop.close()
    with opened(hello) as transport:
        pass
    assert transport._loop._loop.is_closed()
