"""Ids of its own for each trial, so that a server that nobody empties starts each one with cohorts that it never saw.

A scenario says "cohort 1001" in every trial, and so do its history and the story. On the wire it is another number each
time: the ids of cohort and project are replaced, in the bytes that go out, by numbers from a row that goes on and on;
the session's id begins with the trial's number, and the cohort's name ends in it, for it is a receiver's bug to tell
cohorts by their names, but then it is one within a trial. What the probes are asked, and what they say, is translated
back. Users keep their ids, odd as some of them are, unless whoever was acted upon once is never acted upon again: then
the property on which they are keyed begins with the trial's number.

The numbers begin at a random one, since the next run meets the same server. They fit into 31 bits.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from typing import Any, Final

__all__ = ["FreshIds"]

_NUMBERS: Final = itertools.count(random.SystemRandom().randrange(10**8, 2 * 10**9))
_TEXT: Final = rb'((?:[^"\\]|\\.)*)"'


def _finder(name: str) -> re.Pattern[bytes]:
    """Finds the first value of a key; a garbled body may have none, and then nothing is replaced."""
    return re.compile(b'"' + re.escape(name).encode() + b'":"' + _TEXT)


_COHORT: Final = _finder("mixpanel_cohort_id")
_PROJECT: Final = _finder("mixpanel_project_id")
_SESSION: Final = re.compile(rb'"mixpanel_session_id":"([0-9a-f]{8})(?=-)')
_NAME: Final = _finder("mixpanel_cohort_name")


class FreshIds:
    """The ids of one trial, as they are in its scenario and as they are on the wire.

    Args:
        id_property: the property on which the receiver keys its users, if their ids are to be fresh, too; else empty.

    Example:
        >>> ids = FreshIds()
        >>> body = ids.body(b'{"mixpanel_cohort_id":"1001"}')
        >>> ids.cohort_from(body[23:-2].decode())
        '1001'
        >>> ids.cohort_from("1001") is None
        True
    """

    def __init__(self, id_property: str = "") -> None:
        self.number = next(_NUMBERS)
        self._prefix = f"t{self.number}-" if id_property else ""
        self._key = b'"' + id_property.encode() + b'":"'
        self._fresh: dict[tuple[str, str], str] = {}
        self._cohorts: dict[str, str] = {}

    def body(self, body: bytes) -> bytes:
        """The bytes of a request with the ids of the wire."""
        body = _replaced(_COHORT, body, lambda text: self.cohort(text.decode("utf-8", "replace")).encode())
        body = _replaced(_PROJECT, body, lambda text: self._of("project", text.decode("utf-8", "replace")).encode())
        body = _replaced(_SESSION, body, lambda _: f"{self.number:08x}".encode())
        body = _replaced(_NAME, body, lambda text: text + f" {self.number}".encode() if text else text)
        return body.replace(self._key, self._key + self._prefix.encode()) if self._prefix else body

    def cohort(self, cohort: str) -> str:
        """The id on the wire of a cohort of the scenario."""
        fresh = self._of("cohort", cohort)
        self._cohorts[fresh] = cohort
        return fresh

    def cohort_from(self, fresh: str) -> str | None:
        """The cohort of the scenario; None if it is none of this trial's."""
        return self._cohorts.get(fresh)

    def user_from(self, user: Any) -> Any:
        """The user's id in the scenario."""
        return user.removeprefix(self._prefix) if isinstance(user, str) else user

    def _of(self, kind: str, known: str) -> str:
        fresh = self._fresh.get((kind, known))
        if fresh is None:
            fresh = self._fresh[kind, known] = str(next(_NUMBERS))
        return fresh


def _replaced(finder: re.Pattern[bytes], body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A body with the first value changed that is found."""
    found = finder.search(body)
    if found is None:
        return body
    return body[: found.start(1)] + change(found[1]) + body[found.end(1) :]
