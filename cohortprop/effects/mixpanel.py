"""A fake of Mixpanel's own event ingestion: the events that the app tracks arrive here, and count.

"The webhook server should send back events to Mixpanel to track actions like Message sent." Each such event is an
arrival. Requests are read, checked and answered as Mixpanel's reference of `/track` and `/import` has it; what is wrong
with an event is told by `mixpanel_events`. What the reference leaves open is taken kindly.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import parse_qs

from cohortprop.effects.address_book import AddressBook, Pair
from cohortprop.effects.calls import Answer, Call, HttpSink
from cohortprop.effects.mixpanel_events import MOST_BYTES, MOST_EVENTS, Event, problem_with
from cohortprop.errors import UsageError, in_one_line

__all__ = ["MixpanelSink"]

_FAILED: Final = "some data points in the request failed validation"
_NDJSON: Final = "application/x-ndjson"
_FORM: Final = "application/x-www-form-urlencoded"


class MixpanelSink:
    """Takes events at ``/track`` and ``/import`` on a free port of this machine; each is an arrival.

    Duplicates are told as Mixpanel tells them in its reports: events whose name, time, distinct id and ``$insert_id``
    are all the same are one, and the latest of them counts. Without ``$insert_id`` an event is never a duplicate.

    Args:
        event: name of the event that is an arrival; None for all.
        cohort: the property that has the cohort's id, or a function from the event's properties to it. For an app that
            is wrapped in `watch`, events may do without.
        user: the property that has the user.
        auth: user name and password of the service account on which ``/import`` insists; None takes whoever shows any.
        id_property: the property on which the app keys its users, as in `Receiver`.

    Example:
        >>> import json, urllib.request
        >>> with MixpanelSink() as sink:
        ...     sent = {"event": "Message sent", "properties": {"distinct_id": "ann", "cohort_id": "7", "token": "t"}}
        ...     answer = urllib.request.urlopen(f"{sink.url}/track", data=json.dumps([sent]).encode()).read()
        ...     print(answer, sink.arrivals())
        b'1' [('7', 'ann')]
    """

    def __init__(
        self,
        *,
        event: str | None = "Message sent",
        cohort: str | Callable[[Mapping[str, Any]], object] = "cohort_id",
        user: str = "distinct_id",
        auth: tuple[str, str] | None = None,
        id_property: str = "mixpanel_distinct_id",
    ) -> None:
        self._event = event
        self._cohort = cohort
        self._user = user
        self._auth = auth
        self._book = AddressBook(id_property)
        self._guard = threading.Lock()
        self._surfaced: dict[object, tuple[Event, Pair | None]] = {}
        self._fault = ""
        self._http = HttpSink()
        self._http.answer(self._answer)

    # Where it is

    @property
    def url(self) -> str:
        """What the app is given in place of ``https://api.mixpanel.com``."""
        return self._http.url

    @property
    def host(self) -> str:
        """Host and port, for libraries that put the scheme before it themselves."""
        return f"{self._http.host}:{self._http.port}"

    def start(self) -> Self:
        """Open it until `close`, or the end of the process; where a ``with`` will not do."""
        self._http.start()
        return self

    def close(self) -> None:
        """Close it; its threads and sockets are gone afterwards."""
        self._http.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # For the Receiver

    def watch(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """The same WSGI or ASGI app, with its deliveries read on their way: they tell for which cohort an event is."""
        return self._book.watch(app)

    def arrivals(self) -> list[Pair]:
        """Cohort id and user for each event that counts, since the last reset, for ``Receiver(arrivals=...)``.

        Raises:
            UsageError: the function `cohort` has failed.
        """
        with self._guard:
            if self._fault:
                raise UsageError(self._fault)
            return [pair for _event, pair in self._surfaced.values() if pair is not None]

    def drain(self) -> None:
        """Wait until all that was sent has been taken down, for ``Receiver(drain=...)``."""
        self._http.drain()

    @contextlib.contextmanager
    def failing(self, status: int = 503) -> Iterator[None]:
        """Mixpanel takes nothing meanwhile, for ``Receiver(dependency=...)``; 429 is its word for too much."""
        with self._http.failing(status, {"code": status, "error": "refused, as was asked for", "status": "error"}):
            yield

    def reset(self) -> None:
        """Forget all events, as at the start of a trial; what is still on its way is waited for first."""
        self._http.reset()
        self._book.reset()
        with self._guard:
            self._surfaced.clear()
            self._fault = ""

    # For a look

    @property
    def events(self) -> list[Event]:
        """All events since the last reset, duplicates left out."""
        with self._guard:
            return [event for event, _pair in self._surfaced.values()]

    @property
    def unmatched(self) -> list[Event]:
        """Those that are no arrival: of another name, or without a user or a cohort."""
        with self._guard:
            return [event for event, pair in self._surfaced.values() if pair is None]

    @property
    def calls(self) -> list[Call]:
        """All requests since the last reset, refused ones too."""
        return self._http.calls

    # What it answers

    def _answer(self, call: Call) -> Answer:
        endpoint = call.path.strip("/")
        if endpoint == "track":
            return self._track(call)
        if endpoint == "import" and call.method == "POST":
            return self._import(call)
        return _import_error(404, "Not Found", f"there is no {call.method} {call.path} here")

    def _track(self, call: Call) -> Answer:
        """("1: one or more objects provided are valid. 0: no data objects in the body are valid.")"""
        form: dict[str, list[str]] = {}
        if call.headers.get("content-type", "").partition(";")[0] == _FORM or call.body.startswith(b"data="):
            form = parse_qs(call.body.decode("utf-8", "replace"))
        data = form.get("data", [call.query.get("data", "")])[0]
        verbose = "1" in (form.get("verbose", [""])[0], call.query.get("verbose"))
        records = _records(data.encode() if data else call.body, may_be_base64=bool(data))
        fine = [record for record in records or [] if problem_with(record, 0.0, strictly=False) is None][:MOST_EVENTS]
        self._ingest(fine, "track")
        if not verbose:
            return Answer(200, "1" if fine else "0")
        return Answer(200, {"status": 1} if fine else {"status": 0, "error": _FAILED})

    def _import(self, call: Call) -> Answer:
        if not self._is_authorised(call):
            return _import_error(401, "Unauthorized", "Invalid credentials")
        body = _unpacked(call)
        if body is None:
            return _import_error(400, "Bad Request", "the body is not compressed by gzip")
        if len(body) > MOST_BYTES:
            return _import_error(413, "Request Entity Too Large", f"request exceeds max limit of {MOST_BYTES} bytes")
        records = _records(body, by_line=call.headers.get("content-type", "").startswith(_NDJSON))
        if records is None:
            return _import_error(400, "Bad Request", "the body is neither a JSON array nor one object a line")
        if len(records) > MOST_EVENTS:
            error = f"request exceeds max limit of {MOST_EVENTS} events"
            return _import_error(413, "Request Entity Too Large", error)
        strictly = call.query.get("strict", "1") != "0"
        # An app in another process has real time, one in this process what the clock shows it.
        now = max(time.time(), time.clock_gettime(time.CLOCK_REALTIME))
        failed, fine = [], []
        for index, record in enumerate(records):
            problem = problem_with(record, now, strictly=strictly)
            if problem is None:
                fine.append(record)
            else:
                failed.append(
                    {"index": index, "insert_id": _insert_id(record), "field": problem[0], "message": problem[1]}
                )
        self._ingest(fine, "import")
        told: dict[str, object] = {"code": 200, "num_records_imported": len(fine), "status": "OK"}
        if failed and strictly:
            told = {**told, "code": 400, "status": "Bad Request", "error": _FAILED, "failed_records": failed}
        return Answer(int(str(told["code"])), told)

    def _is_authorised(self, call: Call) -> bool:
        """A service account with its project, or a token without a password."""
        scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
        try:
            user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return False
        if scheme.lower() != "basic" or not colon or not user:
            return False
        if password and "project_id" not in call.query:
            return False
        return self._auth is None or (user, password) == self._auth

    def _ingest(self, records: list[Any], endpoint: str) -> None:
        with self._guard:
            for record in records:
                event = Event(record["event"], record["properties"], endpoint)
                key = event.key
                _earlier, pair = self._surfaced.pop(key, (None, None))
                self._surfaced[key] = event, pair or self._pair(event)

    def _pair(self, event: Event) -> Pair | None:
        """For whom an event is."""
        if self._event is not None and event.name != self._event:
            return None
        user, cohort = event.properties.get(self._user), None
        try:
            cohort = self._cohort(event.properties) if callable(self._cohort) else event.properties.get(self._cohort)
        except Exception as fault:  # noqa: BLE001 - whatever a function of the user's raises
            self._fault = self._fault or f"MixpanelSink(cohort=...) failed: {in_one_line(fault)}"
        if user is None:
            return None
        if cohort is None and self._book.watching:
            arrived = [pair for _event, pair in self._surfaced.values() if pair is not None]
            return self._book.whose(arrived, user=str(user))
        return None if cohort is None else (str(cohort), str(user))


def _import_error(code: int, status: str, error: str) -> Answer:
    return Answer(code, {"code": code, "error": error, "status": status})


def _insert_id(record: Any) -> str:
    properties = record.get("properties") if isinstance(record, Mapping) else None
    return str(properties.get("$insert_id", "")) if isinstance(properties, Mapping) else ""


def _unpacked(call: Call) -> bytes | None:
    if call.headers.get("content-encoding", "") != "gzip":
        return call.body
    try:
        return gzip.decompress(call.body)
    except (EOFError, OSError, zlib.error):
        return None


def _records(body: bytes, *, by_line: bool = False, may_be_base64: bool = False) -> list[Any] | None:
    """The events in a body: an array, one object, or one object a line; None if it is none of these."""
    if may_be_base64 and not body.lstrip().startswith((b"[", b"{")):
        with contextlib.suppress(ValueError):
            body = base64.b64decode(body, validate=True)
    try:
        if by_line:
            return [json.loads(line) for line in body.splitlines() if line.strip()]
        found = json.loads(body)
    except (RecursionError, ValueError):
        return None
    return found if isinstance(found, list) else [found]
