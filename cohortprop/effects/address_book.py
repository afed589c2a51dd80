"""Whose address is whose, read off the deliveries themselves.

A mail names an address, an arrival a cohort and a user. Addresses change, and two users may share one, so what is known
before a scenario begins does not tell them apart. What the app was just told does: a mail that goes out while a
delivery is handled is for a member of that delivery. Only where several come into question is there a choice, and then
it falls on the one who has arrived the least, so that nobody is blamed for what the address cannot tell.
"""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from werkzeug.wsgi import ClosingIterator

from cohortprop.receiver import is_asgi

__all__ = ["AddressBook", "Pair"]

Pair: TypeAlias = tuple[str, str]
"""Cohort id and user."""

_Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
_Name: TypeAlias = tuple[str, str | None]
"""What somebody goes by: ("user", id) or ("address", address)."""


class AddressBook:
    """Reads the deliveries to an app on their way, and tells for whom a mail is.

    Args:
        id_property: the property on which the app keys its users, as in `Receiver`.
        address_property: the property that holds the address.

    Example:
        >>> book = AddressBook()
        >>> book.note(b'{"action": "add_members", "parameters": {"mixpanel_cohort_id": "7", "members":'
        ...           b' [{"mixpanel_distinct_id": "ann", "email": "a@new.example.com"}]}}')
        >>> book.whose([], address="A@new.example.com"), book.whose([], user="ann"), book.whose([], user="bob")
        (('7', 'ann'), ('7', 'ann'), None)
    """

    def __init__(self, id_property: str = "mixpanel_distinct_id", address_property: str = "email") -> None:
        self._id = id_property
        self._address = address_property
        self._lock = threading.Lock()
        self._noted: dict[_Name, dict[Pair, None]] = {}
        self._handled: dict[object, list[tuple[_Name, Pair]]] = {}
        self.watching = False
        """Whether an app is watched at all."""

    def watch(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """The same WSGI or ASGI app, its deliveries read on their way."""
        self.watching = True
        return self._asgi(app) if is_asgi(app) else self._wsgi(app)

    def _wsgi(self, app: Callable[..., Any]) -> Callable[..., Any]:
        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> ClosingIterator:
            length = str(environ.get("CONTENT_LENGTH", ""))
            body = b""
            if length.isdecimal():  # else it is not ours to say how much there is to read
                body = environ["wsgi.input"].read(int(length))
                environ["wsgi.input"] = io.BytesIO(body)
            done = self._begin(body)
            try:
                return ClosingIterator(app(environ, start_response), done)
            except BaseException:
                done()
                raise

        return watched

    def _asgi(self, app: Callable[..., Any]) -> Callable[..., Any]:
        async def watched(scope: Mapping[str, Any], receive: _Receive, send: Callable[..., Any]) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            come = [await receive()]
            while come[-1].get("more_body"):
                come.append(await receive())
            done = self._begin(b"".join(message.get("body", b"") for message in come))

            async def receive_again() -> Mapping[str, Any]:
                return come.pop(0) if come else await receive()

            try:
                await app(scope, receive_again, send)
            finally:
                done()

        return watched

    def _begin(self, body: bytes) -> Callable[[], None]:
        """A delivery is being handled, until what is returned is called."""
        key = object()
        with self._lock:
            self._handled[key] = self._note(body)

        def done() -> None:
            with self._lock:
                self._handled.pop(key, None)

        return done

    def note(self, body: bytes) -> None:
        """Note who is named in a delivery; the latest delivery comes first to mind."""
        with self._lock:
            self._note(body)

    def whose(
        self, arrived: Iterable[Pair], *, address: str | None = None, user: str | None = None, cohort: str | None = None
    ) -> Pair | None:
        """Whose arrival it is that something was sent to this address, or to this user.

        Args:
            arrived: the arrivals so far.
            address: upper and lower case are the same.
            user: in place of an address.
            cohort: its id, where that is known.

        Returns:
            Cohort id and user; None if no delivery has named them.
        """
        name: _Name = ("user", user) if address is None else ("address", address.casefold())
        with self._lock:
            now = [pair for told in self._handled.values() for each, pair in told if each == name]
            known = [*reversed(self._noted.get(name, {}))]
        for pairs in (now, known):
            fitting = [pair for pair in pairs if cohort in (None, pair[0])]
            if fitting:
                counts = Counter(arrived) if len(fitting) > 1 else Counter[Pair]()
                return min(fitting, key=lambda pair: counts[pair])
        return None

    def reset(self) -> None:
        """Forget all deliveries, as at the start of a trial."""
        with self._lock:
            self._noted.clear()

    def _note(self, body: bytes) -> list[tuple[_Name, Pair]]:
        told = list(self._read(body))
        for name, pair in told:
            pairs = self._noted.setdefault(name, {})
            pairs.pop(pair, None)
            pairs[pair] = None
        return told

    def _read(self, body: bytes) -> Iterator[tuple[_Name, Pair]]:
        """Whom a delivery names, by address and as user; nobody where the body is not as documented."""
        try:
            parameters = json.loads(body)["parameters"]
            cohort, members = str(parameters["mixpanel_cohort_id"]), list(parameters["members"])
        except (RecursionError, TypeError, KeyError, ValueError):
            return
        for member in members:
            if not isinstance(member, Mapping) or member.get(self._id) is None:
                continue
            pair = cohort, str(member[self._id])
            yield ("user", pair[1]), pair
            if isinstance(member.get(self._address), str):
                yield ("address", member[self._address].casefold()), pair
