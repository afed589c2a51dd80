"""A probe that is a request: `GET /cohorts/{cohort_id}/members#/ids`, asked of the receiver's own address.

After the `#` stands a JSON pointer (RFC 6901) to what is wanted in the answer; without one it is the whole answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from cohortprop.errors import UsageError

__all__ = ["HttpProbe", "looks_like_request"]

_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
_EXAMPLES: Final = {
    "members": "GET /cohorts/{cohort_id}/members#/ids",
    "arrivals": "GET /arrivals#/sent",
}
_OTHERWISE: Final = "POST /test/reset"
_COHORT: Final = "{cohort_id}"
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


def looks_like_request(text: str) -> bool:
    """Whether a text is meant to be a request, rather than ``module:function``.

    Example:
        >>> looks_like_request("GET /arrivals"), looks_like_request("shop:members_of")
        (True, False)
    """
    return " " in text.strip() or text.strip().startswith("/")


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A request that looks into the receiver.

    Args:
        name: of the argument of Receiver that it stands for.
        text: as it was written.
        method: of the request.
        path: of the request, in which ``{cohort_id}`` stands for the cohort's id.
        pointer: the tokens that lead to what is wanted.
    """

    name: str
    text: str
    method: str
    path: str
    pointer: tuple[str, ...] = ()

    @classmethod
    def parse(cls, name: str, text: str) -> HttpProbe:
        """Read a probe as a user writes it.

        Args:
            name: of the argument of Receiver.
            text: method, path, and after a ``#`` a JSON pointer.

        Raises:
            UsageError: one line that says what is wrong with it.

        Example:
            >>> probe = HttpProbe.parse("members", "GET /cohorts/{cohort_id}/members#/ids")
            >>> probe.path_for("10 01"), probe.pick(b'{"ids": ["ann"]}')
            ('/cohorts/10%2001/members', ['ann'])
            >>> HttpProbe.parse("members", "FETCH /cohorts/{cohort_id}")
            Traceback (most recent call last):
            ...
            cohortprop.errors.UsageError: members='FETCH /cohorts/{cohort_id}': the method is one of GET, POST, PUT, \
DELETE, PATCH
        """
        example = _EXAMPLES.get(name, _OTHERWISE)
        place = f"{name}={text!r}"
        method, blank, rest = text.strip().partition(" ")
        path, _, pointer = rest.strip().partition("#")
        if not blank or not path:
            raise UsageError(f"{place}: write a method and a path, as in {example!r}")
        if method not in _METHODS:
            raise UsageError(f"{place}: the method is one of {', '.join(_METHODS)}")
        if not path.startswith("/") or " " in path:
            raise UsageError(f"{place}: the path starts with '/' and has no blanks, as in {example!r}")
        if (_COHORT in path) != (name == "members"):
            rule = "the path must say where the id goes" if name == "members" else f"it is not told any {_COHORT}"
            raise UsageError(f"{place}: {rule}, as in {example!r}")
        if pointer and (not pointer.startswith("/") or _BAD_ESCAPE.search(pointer)):
            raise UsageError(f"{place}: after the '#' stands a JSON pointer such as /ids, not {pointer!r}")
        return cls(name, text, method, path, _tokens(pointer))

    def path_for(self, cohort: str = "") -> str:
        """The path with a cohort's id in it."""
        return self.path.replace(_COHORT, quote(cohort, safe=""))

    def pick(self, body: bytes) -> Any:
        """The list that the pointer leads to in an answer.

        Raises:
            UsageError: the answer is not JSON, or has no list at that place.
        """
        try:
            found: Any = json.loads(body)
        except (ValueError, RecursionError):
            raise UsageError(f"{self}: the answer is not JSON: {body[:60].decode('utf-8', 'replace')!r}") from None
        walked = ""
        for token in self.pointer:
            walked += f"/{token}"
            if isinstance(found, dict) and token in found:
                found = found[token]
            elif isinstance(found, list) and token.isdecimal() and int(token) < len(found):
                found = found[int(token)]
            else:
                has = f"an object with {_named(found)}" if isinstance(found, dict) else repr(found)[:80]
                raise UsageError(f"{self}: the answer has nothing at {walked}; there is {has}")
        if not isinstance(found, list):
            kind = f"an object with {_named(found)}" if isinstance(found, dict) else repr(found)[:80]
            hint = "" if self.pointer else "; after a '#', a JSON pointer leads to the list"
            raise UsageError(f"{self}: expected a list, got {kind}{hint}")
        return found

    def __str__(self) -> str:
        return f"{self.name}={self.text!r}"


def _named(found: dict[str, Any]) -> str:
    return ", ".join(map(repr, found))[:80] or "nothing in it"


def _tokens(pointer: str) -> tuple[str, ...]:
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])
