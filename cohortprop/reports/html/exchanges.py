"""Requests and replies in full, each stored once, however often it goes over the wire."""

from __future__ import annotations

import json
from typing import Any, Final

from cohortprop.simulation import Garbled, Knocked
from cohortprop.wire import Delivery, NoReply, Outcome, Reply

__all__ = ["Store", "spelled_out"]

_MOST: Final = 400_000
"""Characters of a text that a page shows: a full page of members has half of that."""


class Store:
    r"""Texts by number.

    Example:
        >>> store = Store()
        >>> store.reply(Reply(200, b"OK", "text/plain")), store.reply(Reply(200, b"OK", "text/plain"))
        (0, 0)
        >>> store.texts
        ['HTTP 200\nContent-Type: text/plain\n\nOK']
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._deliveries: dict[int, int] = {}

    def request(self, delivery: Delivery) -> int:
        """The number of a delivery's body; the caller holds on to the delivery."""
        number = self._deliveries.get(id(delivery))
        if number is None:
            number = self._deliveries[id(delivery)] = self.text(_indented(delivery))
        return number

    def stray(self, event: Knocked | Garbled) -> int:
        """The number of the body of a request that was none of the sender's."""
        if isinstance(event, Knocked):
            return self.request(event.delivery)
        return self.text(event.body.decode("utf-8", "backslashreplace") or "(an empty body)")

    def reply(self, outcome: Outcome) -> int:
        """The number of an answer: status, content type, body, and the traceback where the app raised."""
        if isinstance(outcome, NoReply):
            return self.text(f"no answer: {outcome.reason}")
        return self.text(_answer(outcome))

    def text(self, text: str) -> int:
        """The number of a text."""
        shown = spelled_out(text if len(text) <= _MOST else f"{text[:_MOST]}\n… {len(text) - _MOST:,} more characters")
        number = self._numbers.get(shown)
        if number is None:
            number = self._numbers[shown] = len(self.texts)
            self.texts.append(shown)
        return number


def spelled_out(text: str) -> str:
    r"""Text whose control characters are spelled out, line ends and tabs apart: a page must not be steered by them.

    Example:
        >>> spelled_out("ann\x00\u202e\n")
        'ann\\x00\\u202e\n'
    """
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in "\n\t" else repr(sign)[1:-1] for sign in text)


def _answer(reply: Reply) -> str:
    if reply.crash is not None:
        return f"HTTP {reply.status}: the app raised an exception instead of answering\n\n{reply.crash.strip()}"
    head = f"HTTP {reply.status}\n" + (
        f"Content-Type: {reply.content_type}" if reply.content_type else "no content type"
    )
    body = reply.body.decode("utf-8", "backslashreplace")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return f"{head}\n\n{body or '(an empty body)'}"
    return f"{head}\n\n{_json(data, indent=2)}"


def _indented(delivery: Delivery) -> str:
    """The body as indented JSON, one line for each member."""
    payload = delivery.payload
    members = payload["parameters"].pop("members", [])
    lines = [f"{_json(name)}: {_json(value)}" for name, value in payload["parameters"].items()]
    if members:
        listed = ",\n".join(f"      {_json(member)}" for member in members)
        lines.append(f'"members": [\n{listed}\n    ]')
    else:
        lines.append('"members": []')
    parameters = ",\n".join(f"    {line}" for line in lines)
    return f'{{\n  "action": {_json(payload["action"])},\n  "parameters": {{\n{parameters}\n  }}\n}}'


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
