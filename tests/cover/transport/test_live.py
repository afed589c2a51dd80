"""Requests to a server over HTTP: what is sent, and what comes back, whatever the server does."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from cohortprop import Receiver, UsageError
from cohortprop.errors import Unreachable
from cohortprop.http_probe import HttpProbe
from cohortprop.transport import Carried, LogCapture, Watchdog
from cohortprop.transport.live import LARGEST_ANSWER, Line, LiveTransport
from cohortprop.wire import NoReply, Reply
from tests.cover.transport.servers import Evil, Handler, Server, serving

BODY = b'{"action":"members","parameters":{"mixpanel_cohort_id":"7","members":[{"mixpanel_distinct_id":"ann"}]}}'
TAKEN = Reply(200, b'{"action": "members", "status": "success"}', "application/json")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def transport_to(server: Server, watchdog: Watchdog | None = None, **described: object) -> LiveTransport:
    receiver = Receiver(f"{server.origin}/hook?key=1", **described)  # type: ignore[arg-type]
    return LiveTransport(receiver, Line(receiver.base_url), watchdog, LogCapture())


def send(server: Server, evil: Evil, body: bytes = BODY, limit: float = 0.3) -> Carried:
    server.evil = evil
    with Watchdog(limit).watching() as watchdog:
        transport = transport_to(server, watchdog)
        carried = transport.send(body)
        transport._line.close()
    return carried


def test_what_is_sent_and_what_comes_back(server: Server) -> None:
    transport = transport_to(server, auth=("mixpanel", "pässwörd"), headers={"X-Shop": "berlin ü"})
    carried = transport.send(BODY)
    assert (carried.outcome, carried.stack, carried.died) == (TAKEN, "", "")
    assert carried.took > 0
    path, headers, body = server.requests[0]
    assert (path, body) == ("/hook?key=1", BODY)
    assert headers["Host"] == server.origin.removeprefix("http://")
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(BODY))
    assert headers["Authorization"] == "Basic bWl4cGFuZWw6cMOkc3N3w7ZyZA=="
    assert headers["X-Shop"].encode("latin-1").decode() == "berlin ü"
    transport._line.close()


def test_the_connection_is_kept(server: Server) -> None:
    transport = transport_to(server)
    for _ in range(5):
        assert transport.send(BODY).outcome == TAKEN
    assert server.connections == 1
    transport._line.close()


def test_headers_content_type_and_length_can_be_others(server: Server) -> None:
    transport = transport_to(server, auth=("mixpanel", "s3cret"))
    transport.send(BODY, {"Authorization": "Basic"}, content_type="text/plain")
    transport.send(BODY, content_type=None)
    transport.send(BODY, content_length=None)
    first, second, third = (headers for _, headers, _ in server.requests)
    assert (first["Authorization"], first["Content-Type"]) == ("Basic", "text/plain")
    assert "Content-Type" not in second
    assert "Content-Length" not in third
    assert third["Transfer-Encoding"] == "chunked"
    transport._line.close()


def test_a_body_that_is_shorter_than_announced_hangs_nobody(server: Server) -> None:
    began = time.perf_counter()
    transport = transport_to(server)
    carried = transport.send(BODY[:20], content_length=len(BODY))
    assert isinstance(carried.outcome, Reply)
    assert carried.outcome.status == 400
    assert server.requests[0][1]["Content-Length"] == str(len(BODY))
    assert server.requests[0][2] == BODY[:20]
    assert time.perf_counter() - began < 2
    assert transport.send(BODY).outcome == TAKEN
    transport._line.close()


def test_who_waits_for_the_rest_of_a_body_does_not_hang(server: Server) -> None:
    server.evil = lambda handler: time.sleep(1)
    with Watchdog(0.2).watching() as watchdog:
        carried = transport_to(server, watchdog).send(b"{", content_length=9)
    assert carried.outcome == NoReply("timed out")
    assert carried.stack == ""


def redirects(handler: Handler) -> None:
    handler.answer(307, b"", Location="/elsewhere")


def test_a_redirect_is_an_answer_and_is_not_followed(server: Server) -> None:
    assert send(server, redirects).outcome == Reply(307, b"", "application/json")
    assert [path for path, _, _ in server.requests] == ["/hook?key=1"]


def sends_100_mb(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x" * (1 << 20))


def test_of_a_huge_answer_only_the_beginning_is_read(server: Server) -> None:
    began = time.perf_counter()
    carried = send(server, sends_100_mb, limit=5.0)
    assert carried.outcome == Reply(200, b"x" * LARGEST_ANSWER, "")
    assert time.perf_counter() - began < 5


def closes_at_once(handler: Handler) -> None:
    handler.close_connection = True


def closes_half_way(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")


def resets(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.close_connection = True
    handler.connection.close()


@pytest.mark.parametrize(
    "evil",
    [
        closes_at_once,
        closes_half_way,
        resets,
        lambda handler: handler.raw(b"HTTP/1.1 200"),
        lambda handler: handler.raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
        lambda handler: handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: much\r\n\r\n{}"),
        lambda handler: handler.raw(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n"),
    ],
)
def test_what_is_no_whole_answer_is_a_cut_connection(evil: Evil, server: Server) -> None:
    carried = send(server, evil, limit=5.0)
    assert (carried.outcome, carried.stack) == (NoReply("connection cut"), "")


def never_answers(handler: Handler) -> None:
    time.sleep(1.0)


def answers_late(handler: Handler) -> None:
    time.sleep(0.5)
    handler.answer(200, b"{}")


def trickles_a_head(handler: Handler) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40:
        handler.wfile.write(bytes([letter]))
        time.sleep(0.05)


def trickles_a_body(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
    for _ in range(40):
        handler.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("evil", [never_answers, answers_late, trickles_a_head, trickles_a_body])
def test_who_is_late_hangs(evil: Evil, server: Server) -> None:
    began = time.perf_counter()
    carried = send(server, evil, limit=0.3)
    assert carried.outcome == NoReply("timed out")
    assert carried.stack.startswith(f"POST {server.origin}/hook?key=1 was not answered within 0.3 s.")
    assert 0.25 < time.perf_counter() - began < 1.5


def test_a_late_answer_is_not_taken_for_that_of_the_next_request(server: Server) -> None:
    server.evil = answers_late
    with Watchdog(0.3).watching() as watchdog:
        transport = transport_to(server, watchdog)
        assert transport.send(BODY).outcome == NoReply("timed out")
        server.evil = None
        time.sleep(0.4)
        assert transport.send(BODY).outcome == TAKEN
        transport._line.close()


def test_nobody_listens() -> None:
    with serving() as server:
        transport = transport_to(server)
    carried = transport.send(BODY)
    assert (carried.outcome, carried.stack) == (NoReply("connection refused"), "")


def test_two_requests_really_are_under_way_together(server: Server) -> None:
    meeting = threading.Barrier(2)

    def waits_for_the_other(handler: Handler) -> None:
        meeting.wait(2)
        handler.answer(*handler.server.take(handler.body))

    server.evil = waits_for_the_other
    transport = transport_to(server)
    both = transport.send_both(BODY, BODY.replace(b"ann", b"bob"), seed=1)
    assert [carried.outcome for carried in both] == [TAKEN, TAKEN]
    assert {body for _, _, body in server.requests} == {BODY, BODY.replace(b"ann", b"bob")}
    transport._line.close()


def test_of_two_requests_one_hangs(server: Server) -> None:
    def hangs_on_bob(handler: Handler) -> None:
        if b"bob" in handler.body:
            time.sleep(1)
        handler.answer(*handler.server.take(handler.body))

    server.evil = hangs_on_bob
    with Watchdog(0.3).watching() as watchdog:
        transport = transport_to(server, watchdog)
        first, second = transport.send_both(BODY, BODY.replace(b"ann", b"bob"), seed=1)
        transport._line.close()
    assert (first.outcome, first.stack) == (TAKEN, "")
    assert second.outcome == NoReply("timed out")
    assert "was not answered" in second.stack


def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    transport = transport_to(server)
    assert transport.send(BODY).outcome == TAKEN
    transport._line.close()


def test_a_header_that_cannot_be_sent_is_the_users_mistake(server: Server) -> None:
    transport = transport_to(server, headers={"X-Shop": "a\nb"})
    with pytest.raises(UsageError, match="cannot be sent"):
        transport.send(BODY)
    with pytest.raises(UsageError, match="cannot be sent"):
        transport.send_both(BODY, BODY, 0)
    transport._line.close()


# Probes


def look(server: Server, text: str, name: str = "members", headers: dict[str, str] | None = None) -> object:
    transport = transport_to(server, headers=headers or {})
    try:
        return transport.look(HttpProbe.parse(name, text), "10 01")
    finally:
        transport._line.close()


def test_a_probe_is_asked_with_the_receivers_own_headers(server: Server) -> None:
    server.looks["/cohorts/10%2001"] = 200, b'{"held": {"a/b": [["ann", "bob"]]}}'
    assert look(server, "GET /cohorts/{cohort_id}#/held/a~1b/0", headers={"X-Key": "1"}) == ["ann", "bob"]
    assert server.requests[0][1]["X-Key"] == "1"
    assert "Content-Type" not in server.requests[0][1]


def test_an_unknown_cohort_has_no_members(server: Server) -> None:
    assert look(server, "GET /nowhere/{cohort_id}#/ids") == []


def test_resetting_wants_a_2xx_and_reads_nothing(server: Server) -> None:
    assert look(server, "POST /reset", "reset") is None
    with pytest.raises(UsageError) as refused:
        look(server, "GET /nowhere", "reset")
    assert str(refused.value) == "reset='GET /nowhere': /nowhere is answered HTTP 404"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, b""), "/x is answered HTTP 500"),
        ((302, b""), "/x is answered HTTP 302; redirects are not followed"),
        ((404, b""), "/x is answered HTTP 404"),
        ((200, b"<html>"), "the answer is not JSON: '<html>'"),
        ((200, b"\xff"), "the answer is not JSON: '�'"),
        ((200, b'{"sent": 3}'), "expected a list, got 3"),
        ((200, b'{"mails": []}'), "the answer has nothing at /sent; there is an object with 'mails'"),
        ((200, b"[1, 2]"), "the answer has nothing at /sent; there is [1, 2]"),
    ],
)
def test_what_is_wrong_with_the_answer_is_one_line(answer: tuple[int, bytes], said: str, server: Server) -> None:
    server.looks["/x"] = answer
    with pytest.raises(UsageError) as refused:
        look(server, "GET /x#/sent", "arrivals")
    assert str(refused.value) == f"arrivals='GET /x#/sent': {said}"


def test_without_a_pointer_the_whole_answer_must_be_the_list(server: Server) -> None:
    server.looks["/x"] = 200, b'[["7", "ann"]]'
    assert look(server, "GET /x", "arrivals") == [["7", "ann"]]
    server.looks["/x"] = 200, b'{"sent": []}'
    with pytest.raises(UsageError) as refused:
        look(server, "GET /x", "arrivals")
    told = "expected a list, got an object with 'sent'; after a '#', a JSON pointer leads to the list"
    assert str(refused.value) == f"arrivals='GET /x': {told}"


def test_a_probe_that_is_not_answered() -> None:
    with serving() as server:
        transport = transport_to(server)
    with pytest.raises(Unreachable) as refused:
        transport.look(HttpProbe.parse("reset", "POST /reset"))
    assert str(refused.value) == f"reset='POST /reset': no answer (connection refused) from {server.origin}"
    assert refused.value.died == ""


def test_a_look_that_is_cut_off_is_asked_once_more(server: Server) -> None:
    server.held["10%2001"] = {"ann"}
    server.looks_to_cut = 1
    assert look(server, "GET /members/{cohort_id}#/ids") == ["ann"]
    server.looks_to_cut = 2
    with pytest.raises(Unreachable, match="connection cut"):
        look(server, "GET /members/{cohort_id}#/ids")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("members", "GET", "write a method and a path, as in 'GET /cohorts/{cohort_id}/members#/ids'"),
        ("members", "/cohorts/{cohort_id}", "write a method and a path, as in 'GET /cohorts/{cohort_id}/members#/ids'"),
        ("arrivals", "get /arrivals", "the method is one of GET, POST, PUT, DELETE, PATCH"),
        ("arrivals", "GET arrivals", "the path starts with '/' and has no blanks, as in 'GET /arrivals#/sent'"),
        ("arrivals", "GET /a b", "the path starts with '/' and has no blanks, as in 'GET /arrivals#/sent'"),
        ("members", "GET /members", ("the path must say where the id goes, as in "
         "'GET /cohorts/{cohort_id}/members#/ids'")),
        ("reset", "POST /reset/{cohort_id}", "it is not told any {cohort_id}, as in 'POST /test/reset'"),
        ("arrivals", "GET /arrivals#sent", "after the '#' stands a JSON pointer such as /ids, not 'sent'"),
        ("arrivals", "GET /arrivals#/a~2", "after the '#' stands a JSON pointer such as /ids, not '/a~2'"),
    ],
)  # fmt: skip
def test_a_probe_that_is_written_wrongly(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        HttpProbe.parse(name, text)
    assert str(refused.value) == f"{name}={text!r}: {said}"


def test_an_app_in_this_process_is_not_asked_by_request() -> None:
    with pytest.raises(UsageError) as refused:
        Receiver(print, members="GET /cohorts/{cohort_id}")
    told = "a request needs a URL or a Process to go to; give a function"
    assert str(refused.value) == f"members='GET /cohorts/{{cohort_id}}': {told}"


def test_the_toolkits_own_client_is_not_in_the_log(server: Server) -> None:
    def logs(handler: Handler) -> None:
        logging.getLogger("shop").info("taken")
        handler.answer(*handler.server.take(handler.body))

    server.evil = logs
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        with LogCapture() as capture:
            receiver = Receiver(f"{server.origin}/hook")
            transport = LiveTransport(receiver, Line(receiver.base_url), None, capture)
            assert transport.send(BODY).log == ("INFO shop: taken",)
            transport._line.close()
    finally:
        root.setLevel(before)
