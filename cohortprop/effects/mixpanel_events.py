"""What Mixpanel asks of an event, as its reference of `/import` and `/track` says it.

Each rule below is a line of that reference. It is told as there: a field, and what is the matter with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MOST_BYTES", "MOST_EVENTS", "Event", "problem_with"]

MOST_EVENTS: Final = 2000
"""Of one request."""
MOST_BYTES: Final = 2 * 1024 * 1024
"""Of one request, uncompressed."""

_MOST_PROPERTIES: Final = 255
_MOST_BYTES_OF_AN_EVENT: Final = 1024 * 1024
_DEEPEST: Final = 3
_FIRST_TIME: Final = 365 * 86400
"""1971-01-01, in seconds since the epoch."""
_AHEAD: Final = 3600
_MILLISECONDS: Final = 100_000_000_000
"""Times from here on are in milliseconds; as seconds it would be the year 5138."""

_NO_IDS: Final = frozenset(
    [
        "00000000-0000-0000-0000-000000000000",
        "anon",
        "anonymous",
        "nil",
        "none",
        "null",
        "n/a",
        "na",
        "undefined",
        "unknown",
        "<nil>",
        "0",
        "-1",
        "true",
        "false",
        "[]",
        "{}",
    ]
)
"""What comes out of mistakes, and is refused as a distinct id and as an insert id."""
_INSERT_ID: Final = re.compile(r"[A-Za-z0-9-]{1,36}")


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as it came.

    Args:
        name: of the event.
        properties: all of them.
        endpoint: `track` or `import`.
    """

    name: str
    properties: Mapping[str, Any]
    endpoint: str

    @property
    def key(self) -> object:
        """What makes two events one: name, time, distinct id and insert id; no two are alike without an insert id."""
        insert_id = self.properties.get("$insert_id")
        if insert_id is None:
            return object()
        return self.name, repr(self.properties.get("time")), repr(self.properties.get("distinct_id")), repr(insert_id)


def problem_with(record: Any, now: float, *, strictly: bool) -> tuple[str, str] | None:
    """The first thing that is wrong with an event: the field, and what is the matter; None if it is fine.

    Args:
        record: as it was sent.
        now: seconds since the epoch, for events from the future.
        strictly: as `/import` asks for it; `/track` needs no more than a name and properties.

    Example:
        >>> problem_with({"event": "Message sent", "properties": {}}, 0.0, strictly=True)
        ('properties.time', "'properties.time' is invalid: must be specified as seconds since epoch")
    """
    if not isinstance(record, Mapping):
        return "event", "an event must be an object"
    if not isinstance(record.get("event"), str) or not record["event"]:
        return "event", "'event' is invalid: must be a non-empty string"
    if not isinstance(record.get("properties"), Mapping):
        return "properties", "'properties' is invalid: must be an object"
    if not strictly:
        return None
    return next(_problems(record["properties"], now), None) or _too_big(record)


def _problems(properties: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    moment = properties.get("time")
    if isinstance(moment, bool) or not isinstance(moment, (int, float)):
        yield _of("time", "must be specified as seconds since epoch")
    elif not _FIRST_TIME <= (moment / 1000 if moment >= _MILLISECONDS else moment) <= now + _AHEAD:
        yield _of("time", "must be after 1971-01-01, and no more than 1 hour in the future")
    distinct_id = properties.get("distinct_id")
    if not isinstance(distinct_id, str):
        yield _of("distinct_id", "must be specified as a string")
    elif distinct_id.lower() in _NO_IDS:
        yield _of("distinct_id", f"{distinct_id!r} is not allowed")
    insert_id = properties.get("$insert_id")
    if not isinstance(insert_id, str) or not _INSERT_ID.fullmatch(insert_id):
        yield _of("$insert_id", "must be at most 36 letters, digits and hyphens")
    elif insert_id.lower() in _NO_IDS:
        yield _of("$insert_id", f"{insert_id!r} is not allowed")


def _too_big(record: Mapping[str, Any]) -> tuple[str, str] | None:
    properties = record["properties"]
    if len(properties) >= _MOST_PROPERTIES:
        return "properties", f"'properties' is invalid: must be fewer than {_MOST_PROPERTIES}"
    if len(repr(record)) > _MOST_BYTES_OF_AN_EVENT:
        return "event", "an event must be smaller than 1MB"
    for name, value in properties.items():
        if _outgrows(value, 0):
            return _of(name, f"must have fewer than {_MOST_PROPERTIES} elements, and no more than {_DEEPEST} levels")
    return None


def _outgrows(value: Any, depth: int) -> bool:
    if not isinstance(value, (Mapping, list)):
        return False
    inside = list(value.values()) if isinstance(value, Mapping) else value
    if depth >= _DEEPEST or len(inside) >= _MOST_PROPERTIES:
        return True
    return any(_outgrows(each, depth + 1) for each in inside)


def _of(name: str, what: str) -> tuple[str, str]:
    return f"properties.{name}", f"'properties.{name}' is invalid: {what}"
