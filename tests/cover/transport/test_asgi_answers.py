"""What comes back from an ASGI app, and what it leaves undone."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import pytest

from cohortprop import Receiver, UsageError
from cohortprop.transport import AsgiTransport, LogCapture, ReceiverHung, asgi
from cohortprop.wire import Reply
from tests.cover.transport.apps import crash_of, reply_of
from tests.cover.transport.asgi_apps import JSON, App, Message, Receive, Scope, Send, answer, hello, http, opened, send

SHOP = logging.getLogger("shop")


def saying(*messages: Message) -> App:
    """An app that sends these messages, and no others."""

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


def start(status: object = 200, headers: Any = JSON) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(text: object = b"hello", **more: object) -> Message:
    return {"type": "http.response.body", "body": text, **more}


@pytest.mark.parametrize(
    ("messages", "reply"),
    [
        ([start(), body()], Reply(200, b"hello", "application/json")),
        ([start(503, ()), body(b"")], Reply(503)),
        ([{"type": "http.response.start", "status": 204}, {"type": "http.response.body"}], Reply(204)),
        ([start(201, iter([(b"X", b"y"), (b"Content-Type", b"a/b")])), body()], Reply(201, b"hello", "a/b")),
        ([start(), body(b"he", more_body=True), body(b"", more_body=True), body(bytearray(b"llo"))],
         Reply(200, b"hello", "application/json")),
    ],
)  # fmt: skip
def test_status_body_and_content_type(messages: list[Message], reply: Reply) -> None:
    carried = send(saying(*messages))
    assert carried.outcome == reply
    assert (carried.log, carried.stack) == ((), "")
    assert carried.took > 0


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "RuntimeError: the app returned without sending http.response.start"),
        ([start()], "RuntimeError: the app returned without completing its answer, more_body was true"),
        ([start(), body(more_body=True)], "RuntimeError: the app returned without completing its answer, more_b"),
        ([body()], "RuntimeError: the app sent http.response.body before http.response.start"),
        ([start(), start()], "RuntimeError: the app sent http.response.start after http.response.start"),
        ([start(), {"type": "http.oops"}], "RuntimeError: the app sent http.oops after http.response.start"),
        ([start("200 OK")], "TypeError: the app sent '200 OK' as the status of its answer; it is a number such as 200"),
        ([start(headers=[("a", "b")])], "TypeError: the app sent the header 'a': 'b'; names and values are bytes"),
        ([start(), body("hello")], "TypeError: the app sent a str as the body of its answer; it is made of bytes"),
    ],
)
def test_what_no_server_could_send_is_said_without_our_frames(messages: list[Message], said: str) -> None:
    crash = crash_of(send(saying(*messages)))
    assert crash.splitlines()[-1].startswith(said)
    assert "cohortprop/transport" not in crash


def test_what_comes_after_the_answer_does_not_change_it() -> None:
    carried = send(saying(start(), body(), body(b"more")))
    assert carried.outcome == Reply(200, b"hello", "application/json")
    (line,) = carried.log
    assert line.startswith("raised after the answer was sent\nTraceback")
    assert line.endswith("RuntimeError: the app sent http.response.body after its answer was complete")


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("no such cohort")


@http
async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    await fail()


def frames(crash: str) -> list[str]:
    return [line.rsplit(" in ", 1)[1] for line in crash.splitlines() if line.startswith('  File "')]


def test_the_traceback_begins_with_the_app() -> None:
    crash = crash_of(send(failing))
    assert crash.startswith("Traceback (most recent call last):\n")
    assert crash.endswith("\nValueError: no such cohort")
    assert frames(crash) == ["careful", "failing", "fail"]


def test_an_error_page_that_is_sent_before_the_exception_is_the_answer() -> None:
    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, b"sorry", 500)
        await fail()

    reply = reply_of(send(app))
    assert (reply.status, reply.body, reply.content_type) == (500, b"sorry", "application/json")
    assert reply.crash is not None
    assert frames(reply.crash) == ["careful", "app", "fail"]


def test_an_answer_that_is_broken_off_is_a_crash() -> None:
    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(more_body=True))
        await fail()

    assert crash_of(send(app)).endswith("ValueError: no such cohort")


@pytest.mark.parametrize("fault", [SystemExit(1), asyncio.CancelledError(), BaseExceptionGroup("two", [SystemExit()])])
def test_an_app_that_exits_or_cancels_itself_has_crashed(fault: BaseException) -> None:
    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise fault

    with opened(app) as transport:
        crash = crash_of(transport.send(b"{}"))
        assert type(fault).__name__ in crash.replace("ExceptionGroup: two", "BaseExceptionGroup")
        transport.replace_app(hello)
        assert reply_of(transport.send(b"{}")).body == b"hello"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ReceiverHung])
def test_an_interruption_that_is_meant_for_somebody_else_goes_through(stop: type[BaseException]) -> None:
    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise stop

    with LogCapture() as capture:
        with opened(app) as transport, pytest.raises(stop):
            transport.send(b"{}")
        gc.collect()
        assert capture.take() == (), "asyncio says that nobody has seen it"


def test_each_request_has_its_own_log_lines() -> None:
    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        SHOP.warning("got %s", (await receive())["body"].decode())
        await answer(send)

    with LogCapture() as capture, opened(app, None, capture) as transport:
        assert [transport.send(text).log for text in (b"1", b"2")] == [
            ("WARNING shop: got 1",), ("WARNING shop: got 2",)
        ]  # fmt: skip


def test_what_a_request_leaves_behind_is_done_before_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "_LEFT_BEHIND", 5.0)  # on a busy machine it may take its time
    done: list[str] = []
    kept: list[asyncio.Task[None]] = []

    async def mail() -> None:
        await asyncio.sleep(0.005)
        done.append("mail")

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        kept.append(asyncio.create_task(mail()))
        await answer(send)

    with opened(app) as transport:
        transport.send(b"{}")
        assert done == ["mail"]


def test_what_goes_on_for_good_is_waited_for_once_and_ends_with_the_receiver() -> None:
    ended: list[str] = []
    kept: list[asyncio.Task[None]] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("worker")

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not kept:
            kept.append(asyncio.create_task(work()))
        await answer(send)

    with opened(app) as transport:
        loop = transport._loop
        transport.send(b"{}")
        assert not loop._left()
        assert reply_of(transport.send(b"{}")).status == 200
        assert ended == []
    assert ended == ["worker"]


def test_in_a_running_loop_it_says_to_call_it_from_elsewhere() -> None:
    async def test() -> None:
        AsgiTransport(Receiver(hello))

    with pytest.raises(UsageError, match="call cohortprop from a plain function, not from an async one"):
        asyncio.run(test())
