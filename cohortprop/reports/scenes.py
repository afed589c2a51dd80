"""From a history to the few scenes that matter: what a person would tell of it.

A history has an event for every attempt, look and half hour. Most of it is of no interest: syncs that have nothing to
say, looks at the receiver, a hundred refused attempts. `scenes_of` reads the events up to the violation, makes a scene
of each sync, change and mishap, and folds what is left: a silence and what happened meanwhile are one scene; retries
that fared the same are one line; a sync that named nobody and changed nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.reports.narrator import Narrator
from cohortprop.reports.parts import Part, PlainPart, QuietPart, SyncPart, Told
from cohortprop.reports.phrases import moment, outcome_in_words, plural, span, tries
from cohortprop.simulation import Attempted

__all__ = ["Scene", "scenes_of"]

_MOST_SCENES: Final = 14
_FIRST_SCENES: Final = 3
_MOST_DELIVERIES: Final = 6
_WORTH_AN_END: Final = 120.0
"""Seconds of a silence from which on its end is told."""


@dataclass(slots=True)
class Scene:
    """One point of the story.

    Args:
        at: virtual second at which it begins.
        text: what happened, in one clause.
        details: what else is to be said about it, in order; a sync's deliveries, when they are several.
        omitted: for how many others it stands, that were left out.
    """

    at: float
    text: str
    details: list[str] = field(default_factory=list)
    omitted: int = 0


def scenes_of(finding: Finding) -> tuple[list[Scene], int]:
    """The scenes up to the violation, and how many syncs were left out because they changed nothing.

    Args:
        finding: its history is read, and the receiver's state as the looks in it show it.
    """
    parts = Narrator(finding).tell()
    if finding.violation.judge == "envelope":  # one answer is wrong by itself, whatever went before
        return [_scene(part, finding) for part in parts if isinstance(part, SyncPart) and part.failing], 0
    sessions = _sessions(parts)
    kept = [part for part in parts if not (isinstance(part, SyncPart) and part.dull)]
    if len(kept) > _MOST_SCENES:
        kept = [part for part in kept if not _is_elsewhere(part, finding)]
    told: set[str] = set()
    for part in kept:
        if isinstance(part, SyncPart):
            part.goes_on = part.session in told
            told.add(part.session)
    folded = list(_fold(_gather_refused(kept)))
    _tell_sessions(folded)
    _explain(folded)
    return _shorten([_scene(part, finding) for part in folded]), len(sessions - told)


def _sessions(parts: Iterable[Part]) -> set[str]:
    return {part.session for part in parts if isinstance(part, SyncPart)}


def _tell_sessions(parts: Iterable[Part]) -> None:
    """Name the session of each sync, where pages of one that failed or went on later could be mixed up with others."""
    syncs = [part for part in parts if isinstance(part, SyncPart)]
    sessions = [part.session for part in syncs]
    open_ended = [part for part in syncs if part.outcome == "failed" or sessions.count(part.session) > 1]
    if len(set(sessions)) > 1 and any(part.paged for part in open_ended):
        for part in syncs:
            part.head += f", session {part.session[:4]}…"


def _explain(parts: Iterable[Part]) -> None:
    """Say what a kind of sync is where it is met for the first time."""
    known: set[str] = set()
    for part in parts:
        if isinstance(part, SyncPart) and part.meaning and part.meaning not in known and not part.goes_on:
            known.add(part.meaning)
            told = part.meaning.removeprefix("a full one: ") if part.head.startswith("full sync") else part.meaning
            part.head += f" ({told})"


def _is_elsewhere(part: Part, finding: Finding) -> bool:
    """Whether it happens in another cohort, and has nothing to do with the user concerned."""
    violation = finding.violation
    if not violation.cohort or isinstance(part, QuietPart):
        return False
    if isinstance(part, PlainPart):
        return part.elsewhere
    if part.cohort == violation.cohort:
        return False
    return not part.failing and not part.names(violation.user, finding.id_property)


def _gather_refused(parts: Sequence[Part]) -> Iterator[Part]:
    """Put syncs of which nothing arrived together, with the changes between them, if they are two or more in a row."""
    place = 0
    while place < len(parts):
        end, refused = place, 0
        for number in range(place, len(parts)):
            part = parts[number]
            if _as_quiet(part) is not None and not (isinstance(part, QuietPart) and part.head):
                end, refused = number + 1, refused + 1
            elif number == place or not (isinstance(part, PlainPart) and part.change):
                break
        if refused > 1:
            gathered = QuietPart(parts[place].at, parts[end - 1].at, "")
            for part in parts[place:end]:
                _absorb(gathered, part)
            yield gathered
        else:
            end = place + 1
            yield parts[place]
        place = end


def _absorb(whole: QuietPart, part: Part) -> None:
    """Make a part one of a silence: what was refused, or what happened meanwhile."""
    quiet = _as_quiet(part)
    if quiet is None:
        assert isinstance(part, PlainPart)
        whole.meanwhile.append(part.text)
        return
    whole.refused += quiet.refused
    whole.answer = whole.answer or quiet.answer
    whole.until = max(whole.until, quiet.until)
    whole.tail = quiet.tail or whole.tail
    whole.meanwhile += quiet.meanwhile


def _fold(parts: Iterable[Part]) -> Iterator[Part]:
    """Put together what belongs together: a silence and what falls into it, a sync that goes on, changes at once."""
    last: Part | None = None
    for part in parts:
        if isinstance(last, QuietPart) and _falls_into(part, last):
            _absorb(last, part)
        elif isinstance(last, PlainPart) and isinstance(part, PlainPart) and _of_one_moment(last, part):
            last.text += f"; {part.text}"
        elif isinstance(last, SyncPart) and isinstance(part, SyncPart) and last.session == part.session:
            last.items += part.items
            last.outcome = part.outcome
        else:
            if last is not None:
                yield last
            last = part
    if last is not None:
        yield last


def _falls_into(part: Part, silence: QuietPart) -> bool:
    quiet = _as_quiet(part)
    if quiet is not None:
        return part.at < silence.until or not quiet.head
    return isinstance(part, PlainPart) and part.change and part.at < silence.until


def _of_one_moment(one: PlainPart, other: PlainPart) -> bool:
    return one.change and other.change and one.at == other.at


def _as_quiet(part: Part) -> QuietPart | None:
    """A sync of which nothing arrived, as a part of the silence that it falls into."""
    if isinstance(part, SyncPart) and part.refused:
        first = next(item for item in part.items if isinstance(item, Told)).tries[0].event
        assert isinstance(first, Attempted)
        tail = "the sync pauses until a person resumes it" if part.outcome == "paused" else ""
        return QuietPart(part.at, part.at, "", part.refused, outcome_in_words(first.outcome), tail)
    return part if isinstance(part, QuietPart) else None


def _scene(part: Part, finding: Finding) -> Scene:
    if isinstance(part, PlainPart):
        return Scene(part.at, part.text)
    if isinstance(part, QuietPart):
        return Scene(part.at, _silence(part, finding.scenario.started_at))
    told = [item for item in part.items if isinstance(item, str) or not item.dull] or part.items[:1]
    if finding.violation.judge == "envelope":
        told = [item for item in told if isinstance(item, Told) and item.failing]
    head = part.head + (", going on" if part.goes_on else "")
    lines: list[str] = []
    for item in _shorten_deliveries(told):
        if isinstance(item, str):
            lines.append(item)
        else:
            lines += item.lines(finding.id_property)
    end = {"failed": "the sync fails", "paused": "the sync pauses until a person resumes it"}.get(part.outcome)
    if end is not None:
        lines.append(end)
    if not lines:
        return Scene(part.at, f"{head}, with nothing to send")
    if len(lines) == 1:
        return Scene(part.at, f"{head}: {lines[0]}")
    return Scene(part.at, head, lines)


def _silence(part: QuietPart, start: datetime) -> str:
    head = part.head
    if part.refused:
        told = tries(part.refused)
        verb, plain = ("fails", "does") if part.refused == 1 else ("fail", "do")
        head = f"{head}; {told} {verb}" if head else f"{told} {plain} not reach the receiver ({part.answer})"
    if part.until - part.at >= _WORTH_AN_END:
        day, _, clock = moment(part.until, start).partition(", ")
        end = clock if day == moment(part.at, start).partition(", ")[0] else f"{day}, {clock}"
        head = f"until {end} ({span(part.until - part.at)}): {head}"
    meanwhile = f"; meanwhile {', '.join(part.meanwhile)}" if part.meanwhile else ""
    return head + meanwhile + (f"; {part.tail}" if part.tail else "")


def _shorten_deliveries(items: list[Told | str]) -> list[Told | str]:
    if len(items) <= _MOST_DELIVERIES:
        return items
    left_out = len(items) - _MOST_DELIVERIES + 1
    middle = f"… {plural(left_out, 'more request')} …"
    return [*items[:2], middle, *items[2 - _MOST_DELIVERIES + 1 :]]


def _shorten(scenes: list[Scene]) -> list[Scene]:
    if len(scenes) <= _MOST_SCENES:
        return scenes
    left_out = scenes[_FIRST_SCENES : _FIRST_SCENES - _MOST_SCENES + 1]
    gap = Scene(left_out[0].at, f"… {plural(len(left_out), 'more scene')} …", omitted=len(left_out))
    return [*scenes[:_FIRST_SCENES], gap, *scenes[_FIRST_SCENES - _MOST_SCENES + 1 :]]
