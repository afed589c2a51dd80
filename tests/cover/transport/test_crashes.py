"""An exception out of an app is its 500, and the finding shows the app's own frames."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from cohortprop.receiver import Receiver
from cohortprop.transport import ReceiverHung, WsgiTransport
from tests.cover.transport.apps import JSON, App, Environ, StartResponse, crash_of, hello, send


def find_row() -> Any:
    with sqlite3.connect(":memory:") as database:
        row = database.execute("SELECT 1, 2 WHERE 0").fetchone()
    database.close()
    return row


def raising(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    raise ValueError("no such cohort")


def raising_deeper(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return raising(environ, start_response)


def raising_late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", JSON)
    yield b"hello"
    raise ValueError("no such cohort")


def frames(crash: str) -> list[str]:
    """Names of the functions in a traceback, outermost first."""
    return [line.rsplit(" in ", 1)[1] for line in crash.splitlines() if line.startswith('  File "')]


@pytest.mark.parametrize(
    ("app", "names"),
    [(raising, ["raising"]), (raising_deeper, ["raising_deeper", "raising"]), (raising_late, ["raising_late"])],
)
def test_the_traceback_begins_with_the_app(app: App, names: list[str]) -> None:
    crash = crash_of(send(app))
    assert crash.startswith("Traceback (most recent call last):\n")
    assert crash.endswith("\nValueError: no such cohort")
    assert frames(crash) == names


def test_an_app_that_is_an_object() -> None:
    class App:
        def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return raising(environ, start_response)

    assert frames(crash_of(send(App()))) == ["__call__", "raising"]


def test_what_it_was_caused_by_is_kept() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return raising(environ, start_response)
        except ValueError as fault:
            raise RuntimeError("cannot sync") from fault

    crash = crash_of(send(app))
    assert frames(crash) == ["app", "raising", "app"]
    assert "direct cause of the following exception" in crash


def test_an_exception_given_back_to_the_server_keeps_its_place() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", JSON)(b"hello")
        try:
            return raising(environ, start_response)
        except ValueError as fault:
            start_response("500 Sorry", JSON, (type(fault), fault, fault.__traceback__))
        return []

    names = frames(crash_of(send(app)))
    assert names[0] == "app"
    assert names[-1] == "raising"
    assert "send" not in names


def test_an_app_that_forgets_to_start_its_answer() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return [b"hello"]

    assert crash_of(send(app)) == "RuntimeError: the app returned without calling start_response"


def test_a_row_that_was_not_found_is_the_apps_own_mistake() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        first, second = find_row()
        return [first, second]

    crash = crash_of(send(app))
    assert frames(crash) == ["app"]
    assert crash.endswith("TypeError: cannot unpack non-iterable NoneType object")


def test_another_type_error_is_the_apps_own_mistake_too() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return len(None)  # type: ignore[arg-type, return-value]

    assert frames(crash_of(send(app))) == ["app"]


def _answering(answer: object, status: object = "200 OK") -> App:
    def app(environ: Environ, start_response: StartResponse) -> Any:
        start_response(status, JSON)
        return answer

    return app


ODD_STATUS = "RuntimeError: the app called start_response with"
A_STATUS = "a status is text such as '200 OK'"


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (_answering(None), "TypeError: 'NoneType' object is not iterable"),
        (_answering(["text"]), "TypeError: sequence item 0: expected a bytes-like object, str found"),
        (_answering([], "OK"), f"{ODD_STATUS} 'OK'; {A_STATUS}"),
        (_answering([], ""), f"{ODD_STATUS} ''; {A_STATUS}"),
        (_answering([], 200), f"{ODD_STATUS} 200; {A_STATUS}"),
        (_answering([], None), f"{ODD_STATUS} None; {A_STATUS}"),
        (functools.partial(hello, environ={}), "TypeError: hello() got multiple values for argument 'environ'"),
    ],
)  # fmt: skip
def test_what_no_server_could_send_is_said_without_our_frames(app: App, said: str) -> None:
    assert crash_of(send(app)) == said


@pytest.mark.parametrize("code", [0, 1, None, "bye"])
def test_an_app_that_exits_has_crashed(code: object) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise SystemExit(code)

    assert "SystemExit" in crash_of(send(app))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, GeneratorExit])
def test_whatever_else_is_no_exception_goes_through(stop: type[BaseException]) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise stop

    with pytest.raises(stop):
        send(app)


def test_an_interruption_that_is_meant_for_somebody_else_goes_through() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise ReceiverHung

    with pytest.raises(ReceiverHung):
        send(app)


def test_after_a_crash_it_is_called_as_before() -> None:
    faults = [ValueError("once")]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if faults:
            raise faults.pop()
        return hello(environ, start_response)

    transport = WsgiTransport(Receiver(app))
    assert [getattr(transport.send(b"{}").outcome, "status", None) for _ in range(2)] == [500, 200]
