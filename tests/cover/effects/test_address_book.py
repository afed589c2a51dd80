from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from cohortprop.effects.address_book import AddressBook, Pair
from cohortprop.receiver import is_asgi


def delivery(cohort: str, *members: dict[str, Any], action: str = "add_members") -> bytes:
    return json.dumps({"action": action, "parameters": {"mixpanel_cohort_id": cohort, "members": members}}).encode()


def member(user: str, email: str | None = None) -> dict[str, Any]:
    return {"mixpanel_distinct_id": user, "email": email or f"{user}@example.com"}


def call(app: Callable[..., Any], body: bytes, length: str | None = None) -> bytes:
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)) if length is None else length}
    pieces = app(environ, lambda *_: None)
    said = b"".join(pieces)
    getattr(pieces, "close", lambda: None)()
    return said


def test_nobody_is_known_at_first() -> None:
    assert AddressBook().whose([], address="ann@example.com") is None


def test_who_shares_an_address_arrives_in_turn() -> None:
    book = AddressBook()
    book.note(delivery("7", member("ann"), member("bob", "ann@example.com")))
    arrived: list[Pair] = []
    for _ in range(4):
        pair = book.whose(arrived, address="ann@example.com")
        assert pair is not None
        arrived.append(pair)
    assert sorted(arrived) == [("7", "ann"), ("7", "ann"), ("7", "bob"), ("7", "bob")]


def test_the_cohort_narrows_it_down() -> None:
    book = AddressBook()
    book.note(delivery("7", member("ann")))
    book.note(delivery("8", member("ann")))
    assert book.whose([], user="ann", cohort="7") == ("7", "ann")
    assert book.whose([], user="ann", cohort="9") is None


def test_a_delivery_that_is_being_handled_goes_first() -> None:
    book = AddressBook()
    seen = []

    def app(environ: dict[str, Any], start_response: object) -> list[bytes]:
        seen.append(book.whose([("7", "ann")], address="Ann@Example.com"))
        return [environ["wsgi.input"].read()]

    watched = book.watch(app)
    book.note(delivery("8", member("bob", "ann@example.com")))
    body = delivery("7", member("ann"))
    assert call(watched, body) == body
    assert seen == [("7", "ann")]  # though she has arrived, and bob has not
    assert book.whose([("7", "ann")], address="ann@example.com") == ("8", "bob")


def test_a_handled_delivery_is_over_when_the_app_fails() -> None:
    book = AddressBook()

    def app(_environ: object, _start_response: object) -> list[bytes]:
        raise OSError("down")

    watched = book.watch(app)
    with pytest.raises(OSError, match="down"):
        call(watched, delivery("7", member("ann")))
    book.note(delivery("8", member("ann")))
    assert book.whose([], user="ann", cohort=None) in {("7", "ann"), ("8", "ann")}
    assert not book._handled


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b"{}",
        b'{"action": "members", "parameters": []}',
        b'{"action": "members", "parameters": {"mixpanel_cohort_id": "7", "members": 7}}',
        b'{"action": "members", "parameters": {"mixpanel_cohort_id": "7", "members": [7, null, {"email": "a@b.c"}]}}',
    ],
)
def test_what_is_no_delivery_names_nobody_and_reaches_the_app_as_it_is(body: bytes) -> None:
    book = AddressBook()
    assert call(book.watch(lambda environ, _start: [environ["wsgi.input"].read()]), body) == body
    assert book._noted == {}


def test_a_length_that_is_none_is_left_to_the_app() -> None:
    book = AddressBook()
    watched = book.watch(lambda environ, _start: [environ["CONTENT_LENGTH"].encode(), environ["wsgi.input"].read()])
    assert call(watched, b"whatever", length="long") == b"longwhatever"


def test_users_can_be_keyed_on_any_property() -> None:
    book = AddressBook("User ID", "$email")
    book.note(
        delivery("7", {"mixpanel_distinct_id": "x", "User ID": 12, "$email": "ann@example.com"}, {"$email": "b@c.d"})
    )
    assert book.whose([], address="ann@example.com") == ("7", "12")
    assert book.whose([], address="b@c.d") is None


def test_a_reset_forgets_all() -> None:
    book = AddressBook()
    book.note(delivery("7", member("ann")))
    book.reset()
    assert book.whose([], user="ann") is None


def test_an_asgi_app_is_watched_too() -> None:
    """A delivery comes in pieces, and reaches the app as it came."""
    book = AddressBook()
    body = delivery("7", member("ann"))
    pieces = [
        {"type": "http.request", "body": body[:20], "more_body": True},
        {"type": "http.request", "body": body[20:]},
        {"type": "http.disconnect"},
    ]
    got, seen = [], []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        got.extend([await receive() for _ in range(3)])
        seen.append(book.whose([("7", "ann")], address="Ann@Example.com"))
        await send({"type": "http.response.start", "status": 200})
        raise OSError("down")

    async def main() -> None:
        left, sent = iter(pieces), []

        async def receive() -> Any:
            return next(left)

        async def send(message: Any) -> None:
            sent.append(message)

        book.note(delivery("8", member("bob", "ann@example.com")))
        with pytest.raises(OSError, match="down"):
            await book.watch(app)({"type": "http"}, receive, send)
        assert [each["type"] for each in sent] == ["http.response.start"]

    asyncio.run(main())
    assert got == pieces
    assert seen == [("7", "ann")]
    assert not book._handled


def test_the_life_of_a_watched_asgi_app_is_its_own() -> None:
    lived = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        lived.append((scope["type"], await receive()))

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    watched = AddressBook().watch(app)
    assert is_asgi(watched)
    asyncio.run(watched({"type": "lifespan"}, receive, None))
    assert lived == [("lifespan", {"type": "lifespan.startup"})]
