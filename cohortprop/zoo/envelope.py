"""What every receiver of the zoo does first and last: read one page, and answer it as the document asks.

Kept to the bone, since some receivers are run hundreds of thousands of times: one call of an app takes about 10 µs.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Malformed", "Page", "Refusal", "fail", "guarded", "read", "succeed", "webhook"]

_ACTIONS: Final = ("members", "add_members", "remove_members")
_MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_MOST_PAGES: Final = 1_000_000
_TEXT: Final = {str}
_JSON: Final = "application/json"
_SUCCESSES: Final = {action: json.dumps({"action": action, "status": "success"}).encode() for action in _ACTIONS}


class Page(NamedTuple):
    """One delivery, unpacked: a page of a full sync (`members`) or of a diff."""

    action: str
    cohort: str
    name: str
    session: str
    number: int
    total: int
    ids: list[str]
    members: list[dict[str, Any]]
    body: bytes


class Refusal(Exception):
    """Raised by a receiver that will not or cannot take a page; `code` is the HTTP status to answer with."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Malformed(Refusal):
    """The request is no delivery as documented; the code is 400."""

    def __init__(self, message: str) -> None:
        super().__init__(400, f"not a cohort delivery: {message}")


def read(environ: WSGIEnvironment) -> Page:
    """Unpack the request's body; a page without `page_info` is the only one of its session.

    Raises:
        Malformed: the body is not a delivery as documented.
    """
    try:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return _unpack(json.loads(body), body)
    except _MALFORMED as error:
        raise Malformed(repr(error)) from error


def _unpack(content: Any, body: bytes) -> Page:
    action, parameters = content["action"], content["parameters"]
    if action not in _ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    members = parameters["members"]
    ids = [member["mixpanel_distinct_id"] for member in members]
    cohort, name = parameters["mixpanel_cohort_id"], parameters["mixpanel_cohort_name"]
    session = parameters["mixpanel_session_id"]
    if {type(cohort), type(name), type(session), *map(type, ids)} != _TEXT:
        raise TypeError("ids and names are text")
    page_info = parameters.get("page_info")
    number = total = 1
    if page_info:
        number, total = page_info["page_count"], page_info["total_pages"]
        if not 0 < number <= total < _MOST_PAGES:
            raise ValueError(f"no page {number} of {total}")
    if b"\\ud" in body or b"\\uD" in body:  # pairs are fine, halves cannot be stored anywhere
        json.dumps(content, ensure_ascii=False).encode()
    return Page(action, cohort, name, session, number, total, ids, members, body)


def succeed(start_response: StartResponse, action: str, status: str = "200 OK") -> list[bytes]:
    """Answer that the page was taken."""
    body = _SUCCESSES[action]
    start_response(status, [("Content-Type", _JSON), ("Content-Length", str(len(body)))])
    return [body]


def fail(start_response: StartResponse, action: str, code: int, message: str) -> list[bytes]:
    """Answer that the page was not taken, and why; Mixpanel shows the message to its users."""
    answer = {"action": action, "status": "failure", "error": {"message": message, "code": code}}
    body = json.dumps(answer).encode()
    start_response(f"{code} {HTTPStatus(code).phrase}", [("Content-Type", _JSON), ("Content-Length", str(len(body)))])
    return [body]


def guarded(app: Callable[[WSGIEnvironment, StartResponse], list[bytes]]) -> WSGIApplication:
    """An app that reads pages itself, with 400 for an answer to what is none."""

    def careful(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            return app(environ, start_response)
        except Malformed as malformed:
            return fail(start_response, "unknown", malformed.code, str(malformed))

    return careful


def webhook(take: Callable[[Page], object], *, lock: AbstractContextManager[object] | None = None) -> WSGIApplication:
    """A WSGI app that hands each page to `take` and answers as documented.

    A `Refusal` becomes an answer of status failure. Any other exception leaves the app, as it would in production.
    Pages are worked on one at a time, under a lock of the app's own, unless another one is given.
    """
    lock = threading.Lock() if lock is None else lock

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return fail(start_response, "unknown", 405, "expected a POST")
        try:
            page = read(environ)
        except Malformed as malformed:
            return fail(start_response, "unknown", malformed.code, str(malformed))
        try:
            with lock:
                take(page)
        except Refusal as refusal:
            return fail(start_response, page.action, refusal.code, str(refusal))
        return succeed(start_response, page.action)

    app.__qualname__ = getattr(take, "__qualname__", "webhook")
    return app
