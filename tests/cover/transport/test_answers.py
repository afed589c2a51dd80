"""What comes back from an app, in all the ways in which a WSGI app may say it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import pytest

from cohortprop.receiver import Receiver
from cohortprop.transport import WsgiTransport
from cohortprop.wire import Reply
from tests.cover.transport.apps import JSON, Environ, StartResponse, crash_of, hello, reply_of, send


def test_status_body_and_content_type() -> None:
    carried = send(hello)
    assert carried.outcome == Reply(200, b"hello", "application/json")
    assert carried.log == ()


@pytest.mark.parametrize(
    ("line", "status"), [("201 Created", 201), ("404 Not Found", 404), ("503", 503), ("299 What", 299), ("200 ", 200)]
)
def test_the_status_is_the_number_of_its_line(line: str, status: int) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(line, JSON)
        return []

    assert send(app).outcome == Reply(status, b"", "application/json")


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_the_content_type_under_any_spelling(name: str) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("X", "y"), (name, "text/html; charset=utf-8")])
        return []

    assert reply_of(send(app)).content_type == "text/html; charset=utf-8"


def test_the_content_type_may_be_missing() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("204 No Content", [])
        return []

    assert reply_of(send(app)).content_type == ""


def test_a_body_in_pieces() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", JSON)
        return (b"he", b"", b"llo")

    assert reply_of(send(app)).body == b"hello"


def test_a_generator_that_starts_its_answer_late() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", JSON)
        yield b"hel"
        yield b"lo"

    assert send(app).outcome == Reply(200, b"hello", "application/json")


def test_what_is_written_comes_before_what_is_returned() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", JSON)
        write(b"hel")
        write(b"lo ")
        return [b"you"]

    assert reply_of(send(app)).body == b"hello you"


class Body:
    """An iterable that must be closed."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            assert not self.closed
            yield piece

    def close(self) -> None:
        self.closed += 1


def answering(body: Body) -> WsgiTransport:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", JSON)
        return body

    return WsgiTransport(Receiver(app))


def test_the_body_is_closed_after_it_was_read() -> None:
    body = Body(b"hello")
    assert reply_of(answering(body).send(b"{}")).body == b"hello"
    assert body.closed == 1


def test_the_body_is_closed_when_reading_it_fails() -> None:
    body = Body(b"hello", ValueError("half-way"))
    assert "ValueError: half-way" in crash_of(answering(body).send(b"{}"))
    assert body.closed == 1


def _fail() -> None:
    raise ValueError("cannot sync")


def _sorry(start_response: StartResponse) -> None:
    """Answer with an error page in place of what was begun."""
    try:
        _fail()
    except ValueError:
        start_response("500 Sorry", [("Content-Type", "text/plain")], sys.exc_info())


def test_an_error_page_takes_the_place_of_an_answer_that_was_only_begun() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", JSON)
        _sorry(start_response)
        return [b"sorry"]

    assert send(app).outcome == Reply(500, b"sorry", "text/plain")


def test_an_error_page_may_be_the_only_answer() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        _sorry(start_response)
        return [b"sorry"]

    assert send(app).outcome == Reply(500, b"sorry", "text/plain")


def test_an_error_page_comes_too_late_when_something_was_said() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", JSON)
        yield b""
        yield b"hello"
        _sorry(start_response)
        yield b"sorry"

    assert crash_of(send(app)).endswith("ValueError: cannot sync")


def test_an_error_page_comes_too_late_when_something_was_written() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", JSON)(b"hello")
        _sorry(start_response)
        return [b"sorry"]

    assert crash_of(send(app)).endswith("ValueError: cannot sync")


def test_an_error_page_is_in_time_while_only_nothing_was_said() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", JSON)
        yield b""
        _sorry(start_response)
        yield b"sorry"

    assert send(app).outcome == Reply(500, b"sorry", "text/plain")


def test_without_exc_info_the_last_start_counts() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", JSON)
        start_response("500 Sorry", [("Content-Type", "text/plain")], None)
        return [b"sorry"]

    assert send(app).outcome == Reply(500, b"sorry", "text/plain")


def test_after_a_restart_another_app_is_called() -> None:
    def other(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(f"200 {environ['PATH_INFO']}", JSON)
        return [environ["HTTP_X"].encode()]

    transport = WsgiTransport(Receiver(hello, path="/hook", headers={"X": "kept"}))
    assert reply_of(transport.send(b"{}")).body == b"hello"
    transport.replace_app(other)
    assert reply_of(transport.send(b"{}")).body == b"kept"
