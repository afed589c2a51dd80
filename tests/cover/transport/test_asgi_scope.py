"""What an ASGI app finds in its scope and receives, as a server would have given it."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from tests.cover.transport.asgi_apps import JSON, Message, Receive, Scope, Send, answer, http, opened


def requests_of(body: bytes = b"{}", *requests: dict[str, Any], **described: Any) -> list[Scope]:
    """The scopes of requests to a receiver that is described like this, the body among them."""
    seen: list[Scope] = []

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append({**scope, "body": await receive()})
        await answer(send)

    with opened(app, **described) as transport:
        for request in requests or ({},):
            transport.send(body, **request)
    return seen


def headers_of(*requests: dict[str, Any], **described: Any) -> dict[bytes, bytes]:
    return dict(requests_of(b"{}", *requests, **described)[0]["headers"])


def test_it_is_a_post_of_json() -> None:
    (scope,) = requests_of(b'{"action": "members"}')
    assert (scope["type"], scope["http_version"], scope["method"]) == ("http", "1.1", "POST")
    assert scope["asgi"]["version"] == "3.0"
    assert scope["headers"] == [
        (b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"21")
    ]  # fmt: skip
    assert scope["body"] == {"type": "http.request", "body": b'{"action": "members"}', "more_body": False}
    assert len(scope["client"]) == 2


@pytest.mark.parametrize(
    ("base_url", "path", "expected"),
    [
        ("http://localhost", "/", ("http", ("localhost", 80), b"localhost", "", "/", b"/", b"")),
        ("https://testserver", "/hook", ("https", ("testserver", 443), b"testserver", "", "/hook", b"/hook", b"")),
        ("http://[::1]:80", "/a/b/", ("http", ("::1", 80), b"[::1]:80", "", "/a/b/", b"/a/b/", b"")),
        ("https://s.test:84/", "/hook", ("https", ("s.test", 84), b"s.test:84", "", "/hook", b"/hook", b"")),
        ("http://u:p@host", "/", ("http", ("host", 80), b"host", "", "/", b"/", b"")),
        ("http://localhost/api", "/k", ("http", ("localhost", 80), b"localhost", "/api", "/api/k", b"/api/k", b"")),
        ("http://h", "/k?key=a%20b", ("http", ("h", 80), b"h", "", "/k", b"/k", b"key=a%20b")),
        ("http://h", "/h%20k/zo%C3%AB", ("http", ("h", 80), b"h", "", "/h k/zoë", b"/h%20k/zo%C3%AB", b"")),
        ("http://h", "/zoë", ("http", ("h", 80), b"h", "", "/zoë", b"/zo%C3%AB", b"")),
    ],
)
def test_where_it_goes(base_url: str, path: str, expected: tuple[Any, ...]) -> None:
    (scope,) = requests_of(base_url=base_url, path=path)
    host = dict(scope["headers"])[b"host"]
    names = ("root_path", "path", "raw_path", "query_string")
    assert (scope["scheme"], scope["server"], host, *(scope[name] for name in names)) == expected


def test_headers_of_the_users_own() -> None:
    own = {"X-Secret": "s3cret", "x-name": "zoë ✓", "Content-Type": "application/json; charset=utf-8", "HOST": "shop"}
    assert headers_of(headers=own) == {
        b"host": b"shop",
        b"content-type": b"application/json; charset=utf-8",
        b"x-secret": b"s3cret",
        b"x-name": "zoë ✓".encode(),
        b"content-length": b"2",
    }


def test_a_length_that_the_user_gives_is_not_believed() -> None:
    assert headers_of(headers={"Content-Length": "999"})[b"content-length"] == b"2"


@pytest.mark.parametrize("auth", [("mixpanel", "s3cret"), ("zoë", "pässwörd✓"), ("user", "a:b::c"), ("", "")])
def test_credentials(auth: tuple[str, str]) -> None:
    scheme, _, encoded = headers_of(auth=auth)[b"authorization"].partition(b" ")
    assert scheme == b"Basic"
    assert base64.b64decode(encoded).decode() == ":".join(auth)
    assert b"authorization" not in headers_of()


def test_headers_in_place_of_the_receivers_own() -> None:
    sent = headers_of({"headers": {"X-Other": "1"}}, headers={"X-Secret": "s"}, auth=("mixpanel", "s3cret"))
    assert sent == {
        b"host": b"localhost", b"content-type": b"application/json", b"x-other": b"1", b"content-length": b"2"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"content_type": "text/plain"}, (b"text/plain", b"2")),
        ({"content_type": None}, (None, b"2")),
        ({"content_length": 175_000}, (b"application/json", b"175000")),
        ({"content_length": 0}, (b"application/json", b"0")),
        ({"content_length": None}, (b"application/json", None)),
    ],
)
def test_what_is_said_of_one_request_instead(request_: dict[str, Any], expected: tuple[bytes | None, ...]) -> None:
    first, second = requests_of(b"{}", request_, {})
    assert tuple(map(dict(first["headers"]).get, (b"content-type", b"content-length"))) == expected
    assert first["body"]["body"] == b"{}"
    assert dict(second["headers"])[b"content-length"] == b"2", "for one request only"


def test_what_an_app_does_to_its_scope_is_gone_with_the_next_request() -> None:
    seen: list[Any] = []

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((len(scope["headers"]), "mark" in scope, scope["path"], len(scope["asgi"]), len(scope["state"])))
        scope.update(mark=1, path="/else")
        scope["headers"].clear()
        scope["asgi"].clear()
        scope["state"]["mark"] = 1
        await answer(send)

    with opened(app) as transport:
        transport.send(b"{}")
        transport.send(b"{}")
    assert seen == [(3, False, "/", 2, 0)] * 2


def test_after_the_body_the_client_is_there_until_the_answer_is_out() -> None:
    heard: list[Message | str] = []

    @http
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append((await receive())["type"])
        listening = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": JSON})
        await asyncio.sleep(0.005)
        heard.append("gone" if listening.done() else "there")
        await send({"type": "http.response.body", "body": b"hello"})
        heard.append((await listening)["type"])
        heard.append((await receive())["type"])

    with opened(app) as transport:
        transport.send(b"{}")
    assert heard == ["http.request", "there", "http.disconnect", "http.disconnect"]
