"""An app that hangs: the sender sees a time-out, and the finding shows where the app was."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator

import pytest

from cohortprop.receiver import Receiver
from cohortprop.transport import LogCapture, ReceiverHung, Watchdog, WsgiTransport
from cohortprop.transport import watchdog as module
from cohortprop.wire import NoReply, Reply
from tests.cover.transport.apps import JSON, App, Environ, StartResponse, hello

TIMED_OUT = NoReply("timed out")


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    monkeypatch.setattr(module, "_CHECK_EVERY", 0.02)
    with Watchdog(0.2).watching() as watchdog:
        yield watchdog


def hanging(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    time.sleep(3600)
    return []


def hanging_in_its_body(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", JSON)
    yield b"hel"
    time.sleep(3600)


def making_an_error_page_of_it(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        time.sleep(3600)
    except BaseException:  # noqa: BLE001 - as careless apps do
        start_response("500 Sorry", JSON)
    return [b"sorry"]


def turning_it_into_another_exception(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        time.sleep(3600)
    except BaseException as fault:
        raise ValueError("sorry") from fault
    return []


@pytest.mark.parametrize(
    "app", [hanging, hanging_in_its_body, making_an_error_page_of_it, turning_it_into_another_exception]
)
def test_a_request_that_hangs_is_a_time_out(app: App, watchdog: Watchdog) -> None:
    transport = WsgiTransport(Receiver(app), watchdog)
    carried = transport.send(b"{}")
    assert carried.outcome == TIMED_OUT
    assert f"in {app.__name__}\n" in carried.stack
    assert "time.sleep(3600)" in carried.stack
    transport.replace_app(hello)
    after = transport.send(b"{}")
    assert (after.outcome, after.stack) == (Reply(200, b"hello", "application/json"), "")


def test_what_it_logged_before_is_kept(watchdog: Watchdog) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        logging.getLogger("shop").warning("about to hang")
        return hanging(environ, start_response)

    with LogCapture() as capture:
        carried = WsgiTransport(Receiver(app), watchdog, capture).send(b"{}")
    assert carried.log == ("WARNING shop: about to hang",)
    assert carried.stack


@pytest.mark.parametrize("app", [hello, lambda environ, start_response: 1 / 0])
def test_a_request_that_does_not_hang_has_no_stack(app: App, watchdog: Watchdog) -> None:
    assert WsgiTransport(Receiver(app), watchdog).send(b"{}").stack == ""


def test_nothing_is_interrupted_after_the_request(watchdog: Watchdog) -> None:
    WsgiTransport(Receiver(hello), watchdog).send(b"{}")
    time.sleep(0.5)


def test_an_interruption_in_the_last_moment_is_not_left_open(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes when the app has answered, and the call is just about to be closed."""
    end = watchdog.end
    calls: list[bool] = []

    def end_late() -> None:
        calls.append(True)
        if len(calls) == 1:
            watchdog.stack = "in the last moment"
            raise ReceiverHung
        end()

    monkeypatch.setattr(watchdog, "end", end_late)
    carried = WsgiTransport(Receiver(hello), watchdog).send(b"{}")
    assert (carried.outcome, carried.stack) == (TIMED_OUT, "in the last moment")
    assert not watchdog._open
