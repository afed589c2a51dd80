"""What an app finds in its environ, as a server would have put it there."""

from __future__ import annotations

import base64
import io
from typing import Any
from wsgiref.validate import validator

import pytest

from cohortprop.receiver import Receiver
from cohortprop.transport import WsgiTransport
from tests.cover.transport.apps import Environ, StartResponse, hello, reply_of


def environ_of(body: bytes = b"{}", *, instead: dict[str, str] | None = None, **described: Any) -> Environ:
    """The environ of a request to a receiver that is described like this, with headers in place of its own or none."""
    seen: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        start_response("200 OK", [])
        return []

    WsgiTransport(Receiver(app, **described)).send(body, instead)
    return seen[0]


def test_it_is_a_post_of_json() -> None:
    environ = environ_of(b'{"action": "members"}')
    assert environ["REQUEST_METHOD"] == "POST"
    assert environ["CONTENT_TYPE"] == "application/json"
    assert environ["body"] == b'{"action": "members"}'


@pytest.mark.parametrize("body", [b"", b"{}", "zoë".encode(), b"x" * 175_000])
def test_its_length_is_text(body: bytes) -> None:
    environ = environ_of(body)
    assert environ["CONTENT_LENGTH"] == str(len(body))
    assert environ["body"] == body


@pytest.mark.parametrize(
    ("base_url", "path", "expected"),
    [
        ("http://localhost", "/", ("http", "localhost", "80", "localhost", "", "/", "")),
        ("https://testserver", "/hook", ("https", "testserver", "443", "testserver", "", "/hook", "")),
        ("http://127.0.0.1:8000", "/a/b/", ("http", "127.0.0.1", "8000", "127.0.0.1:8000", "", "/a/b/", "")),
        ("https://shop.test:8443/", "/hook", ("https", "shop.test", "8443", "shop.test:8443", "", "/hook", "")),
        ("http://localhost/api", "/hook", ("http", "localhost", "80", "localhost", "/api", "/hook", "")),
        ("http://localhost", "/hook?key=a%20b", ("http", "localhost", "80", "localhost", "", "/hook", "key=a%20b")),
        ("http://localhost", "/h%20k/zo%C3%AB", ("http", "localhost", "80", "localhost", "", "/h k/zoÃ«", "")),
    ],
)  # fmt: skip
def test_where_it_goes(base_url: str, path: str, expected: tuple[str, ...]) -> None:
    environ = environ_of(base_url=base_url, path=path)
    names = ("wsgi.url_scheme", "SERVER_NAME", "SERVER_PORT", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
    assert tuple(environ[name] for name in names) == expected


def test_headers_of_the_users_own() -> None:
    environ = environ_of(
        headers={"X-Secret": "s3cret", "x-shop-id": "7", "Content-Type": "application/json; charset=utf-8"}
    )
    assert (environ["HTTP_X_SECRET"], environ["HTTP_X_SHOP_ID"]) == ("s3cret", "7")
    assert environ["CONTENT_TYPE"] == "application/json; charset=utf-8"
    assert "HTTP_CONTENT_TYPE" not in environ


def test_no_credentials_unless_there_are_some() -> None:
    assert "HTTP_AUTHORIZATION" not in environ_of()


def test_a_length_that_the_user_gives_is_not_believed() -> None:
    environ = environ_of(headers={"Content-Length": "999"})
    assert environ["CONTENT_LENGTH"] == "2"
    assert "HTTP_CONTENT_LENGTH" not in environ


@pytest.mark.parametrize("auth", [("mixpanel", "s3cret"), ("zoë", "pässwörd✓"), ("user", "a:b::c"), ("", "")])
def test_credentials(auth: tuple[str, str]) -> None:
    scheme, _, encoded = environ_of(auth=auth)["HTTP_AUTHORIZATION"].partition(" ")
    assert scheme == "Basic"
    user, _, password = base64.b64decode(encoded).decode("utf-8").partition(":")
    assert (user, password) == auth


def test_a_value_that_is_not_ascii_goes_out_as_utf_8() -> None:
    value = environ_of(headers={"X-Name": "zoë ✓"})["HTTP_X_NAME"]
    assert value.encode("latin-1").decode("utf-8") == "zoë ✓"  # each byte is a Latin-1 character, as WSGI wants it


def test_headers_in_place_of_the_receivers_own() -> None:
    environ = environ_of(headers={"X-Secret": "s3cret"}, instead={"X-Other": "1"}, auth=("mixpanel", "s3cret"))
    assert environ["HTTP_X_OTHER"] == "1"
    assert "HTTP_X_SECRET" not in environ
    assert "HTTP_AUTHORIZATION" not in environ
    assert environ["CONTENT_TYPE"] == "application/json"


def test_no_headers_in_place_of_the_receivers_own() -> None:
    assert "HTTP_AUTHORIZATION" not in environ_of(instead={}, auth=("mixpanel", "s3cret"))


def test_what_an_app_does_to_its_environ_is_gone_with_the_next_request() -> None:
    seen: list[bool] = []

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        seen.append("mark" in environ)
        environ["mark"] = environ["HTTP_X"] = "1"
        del environ["CONTENT_TYPE"]
        return list(hello(environ, start_response))

    transport = WsgiTransport(Receiver(app, headers={"X": "0"}))
    transport.send(b"{}")
    transport.send(b"{}", {})
    transport.send(b"{}")
    assert seen == [False, False, False]


def test_each_request_has_a_body_of_its_own() -> None:
    bodies: list[bytes] = []

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        bodies.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return list(hello(environ, start_response))

    transport = WsgiTransport(Receiver(app))
    for body in (b"first", b"2"):
        transport.send(body)
    assert bodies == [b"first", b"2"]


def test_it_is_what_the_standard_asks_for() -> None:
    """The standard library's own judge of servers has nothing to say."""

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"fine"]

    receiver = Receiver(validator(app), path="/hook?x=1", auth=("zoë", "p"), headers={"X-Name": "zoë"})
    assert reply_of(WsgiTransport(receiver).send(b"{}")).body == b"fine"


def test_the_error_stream_is_a_text_stream() -> None:
    assert isinstance(environ_of()["wsgi.errors"], io.StringIO)


def environ_with(**request: Any) -> Environ:
    """The environ of a request of which the sender says something else than is so."""
    seen: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    transport = WsgiTransport(Receiver(app))
    transport.send(b"{}", **request)
    transport.send(b"{}")
    assert (seen[1]["CONTENT_TYPE"], seen[1]["CONTENT_LENGTH"]) == ("application/json", "2"), "for one request only"
    return seen[0]


def test_another_content_type() -> None:
    assert environ_with(content_type="text/plain")["CONTENT_TYPE"] == "text/plain"
    assert "CONTENT_TYPE" not in environ_with(content_type=None)


def test_another_length() -> None:
    environ = environ_with(content_length=175_000)
    assert environ["CONTENT_LENGTH"] == "175000"
    assert environ["wsgi.input"].read() == b"{}"
    assert environ_with(content_length=0)["CONTENT_LENGTH"] == "0"
    assert "CONTENT_LENGTH" not in environ_with(content_length=None)


def test_another_content_type_keeps_the_length_and_the_other_way_round() -> None:
    assert environ_with(content_type=None)["CONTENT_LENGTH"] == "2"
    assert environ_with(content_length=None)["CONTENT_TYPE"] == "application/json"
