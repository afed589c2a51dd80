"""Where deliveries go, what goes with them, and how a receiver is shown."""

from __future__ import annotations

import base64

import pytest

from cohortprop.receiver import Receiver


def app(environ: object, start_response: object) -> list[bytes]:
    return []


class Shop:
    def __call__(self, environ: object, start_response: object) -> list[bytes]:
        return []


@pytest.mark.parametrize(
    ("base_url", "path", "url"),
    [
        ("http://localhost", "/", "http://localhost/"),
        ("http://localhost/", "/hook", "http://localhost/hook"),
        ("https://testserver:8443", "/a/b?c=d", "https://testserver:8443/a/b?c=d"),
        ("http://localhost/api/", "/hook/", "http://localhost/api/hook/"),
    ],
)
def test_the_url(base_url: str, path: str, url: str) -> None:
    assert Receiver(app, base_url=base_url, path=path).url == url


def test_without_credentials_only_the_users_own_headers_are_sent() -> None:
    assert Receiver(app).sent_headers == {}
    assert Receiver(app, headers={"X-Secret": "s3cret"}).sent_headers == {"X-Secret": "s3cret"}


@pytest.mark.parametrize("auth", [("user", "password"), ("user", "a:b"), ("zoë", "pässwörd"), ("", "")])
def test_credentials_are_sent_too(auth: tuple[str, str]) -> None:
    sent = Receiver(app, auth=auth, headers={"X-Secret": "s3cret"}).sent_headers
    assert sent["X-Secret"] == "s3cret"
    scheme, encoded = sent["Authorization"].split(" ")
    assert scheme == "Basic"
    assert base64.b64decode(encoded, validate=True).decode("utf-8") == f"{auth[0]}:{auth[1]}"


def test_the_description_itself_stays_as_it_was() -> None:
    headers = {"X-Secret": "s3cret"}
    receiver = Receiver(app, auth=("user", "password"), headers=headers)
    receiver.sent_headers["More"] = "less"
    assert headers == {"X-Secret": "s3cret"}
    assert "More" not in receiver.sent_headers


def test_how_it_is_shown() -> None:
    assert repr(Receiver(app, path="/hook")) == "Receiver(app, path='/hook')"
    assert repr(Receiver(Shop())) == "Receiver(Shop, path='/')"
    assert "password" not in repr(Receiver(app, auth=("user", "password")))
