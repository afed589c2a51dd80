"""The request that went wrong and what came back, shortened to what a person reads: body, reply, traceback, log.

Credentials are headers, and headers are not in a delivery: nothing here could show them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cohortprop.campaign import Finding
from cohortprop.reports.phrases import plural, shortened
from cohortprop.simulation import Attempted, Died, Duplicated, Garbled, Hung, Knocked, LateArrived, Probed
from cohortprop.wire import MEMBERS, Action, Delivery, NoReply, Outcome, Reply, read

__all__ = [
    "Exchange",
    "app_log",
    "app_stack",
    "app_traceback",
    "failing_exchange",
    "garbled_text",
    "own_words",
    "reply_text",
    "request_text",
    "server_end",
]

_OF_ONE_ANSWER: Final = ("acceptance", "authentication", "envelope", "malformed")
"""Checks that are about one answer, and not about what led to it."""
_MEMBERS_SHOWN: Final = 2
_VALUE_CHARACTERS: Final = 60
_BODY_LINES: Final = 12
_BODY_CHARACTERS: Final = 600
_TRACE_LINES: Final = 24
_LOG_LINES: Final = 8
_TRACEBACK: Final = "Traceback (most recent call last):"
_FRAME: Final = re.compile(r'^\s*File "(?P<path>[^"]+)", line \d+')
_TOOLKIT: Final = re.compile(r"cohortprop/(transport|simulation)/|cohortprop/trial\.py|werkzeug/test\.py")
_LIBRARY: Final = re.compile(
    r"(?:site|dist)-packages/(?P<package>(?!cohortprop/zoo/)[^/.]+)"
    r"|/lib/python3[^/]*/(?P<module>(?!(?:site|dist)-packages)[^/.]+)"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that reached the app, and what came of it.

    Args:
        delivery: the request.
        reply: the app's own answer.
        log: what the app logged meanwhile.
        at: virtual seconds.
        place: index in the history.
        garbled: the body that was sent, if it was not that of the delivery.
    """

    delivery: Delivery
    reply: Outcome
    log: tuple[str, ...]
    at: float
    place: int
    garbled: bytes | None = None


def failing_exchange(finding: Finding) -> Exchange | None:
    """The request to look at: the last that reached the app before the violation showed.

    When the receiver was not looked at after each delivery, several come into question; then it is the last of them
    that says something about the user concerned.
    """
    exchanges = list(_exchanges(finding))
    if finding.violation.user and finding.violation.check not in _OF_ONE_ANSWER:
        events = finding.history.events
        looks = [place for place in range(finding.violation.place) if isinstance(events[place], Probed)]
        since = [each for each in exchanges if not looks or each.place > looks[-1]] or exchanges
        if len(since) > 1:
            return next((each for each in since if _concerns(each.delivery, finding)), since[0])
    return exchanges[0] if exchanges else None


def _concerns(delivery: Delivery, finding: Finding) -> bool:
    violation = finding.violation
    if delivery.cohort_id != violation.cohort:
        return False
    return delivery.action == MEMBERS or violation.user in delivery.identities(finding.id_property)


def _exchanges(finding: Finding) -> Iterator[Exchange]:
    """Latest first. An attempt that hangs is written down after the hang."""
    events = finding.history.events
    last = min(finding.violation.place, len(events) - 1)
    if last + 1 < len(events) and isinstance(events[last], (Died, Hung)):
        last += 1
    for place in range(last, -1, -1):
        event = events[place]
        if isinstance(event, (Attempted, Duplicated, LateArrived, Knocked, Garbled)) and event.reply is not None:
            body = event.body if isinstance(event, Garbled) else None
            yield Exchange(event.delivery, event.reply, event.log, event.at, place, body)


def request_text(delivery: Delivery, user: str = "") -> str:
    """The body as indented JSON, one line for each member, of whom only a few are shown.

    Args:
        delivery: the request.
        user: whom it is about; shown even when others are left out.
    """
    payload = delivery.payload
    members = payload["parameters"].pop("members", [])
    few = len(members) if len(members) <= _MEMBERS_SHOWN + 1 else _MEMBERS_SHOWN
    shown = members[:few]
    shown += [member for member in members[few:] if user and user in map(str, member.values())][:1]
    lines = [f"      {_json(member)}" for member in shown]
    if len(members) > len(shown):
        more = len(members) - len(shown)
        lines.append(f"      … {plural(more, 'more member')}, {len(delivery.body) // 1000} kB in all")
    parameters = [f"    {_json(name)}: {_json(value)}" for name, value in payload["parameters"].items()]
    parameters.append("    " + (f'"members": [\n{_commas(lines)}\n    ]' if lines else '"members": []'))
    action = _json(payload["action"])
    return f'{{\n  "action": {action},\n  "parameters": {{\n{_commas(parameters)}\n  }}\n}}'


def garbled_text(body: bytes) -> str:
    """A body that is no proper delivery, as it was sent, shortened."""
    return _shortened(body.decode("utf-8", "backslashreplace")) if body else "(an empty body)"


def reply_text(reply: Outcome) -> str:
    """Status, content type and body, shortened."""
    if isinstance(reply, NoReply):
        return f"no answer: {reply.reason}"
    if reply.crash is not None:
        return f"HTTP {reply.status}: the app raised an exception instead of answering"
    head = f"HTTP {reply.status}" + (f", {reply.content_type}" if reply.content_type else ", no content type")
    body = reply.body.decode("utf-8", "replace").strip()
    return f"{head}\n{_shortened(body)}" if body else f"{head}, and an empty body"


def own_words(reply: Reply, action: Action) -> str:
    """What the app says itself of a failure, on one line: its documented message, its exception, or the body.

    Example:
        >>> own_words(Reply(400, b"no such cohort", "text/plain"), "members")
        'no such cohort'
    """
    if reply.crash is not None:
        lines = reply.crash.strip().splitlines()
        return shortened(lines[-1], _WORDS) if lines else ""
    envelope = read(reply, action).envelope
    if envelope is not None:
        return shortened((envelope.message or "").strip(), _WORDS)
    body = reply.body.decode("utf-8", "replace").strip()
    return shortened(body, _WORDS) if body and "html" not in reply.content_type else ""


_WORDS: Final = 100


def app_traceback(finding: Finding) -> str:
    """The app's traceback at the failing request, or else at the last one before that ended in one; empty if none."""
    for exchange in _exchanges(finding):
        if isinstance(exchange.reply, Reply) and exchange.reply.crash:
            return _trimmed(exchange.reply.crash)
        for entry in reversed(exchange.log):
            if _TRACEBACK in entry:
                return _trimmed(entry[entry.index(_TRACEBACK) :])
        if finding.violation.judge in _OF_ONE_ANSWER:
            break
    return ""


def app_stack(finding: Finding) -> str:
    """Where the app was when it did not answer; empty when it did."""
    event = finding.history.events[finding.violation.place]
    return _trimmed(event.stack) if isinstance(event, Hung) else ""


def server_end(finding: Finding) -> str:
    """How the server has ended, and what it wrote last; empty if it has not."""
    event = finding.history.events[finding.violation.place]
    return event.how if isinstance(event, Died) else ""


def app_log(exchange: Exchange) -> list[str]:
    """What the app logged while it handled the request, tracebacks apart; the last lines if there are many."""
    lines = [line for entry in exchange.log for line in entry.partition(_TRACEBACK)[0].splitlines() if line.strip()]
    if len(lines) <= _LOG_LINES:
        return lines
    return [f"… {plural(len(lines) - _LOG_LINES, 'line')} before", *lines[-_LOG_LINES:]]


def _commas(lines: list[str]) -> str:
    parts = [line if "… " in line[:10] or last else f"{line}," for line, last in _with_last(lines)]
    return "\n".join(parts)


def _with_last(lines: list[str]) -> Iterator[tuple[str, bool]]:
    for place, line in enumerate(lines):
        yield line, place == len(lines) - 1


def _json(value: Any) -> str:
    return json.dumps(_without_long_texts(value), ensure_ascii=False)


def _without_long_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_long_texts(each) for name, each in value.items()}
    if isinstance(value, str) and len(value) > _VALUE_CHARACTERS:
        return f"{value[: _VALUE_CHARACTERS // 2]}… ({len(value)} characters)"
    return value


def _shortened(text: str) -> str:
    lines = text.splitlines()
    shown = "\n".join(lines[:_BODY_LINES])
    if len(shown) > _BODY_CHARACTERS:
        shown = shown[:_BODY_CHARACTERS]
    left = len(text) - len(shown)
    return f"{shown}\n… {plural(left, 'more character')}" if left > 0 else shown


def _trimmed(trace: str) -> str:
    """A traceback or stack without the toolkit's frames, libraries' frames folded, paths as short as they are clear."""
    frames = list(_frames(trace))
    own = [path for path, _ in frames if path and not _TOOLKIT.search(path) and not _LIBRARY.search(path)]
    lines: list[str] = []
    folded: dict[str, int] = {}
    for path, frame in frames:
        if path and _TOOLKIT.search(path):
            lines, folded = [line for line in lines if line == _TRACEBACK], {}
            continue
        library = _LIBRARY.search(path) if own else None  # an app that is installed like a library is all there is
        if library is not None:
            name = library["package"] or library["module"]
            folded[name] = folded.get(name, 0) + 1
            continue
        lines += [*_folded_words(folded), *frame]
        folded = {}
    lines += _folded_words(folded)
    if len(lines) > _TRACE_LINES:
        lines = [f"… {plural(len(lines) - _TRACE_LINES, 'line')} before", *lines[-_TRACE_LINES:]]
    return "\n".join(lines)


def _frames(trace: str) -> Iterator[tuple[str, list[str]]]:
    """Frames as (path, lines); what is no frame, such as the exception's line, has no path."""
    path = ""
    frame: list[str] = []
    for line in trace.splitlines():
        if not line.strip("^~ "):
            continue  # the marks below a line of code; they do not survive being wrapped
        found = _FRAME.match(line)
        if found or not line.startswith("    "):
            if frame:
                yield path, frame
            path = found["path"] if found else ""
            frame = [line.replace(path, _short(path))] if found else [line]
        else:
            frame.append(line)
    if frame:
        yield path, frame


def _short(path: str) -> str:
    """Relative to where we are, if it lies below; else from the package on."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        _, found, rest = path.rpartition("site-packages/")
        return rest if found else path


def _folded_words(folded: dict[str, int]) -> list[str]:
    if not folded:
        return []
    return [f"  … {plural(sum(folded.values()), 'frame')} in {', '.join(folded)}"]
