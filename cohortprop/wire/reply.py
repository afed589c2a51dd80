"""What the receiver says: the raw reply, and what it means under the documented contract.

`read` never raises: whatever came back, it yields an envelope (or none) and a list of contract problems. Replies repeat
endlessly, so the readings of all but large ones are cached by their bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from cohortprop.wire.constants import Action

__all__ = [
    "Envelope",
    "NoReply",
    "NoReplyReason",
    "Outcome",
    "Problem",
    "ProblemKind",
    "Reading",
    "Reply",
    "delivery_schema",
    "read",
    "reply_schema",
]

ProblemKind: TypeAlias = Literal[
    "no-envelope", "action-not-echoed", "failure-in-2xx", "success-in-error", "unusual-success-status", "not-json-typed"
]
NoReplyReason: TypeAlias = Literal["connection refused", "connection cut", "timed out"]

_CACHED_AT_MOST: Final = 16 * 1024
"""Bytes of a body whose reading is worth keeping: error pages with a traceback are large, and no two are alike."""


class Reply(NamedTuple):
    """One HTTP answer.

    Args:
        status: HTTP status code.
        body: the bytes of the body.
        content_type: the header of that name, empty when missing.
        crash: the traceback, when the app raised instead of answering (its 500).
    """

    status: int
    body: bytes = b""
    content_type: str = ""
    crash: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class NoReply:
    """The sender saw no answer at all.

    Args:
        reason: `connection refused`, `connection cut` or `timed out`.
    """

    reason: NoReplyReason = "connection refused"


Outcome: TypeAlias = Reply | NoReply


@dataclass(frozen=True, slots=True)
class Envelope:
    """The documented answer. ("Expected Response Format")

    Args:
        action: must match the action of the request.
        status: `success` or `failure`.
        message: `error.message`, shown in Mixpanel's interface.
        code: `error.code`, an HTTP status code.
    """

    action: str
    status: str
    message: str | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a reply departs from the contract: its kind, and the departure in words."""

    kind: ProblemKind
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply, read: its envelope if it has one, and its contract problems."""

    envelope: Envelope | None
    problems: tuple[Problem, ...]


def read(reply: Reply, action: Action) -> Reading:
    """Read a reply to a delivery with this `action`. ("Expected Response Format")

    Example:
        >>> read(Reply(200, b'{"action": "members", "status": "success"}', "application/json"), "members").problems
        ()
        >>> read(Reply(200, b"OK", "text/plain"), "members").problems[0].kind
        'no-envelope'
    """
    reader = _read_cached if len(reply.body) <= _CACHED_AT_MOST else _read
    return reader(reply.status, reply.body, reply.content_type, action)


def _read(status: int, body: bytes, content_type: str, action: Action) -> Reading:
    accepted = 200 <= status < 300
    data, fault = _parse(body)
    if fault is not None:
        return Reading(None, (Problem("no-envelope", fault),))
    error = data.get("error") or {}
    code = error.get("code")
    # 400.0 is an integer, says JSON Schema, and so it is here.
    envelope = Envelope(data["action"], data["status"], error.get("message"), None if code is None else int(code))
    problems: list[Problem] = []
    if envelope.action != action:
        text = f'the answer says "action": {json.dumps(envelope.action)}, but the request was {action}'
        problems.append(Problem("action-not-echoed", text))
    if accepted and envelope.status == "failure":
        problems.append(Problem("failure-in-2xx", f'HTTP {status} with "status": "failure"'))
    if not accepted and envelope.status == "success":
        problems.append(Problem("success-in-error", f'HTTP {status} with "status": "success"'))
    if accepted and status != 200:
        problems.append(Problem("unusual-success-status", f"HTTP {status} instead of 200"))
    if "json" not in content_type.lower():
        problems.append(Problem("not-json-typed", f"the answer's content type is {content_type or 'missing'}"))
    return Reading(envelope, tuple(problems))


_read_cached = lru_cache(maxsize=1024)(_read)


def _parse(body: bytes) -> tuple[dict[str, Any], str | None]:
    try:
        data = json.loads(body)
        fault = next(_reply_validator().iter_errors(data), None)
    except RecursionError:
        return {}, "the answer is nested too deeply to be read"
    except ValueError:
        shown = body[:60].decode("utf-8", "replace")
        return {}, f"the answer is not JSON: {shown!r}" if body else "the answer is empty"
    if fault is None:
        return data, None
    place = "".join(f".{part}" for part in fault.absolute_path)
    return {}, f"the answer{place} does not follow the documented shape: {fault.message[:120]}"


def delivery_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a request. ("Webhook Format")"""
    return _schema("delivery")


def reply_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an answer. ("Expected Response Format")"""
    return _schema("reply")


def _schema(name: str) -> dict[str, Any]:
    text = resources.files("cohortprop.wire").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _reply_validator() -> Any:
    from jsonschema import Draft202012Validator  # 68 ms, and not needed before the first reply

    return Draft202012Validator(reply_schema())
