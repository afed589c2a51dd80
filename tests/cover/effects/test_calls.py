from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cohortprop.effects import Answer, Call, CallRule, HttpSink, at_pointer, in_body, in_path, in_query
from cohortprop.errors import UsageError
from tests.cover.effects.shops import post, status_of

RULE = CallRule("POST", "/mails", cohort=at_pointer("/cohort"), user=at_pointer("/to"))
ANN = b'{"cohort": "7", "to": "ann"}'


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with HttpSink(RULE) as opened:
        yield opened


def test_a_call_that_fits_is_an_arrival(sink: HttpSink) -> None:
    assert post(f"{sink.url}/mails", ANN) == (200, b"{}")
    assert sink.arrivals() == [("7", "ann")]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/mails", ANN),
        ("POST", "/mails/1", ANN),
        ("POST", "/mails", b'{"to": "ann"}'),
        ("POST", "/mails", b'{"cohort": "7"}'),
        ("POST", "/mails", b'{"cohort": "7", "to": null}'),
        ("POST", "/mails", b'{"cohort": "7", "to": {"id": "ann"}}'),
        ("POST", "/mails", b"no JSON"),
        ("POST", "/mails", b""),
    ],
)
def test_other_calls_are_none(sink: HttpSink, method: str, path: str, body: bytes) -> None:
    connection = http.client.HTTPConnection(sink.host, sink.port, timeout=5)
    connection.request(method, path, body)
    assert connection.getresponse().status == 200
    connection.close()
    assert sink.arrivals() == []
    assert [(call.method, call.path, call.body) for call in sink.unmatched] == [(method, path, body)]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (at_pointer("/to/0/email"), "ann@example.com"),
        (at_pointer("/to/1/email"), None),
        (at_pointer("/to/x"), None),
        (at_pointer("/a~1b/m~0n"), 7),
        (at_pointer("/to/0/email/deeper"), None),
        (in_path("list"), "12"),
        (in_path("other"), None),
        (in_query("id"), "5"),
        (in_query("other"), None),
        (in_body(r'"email": "([^"]+)"'), "ann@example.com"),
        (in_body(r"m~n"), "m~n"),
        (in_body(r"nothing"), None),
    ],
)
def test_what_can_be_read_off_a_call(reading: Any, expected: object) -> None:
    body = b'{"to": [{"email": "ann@example.com"}], "a/b": {"m~n": 7}}'
    assert reading(Call("POST", "/lists/12", {"id": "5"}, {}, body, {"list": "12"})) == expected


def test_the_path_and_the_query_tell(sink: HttpSink) -> None:
    rule = CallRule(path=r"/lists/(?P<list>\d+)", cohort=in_path("list"), user=in_query("user"))
    with HttpSink(rule) as other:
        post(f"{other.url}/lists/7?user=a%20b", b"")
        assert other.arrivals() == [("7", "a b")]


def test_the_first_rule_that_tells_decides() -> None:
    def rule(call: Call) -> tuple[str, str] | None:
        return ("8", "bob") if call.headers.get("x-kind") == "push" else None

    with HttpSink(rule, RULE) as sink:
        post(f"{sink.url}/mails", ANN, {"X-Kind": "push"})
        post(f"{sink.url}/mails", ANN)
        assert sink.arrivals() == [("8", "bob"), ("7", "ann")]


def test_a_user_alone_needs_a_watched_app() -> None:
    with HttpSink(CallRule(user=at_pointer("/to"))) as sink:
        post(f"{sink.url}/mails", ANN)
        with pytest.raises(UsageError, match=r"HttpSink: it cannot tell whose a call is: give cohort=.*watch\(\)"):
            sink.arrivals()


@pytest.mark.parametrize("rule", [CallRule(user=at_pointer("/to")), CallRule(address=at_pointer("/to"))])
def test_a_watched_app_tells_the_cohort(rule: CallRule) -> None:
    body = b'{"action": "members", "parameters": {"mixpanel_cohort_id": "7", "members":'
    body += b' [{"mixpanel_distinct_id": "ann", "email": "ann"}]}}'
    with HttpSink(rule) as sink:
        sink.watch(print)
        sink._book.note(body)
        post(f"{sink.url}/mails", ANN)
        assert sink.arrivals() == [("7", "ann")]


@pytest.mark.parametrize("arguments", [{}, {"user": print, "address": print}])
def test_a_rule_says_for_whom(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"give user=\.\.\., or address="):
        CallRule(**arguments)


def test_a_pointer_begins_with_a_slash() -> None:
    with pytest.raises(UsageError, match="starts with '/'"):
        at_pointer("to")


def test_a_rule_is_a_rule() -> None:
    with pytest.raises(UsageError, match="a rule is a CallRule, or a function"):
        HttpSink("/mails")  # type: ignore[arg-type]


def test_answers_can_be_told(sink: HttpSink) -> None:
    sink.answer(Answer(202, {"id": 1}, {"X-Seen": "yes"}))
    sink.answer_next(Answer(500, "later"), Answer(429, b"\xff"))
    statuses = []
    for _ in range(4):
        connection = http.client.HTTPConnection(sink.host, sink.port, timeout=5)
        connection.request("POST", "/mails", ANN)
        answer = connection.getresponse()
        statuses.append((answer.status, answer.read(), answer.headers["Content-Type"], answer.headers["X-Seen"]))
        connection.close()
    assert statuses == [
        (500, b"later", "text/plain; charset=utf-8", None),
        (429, b"\xff", "application/octet-stream", None),
        (202, b'{"id": 1}', "application/json", "yes"),
        (202, b'{"id": 1}', "application/json", "yes"),
    ]
    assert sink.arrivals() == [("7", "ann")] * 2  # what was refused has had no effect
    assert len(sink.calls) == 4


def test_an_answer_may_depend_on_the_call(sink: HttpSink) -> None:
    sink.answer(lambda call: Answer(200, {"echo": call.json["to"]}))
    assert status_of(f"{sink.url}/mails", ANN) == (200, {"echo": "ann"})


def test_a_function_that_fails_is_told_to_the_user_and_not_to_the_app(sink: HttpSink) -> None:
    sink.answer(lambda call: Answer(200, call.json["missing"]))
    assert post(f"{sink.url}/mails", ANN)[0] == 200
    with pytest.raises(UsageError, match="HttpSink: a rule failed: KeyError: 'missing'"):
        sink.arrivals()


def test_calls_can_be_made_to_fail(sink: HttpSink) -> None:
    with sink.failing(502, {"error": "down"}):
        assert status_of(f"{sink.url}/mails", ANN) == (502, {"error": "down"})
    assert sink.arrivals() == []
    assert status_of(f"{sink.url}/mails", ANN) == (200, {})


def test_a_reset_forgets_all(sink: HttpSink) -> None:
    post(f"{sink.url}/mails", ANN)
    sink.answer_next(Answer(500))
    sink.reset()
    assert (sink.calls, sink.arrivals(), sink.unmatched) == ([], [], [])
    assert post(f"{sink.url}/mails", ANN)[0] == 200


def test_chunked_bodies_are_read(sink: HttpSink) -> None:
    connection = http.client.HTTPConnection(sink.host, sink.port, timeout=5)
    connection.request(
        "POST", "/mails", iter([ANN[:9], ANN[9:]]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    connection.getresponse().read()
    connection.close()
    assert sink.arrivals() == [("7", "ann")]


def test_a_call_whose_answer_nobody_waits_for_is_waited_for(sink: HttpSink) -> None:
    started = threading.Event()

    def slow(_call: Call) -> Answer:
        started.set()
        time.sleep(0.1)
        return Answer()

    sink.answer(slow)
    request = b"POST /mails HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(ANN), ANN)
    for _ in range(5):
        with socket.create_connection((sink.host, sink.port), timeout=5) as connection:
            connection.sendall(request)
    sink.drain()
    assert started.is_set()
    assert sink.arrivals() == [("7", "ann")] * 5


def test_a_connection_that_says_nothing_is_not_waited_for(sink: HttpSink) -> None:
    with socket.create_connection((sink.host, sink.port), timeout=5):
        sink.drain()


def test_a_call_that_hangs_is_told(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortprop.effects.calls._PATIENCE", 0.05)
    begun, go_on = threading.Event(), threading.Event()

    def hang(_call: Call) -> Answer:
        begun.set()
        go_on.wait(5)
        return Answer()

    sink.answer(hang)
    thread = threading.Thread(target=post, args=(f"{sink.url}/mails", ANN))
    thread.start()
    begun.wait(5)
    with pytest.raises(TimeoutError, match=f"port {sink.port} is still at work after 0.05 s"):
        sink.drain()
    go_on.set()
    thread.join()


def test_nothing_is_left_over() -> None:
    threads = threading.active_count()
    sink = HttpSink(RULE).start()
    port = sink.port
    with socket.create_connection((sink.host, port), timeout=5):
        post(f"{sink.url}/mails", ANN)
        sink.close()
        sink.close()
        assert threading.active_count() == threads
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_sink_must_be_open() -> None:
    with pytest.raises(UsageError, match="call start"):
        _ = HttpSink().url
