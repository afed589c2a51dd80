"""A web server of our own: what the app calls over HTTP arrives here, and counts.

The app is told the base URL of its mail, push or chat service, and nothing else changes. Rules tell which calls are
arrivals, and for whom; whatever is refused, as was asked for, has had no effect and is none.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from werkzeug.wrappers import Request, Response

from cohortprop.effects.address_book import AddressBook, Pair
from cohortprop.effects.ledger import Ledger
from cohortprop.effects.serving import HOST, LocalServer
from cohortprop.errors import UsageError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Answer", "Call", "CallRule", "HttpSink", "at_pointer", "in_body", "in_path", "in_query"]

_PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request that the app made.

    Args:
        method: in capitals.
        path: without the query, decoded.
        query: first value of each argument.
        headers: names in small letters.
        body: as it came.
        groups: named groups of the pattern that the path has matched.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (RecursionError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Args:
        status: HTTP status.
        body: text, bytes, or data to be sent as JSON.
        headers: beyond the content type.
    """

    status: int = 200
    body: object = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Reading: TypeAlias = Callable[[Call], object]
"""Reads a cohort id, a user or an address off a call; None if it does not say."""


def at_pointer(pointer: str) -> Reading:
    """Reads what is at a JSON pointer into the body.

    Example:
        >>> at_pointer("/to/0/email")(Call("POST", "/", {}, {}, b'{"to": [{"email": "ann@example.com"}]}'))
        'ann@example.com'
    """
    if pointer and not pointer.startswith("/"):
        raise UsageError(f"at_pointer({pointer!r}): a JSON pointer starts with '/', as in '/to/0/email'")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]

    def read(call: Call) -> object:
        found = call.json
        for part in parts:
            if isinstance(found, Mapping):
                found = found.get(part)
            elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                found = found[int(part)]
            else:
                return None
        return found

    return read


def in_path(name: str) -> Reading:
    """Reads a named group of the rule's path, ``(?P<name>...)``."""
    return lambda call: call.groups.get(name)


def in_query(name: str) -> Reading:
    """Reads an argument of the query."""
    return lambda call: call.query.get(name)


def in_body(pattern: str) -> Reading:
    """Reads what the first group of a pattern finds in the body, read as UTF-8."""

    def read(call: Call) -> object:
        match = re.search(pattern, call.body.decode("utf-8", "replace"))
        return None if match is None else match[1] if match.re.groups else match[0]

    return read


@dataclass(frozen=True, slots=True)
class CallRule:
    """Which calls are arrivals, and for whom.

    Give `cohort` and `user`. For an app that is wrapped in `HttpSink.watch`, one of `user` and `address` is enough.

    Args:
        method: in capitals; empty for any.
        path: a regular expression for the whole path; its named groups are read by `in_path`.
        cohort: reads the cohort's id: `at_pointer`, `in_path`, `in_query`, `in_body`, or a function from `Call`.
        user: reads the user.
        address: reads the address, where there is no user.
    """

    method: str = ""
    path: str = ".*"
    cohort: Reading | None = None
    user: Reading | None = None
    address: Reading | None = None

    def __post_init__(self) -> None:
        if (self.user is None) == (self.address is None):
            raise UsageError("CallRule(...): give user=..., or address=... for an app that the sink watches")

    def fits(self, call: Call) -> Call | None:
        """The call with the groups of its path, if it is one of those."""
        match = re.fullmatch(self.path, call.path)
        if match is None or self.method not in ("", call.method):
            return None
        groups = {name: text for name, text in match.groupdict().items() if text is not None}
        return Call(call.method, call.path, call.query, call.headers, call.body, groups)

    def pair(self, call: Call, arrived: list[Pair], book: AddressBook) -> Pair | None:
        """For whom it is."""
        cohort = None if self.cohort is None else _text(self.cohort(call))
        if self.cohort is not None and cohort is None:
            return None
        user = None if self.user is None else _text(self.user(call))
        address = None if self.address is None else _text(self.address(call))
        if user is None and address is None:
            return None
        if user is not None and cohort is not None:
            return cohort, user
        if not book.watching:
            raise UsageError("it cannot tell whose a call is: give cohort=... and user=..., or wrap the app in watch()")
        return book.whose(arrived, address=address, user=user, cohort=cohort)


def _text(value: object) -> str | None:
    """An id as text; None for what is none."""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


Rule: TypeAlias = CallRule | Callable[[Call], Pair | None]


class HttpSink:
    """A web server on a free port of this machine that keeps the calls of an app, and counts those that are arrivals.

    Args:
        *rules: each a `CallRule`, or a function from `Call` to a pair of cohort id and user, or None. The first one
            that tells a pair decides.
        id_property: the property on which the app keys its users, as in `Receiver`.
        address_property: the property that holds the address.

    Example:
        >>> import urllib.request
        >>> rule = CallRule("POST", "/lists/(?P<cohort>[0-9]+)", cohort=in_path("cohort"), user=at_pointer("/id"))
        >>> with HttpSink(rule) as sink:
        ...     urllib.request.urlopen(f"{sink.url}/lists/7", data=b'{"id": "ann"}').status
        ...     sink.arrivals()
        200
        [('7', 'ann')]
    """

    def __init__(
        self, *rules: Rule, id_property: str = "mixpanel_distinct_id", address_property: str = "email"
    ) -> None:
        for rule in rules:
            if not isinstance(rule, CallRule) and not callable(rule):
                raise UsageError(
                    f"HttpSink({rule!r}): a rule is a CallRule, or a function from a Call to a pair or None"
                )
        self._rules = rules
        self._book = AddressBook(id_property, address_property)
        self._ledger: Ledger[Call] = Ledger("HttpSink", self._pair)
        self._guard = threading.Lock()
        self._answer: Answer | Callable[[Call], Answer] = Answer()
        self._next: list[Answer] = []
        self._failing: list[Answer] = []
        self._server: LocalServer | None = None

    # Where it is

    @property
    def host(self) -> str:
        """The host to call."""
        return HOST

    @property
    def port(self) -> int:
        """The port to call."""
        return self._open().port

    @property
    def url(self) -> str:
        """What all calls begin with, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Open it until `close`, or the end of the process; where a ``with`` will not do."""
        if self._server is None:
            self._server = LocalServer(self._serve, "cohortprop-http")
        return self

    def close(self) -> None:
        """Close it; its threads and sockets are gone afterwards."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # For the Receiver

    def watch(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """The same WSGI or ASGI app, with its deliveries read on their way: they tell whose address is whose."""
        return self._book.watch(app)

    def arrivals(self) -> list[Pair]:
        """Cohort id and user for each call that is an arrival, since the last reset, for ``Receiver(arrivals=...)``.

        Raises:
            UsageError: a rule has failed on a call.
        """
        return self._ledger.arrivals()

    def drain(self) -> None:
        """Wait until all that was sent has been taken down, for ``Receiver(drain=...)``."""
        self._open().drain(_PATIENCE)

    @contextlib.contextmanager
    def failing(self, status: int = 503, body: object = "") -> Iterator[None]:
        """Each call is refused meanwhile, and has no effect, for ``Receiver(dependency=...)``."""
        answer = Answer(status, body)
        self._failing.append(answer)
        try:
            yield
        finally:
            self._failing.remove(answer)

    def reset(self) -> None:
        """Forget all calls and what was to be answered next; what is still on its way is waited for first."""
        self.drain()
        self._ledger.reset()
        self._book.reset()
        with self._guard:
            self._next.clear()

    # What it answers

    def answer(self, answer: Answer | Callable[[Call], Answer]) -> None:
        """Answer so from now on.

        Args:
            answer: the same for all, or a function that is shown the call.
        """
        self._answer = answer

    def answer_next(self, *answers: Answer) -> None:
        """Answer the next calls so, one by one; then as before."""
        with self._guard:
            self._next.extend(answers)

    # For a look

    @property
    def calls(self) -> list[Call]:
        """All calls since the last reset, refused ones too."""
        return self._ledger.taken()

    @property
    def unmatched(self) -> list[Call]:
        """Those that are no arrival: no rule told a pair, or they were refused."""
        return self._ledger.unmatched()

    def _open(self) -> LocalServer:
        if self._server is None:
            raise UsageError("HttpSink is not open: use it in a with statement, or call start()")
        return self._server

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        call = Call(
            request.method,
            request.path,
            request.args.to_dict(),
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
        )
        try:
            answer = self._answer_to(call)
        except Exception as fault:  # noqa: BLE001 - whatever a function of the user's raises
            self._ledger.blame(fault)
            answer = Answer()
        self._ledger.add(call, counts=answer.status < 400)
        return as_response(answer)(environ, start_response)

    def _answer_to(self, call: Call) -> Answer:
        with self._guard:
            if self._failing:
                return self._failing[-1]
            if self._next:
                return self._next.pop(0)
        return self._answer(call) if callable(self._answer) else self._answer

    def _pair(self, call: Call, arrived: list[Pair]) -> Pair | None:
        for rule in self._rules:
            if isinstance(rule, CallRule):
                fitting = rule.fits(call)
                pair = None if fitting is None else rule.pair(fitting, arrived, self._book)
            else:
                pair = rule(call)
            if pair is not None:
                return pair
        return None


def as_response(answer: Answer) -> Response:
    """An answer as werkzeug sends it."""
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, dict(answer.headers), content_type="application/octet-stream")
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, dict(answer.headers), content_type="text/plain; charset=utf-8")
    return Response(json.dumps(answer.body), answer.status, dict(answer.headers), content_type="application/json")
