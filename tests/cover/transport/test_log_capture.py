"""What an app logs while it handles a request, and what it writes to the server's error stream."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

import pytest

from cohortprop.receiver import Receiver
from cohortprop.transport import Carried, LogCapture, WsgiTransport
from tests.cover.transport.apps import App, Environ, StartResponse, crash_of, hello

SHOP = logging.getLogger("shop.sync")


def fail() -> None:
    raise ValueError("no such cohort")


def carry(app: App, times: int = 1) -> list[Carried]:
    with LogCapture() as capture:
        transport = WsgiTransport(Receiver(app), capture=capture)
        return [transport.send(b"{}") for _ in range(times)]


def test_each_request_has_its_own_lines() -> None:
    number = iter(range(9))

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        SHOP.warning("sync %d", next(number))
        SHOP.error("and more")
        return hello(environ, start_response)

    assert [carried.log for carried in carry(app, 2)] == [
        ("WARNING shop.sync: sync 0", "ERROR shop.sync: and more"),
        ("WARNING shop.sync: sync 1", "ERROR shop.sync: and more"),
    ]


def test_a_crash_has_its_lines_too() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        SHOP.critical("oh dear")
        raise ValueError("no")

    (carried,) = carry(app)
    assert carried.log == ("CRITICAL shop.sync: oh dear",)
    assert crash_of(carried).endswith("ValueError: no")


def test_what_an_app_writes_to_the_error_stream_comes_after() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.errors"].write("first\nsecond\n")
        SHOP.warning("logged")
        environ["wsgi.errors"].write("third")
        environ["wsgi.errors"].flush()
        return hello(environ, start_response)

    assert [carried.log for carried in carry(app, 2)] == [("WARNING shop.sync: logged", "first", "second", "third")] * 2


def test_without_a_capture_there_is_the_error_stream_all_the_same() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        print("oops", file=environ["wsgi.errors"])
        return hello(environ, start_response)

    transport = WsgiTransport(Receiver(app))
    assert [transport.send(b"{}").log for _ in range(2)] == [("oops",), ("oops",)]


def test_an_app_that_says_nothing() -> None:
    assert carry(hello)[0].log == ()


def test_the_first_fifty_lines_of_each_are_kept() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        for number in range(60):
            SHOP.warning("line %d", number)
            environ["wsgi.errors"].write(f"error {number}\n")
        return hello(environ, start_response)

    first, second = carry(app, 2)
    assert first.log[:50] == tuple(f"WARNING shop.sync: line {number}" for number in range(50))
    assert first.log[50:] == tuple(f"error {number}" for number in range(50))
    assert second.log == first.log


def test_a_log_line_has_the_traceback_of_what_was_caught() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            fail()
        except ValueError:
            SHOP.exception("cannot sync %s", "7")
        return hello(environ, start_response)

    (line,) = carry(app)[0].log
    assert line.startswith("ERROR shop.sync: cannot sync 7\nTraceback (most recent call last):\n")
    assert line.endswith("\nValueError: no such cohort")


def test_a_traceback_is_asked_for_where_there_is_none() -> None:
    with LogCapture() as capture:
        SHOP.warning("calm", exc_info=True)
        assert capture.take() == ("WARNING shop.sync: calm",)


class Broken:
    """Cannot be shown at all."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("message", "arguments", "shown"),
    [
        ("%d members", ("two",), "'%d members' with ('two',), which do not fit"),
        ("%s and %s", ("one",), "'%s and %s' with ('one',), which do not fit"),
        ("%s", (Broken(),), "'%s' with (<Broken instance at "),
        (Broken(), (), "<Broken instance at "),
    ],
)
def test_arguments_that_do_not_fit_are_forgiven(message: str, arguments: tuple[object, ...], shown: str) -> None:
    capture = LogCapture()
    capture.handle(logging.LogRecord("shop.sync", logging.WARNING, "shop.py", 1, message, arguments, None))
    (line,) = capture.take()
    assert line.startswith(f"WARNING shop.sync: {shown}")
    assert line.endswith(", which do not fit")


def test_taking_empties_it() -> None:
    with LogCapture() as capture:
        SHOP.warning("once")
        assert len(capture.take()) == 1
        assert capture.take() == ()


def test_what_other_threads_log_is_there_too() -> None:
    with LogCapture() as capture:
        thread = threading.Thread(target=lambda: SHOP.warning("from a worker"))
        thread.start()
        thread.join()
        assert capture.take() == ("WARNING shop.sync: from a worker",)


def test_it_listens_only_while_it_is_entered() -> None:
    capture = LogCapture()
    before = logging.getLogger().handlers[:]
    with capture:
        assert capture in logging.getLogger().handlers
    assert logging.getLogger().handlers == before
    SHOP.warning("too late")
    assert capture.take() == ()


def test_levels_are_those_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "level", logging.WARNING)  # whatever other tests' frameworks have made of it
    root.manager._clear_cache()  # type: ignore[attr-defined]
    with LogCapture() as capture:
        SHOP.info("not asked for")
        SHOP.setLevel(logging.DEBUG)
        try:
            SHOP.debug("asked for")
        finally:
            SHOP.setLevel(logging.NOTSET)
        assert capture.take() == ("DEBUG shop.sync: asked for",)
