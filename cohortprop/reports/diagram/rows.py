"""What a sequence diagram shows, row by row, whatever it is drawn with.

Three lanes stand side by side: Mixpanel, the network and the receiver. A request that is refused on the way ends at the
network, and so does an acknowledgement that is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias, assert_never

from cohortprop.campaign import Finding
from cohortprop.reports.edits import edits_in_words, news_carried
from cohortprop.reports.facts import seen_of
from cohortprop.reports.phrases import delivery_in_words, moment, outcome_in_words, plural, tells_cohorts_apart
from cohortprop.reports.story import title_of
from cohortprop.reports.words import event_in_words, stray_in_words
from cohortprop.simulation import (
    Attempted,
    Changed,
    Described,
    Died,
    Duplicated,
    Edited,
    Event,
    Examined,
    Garbled,
    History,
    Hung,
    Knocked,
    LateArrived,
    OutageBegan,
    PhaseBegan,
    Probed,
    Renamed,
    Restarted,
    Resumed,
    Silenced,
    Skipped,
    Stepped,
    SyncEnded,
    SyncStarted,
)
from cohortprop.wire import Delivery, Outcome

__all__ = ["LANES", "Diagram", "Lane", "Message", "Note", "Row", "Time", "diagram_of_finding", "diagram_of_history"]

Lane: TypeAlias = Literal["Mixpanel", "network", "receiver"]
Look: TypeAlias = Literal["request", "reply", "broken"]

LANES: Final[tuple[Lane, ...]] = ("Mixpanel", "network", "receiver")
"""From left to right."""

_MOST_ROWS: Final = 80
_FIRST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Time:
    """A moment of virtual time; what follows happens then."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happens in one lane.

    Args:
        lane: where.
        text: what.
        wrong: whether it is what the finding is about.
    """

    lane: Lane
    text: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Something that goes from one lane to another.

    Args:
        start: where it sets out.
        end: where it arrives, or is lost.
        text: what it says.
        look: a request, a reply, or either of them broken off by the network.
        wrong: whether it is what the finding is about.
    """

    start: Lane
    end: Lane
    text: str
    look: Look
    wrong: bool = False


Row: TypeAlias = Time | Note | Message


@dataclass(frozen=True, slots=True)
class Diagram:
    """A sequence diagram.

    Args:
        title: in one line.
        rows: from top to bottom.
    """

    title: str
    rows: tuple[Row, ...]


def diagram_of_finding(finding: Finding) -> Diagram:
    """How a finding came about, up to the moment at which it shows."""
    place = finding.violation.place
    rows = list(_rows(finding.history.events[: place + 1], finding.scenario.started_at, finding.id_property, place))
    rows.append(Note("receiver", f"✗ {seen_of(finding)}", wrong=True))
    return Diagram(title_of(finding), _shortened(rows))


def diagram_of_history(history: History, title: str, start: datetime) -> Diagram:
    """What happened in a trial, without the way home on which it ended.

    Args:
        history: of the trial.
        title: in one line.
        start: the moment at which virtual time began.
    """
    steps: list[Event] = []
    for event in history:
        if isinstance(event, PhaseBegan):
            break
        steps.append(event)
    return Diagram(title, _shortened(list(_rows(steps, start))))


def _rows(
    events: Sequence[Event], start: datetime, id_property: str = "mixpanel_distinct_id", wrong: int = -1
) -> Iterator[Row]:
    """The rows of some events; `wrong` is the place of the event that the finding is about."""
    shown, repeats = "", 0
    last: Attempted | None = None
    edits, news = edits_in_words(events), news_carried(events, id_property)
    several = tells_cohorts_apart(events)
    for place, event in enumerate(events):
        if place != wrong and isinstance(event, Attempted) and last is not None and _is_repeat(event, last):
            repeats += 1
            continue
        rows = list(_of_event(event, id_property)) if shown or not isinstance(event, PhaseBegan) else []
        if place in edits:
            rows = [Note("Mixpanel", edits[place])]
        elif isinstance(event, Attempted) and (told := news.get(id(event.delivery))) and isinstance(rows[0], Message):
            rows[0] = replace(rows[0], text=f"{rows[0].text} {told}")
        if several and isinstance(event, (Attempted, Duplicated, LateArrived)) and isinstance(rows[0], Message):
            rows[0] = replace(rows[0], text=f"{event.delivery.cohort_id}: {rows[0].text}")
        if not rows:
            continue
        if repeats:
            yield Note("network", f"{plural(repeats, 'more try', 'more tries')}, with the same result")
        repeats, last = 0, event if isinstance(event, Attempted) else None
        now = moment(event.at, start)
        if now != shown:
            yield Time(now)
            shown = now
        if place == wrong and isinstance(rows[-1], Message):
            rows[-1] = replace(rows[-1], wrong=True)
        yield from rows


def _is_repeat(event: Attempted, last: Attempted) -> bool:
    """Whether an attempt fails as the one before it did."""
    same = event.delivery is last.delivery and event.fate == last.fate and event.outcome == last.outcome
    return same and event.attempt > last.attempt and event.fate != "deliver" and event.reply == last.reply


def _of_event(event: Event, id_property: str) -> Iterator[Row]:
    match event:
        case Attempted():
            yield from _attempt(event, id_property)
        case Duplicated():
            yield from _from_the_network(event.delivery, event.reply, "a copy: ", id_property)
        case LateArrived():
            yield from _from_the_network(event.delivery, event.reply, "late: ", id_property)
        case Knocked() | Garbled():
            said, _, answer = stray_in_words(event).rpartition(" → ")
            text = said.removeprefix("a request comes that ").removeprefix("somebody sends ")
            yield Message("network", "receiver", f"stray: {text}", "request")
            yield Message("receiver", "network", answer, "reply")
        case Changed() | Edited() | Renamed() | Described() | SyncStarted() | Resumed():
            yield Note("Mixpanel", event_in_words(event))
        case SyncEnded():
            if event.outcome != "succeeded":
                yield Note("Mixpanel", event_in_words(event))
        case OutageBegan() | Silenced() | Skipped():
            yield Note("network", event_in_words(event))
        case Restarted() | Hung() | Died():
            yield Note("receiver", event_in_words(event))
        case PhaseBegan():
            if event.stage == 1:
                yield Note("Mixpanel", "the steps are over; all is synced, without faults")
        case Stepped() | Probed() | Examined():
            return
        case _:
            assert_never(event)


def _attempt(event: Attempted, id_property: str) -> Iterator[Row]:
    words = delivery_in_words(event.delivery, id_property)
    again = f", try {event.attempt}" if event.attempt > 1 else ""
    seen = outcome_in_words(event.outcome)
    if event.reply is None:
        yield Message("Mixpanel", "network", words + again, "broken")
        yield Message("network", "Mixpanel", seen, "reply")
        return
    troubled = ", its dependency fails" if event.troubled else ""
    yield Message("Mixpanel", "receiver", words + again, "request")
    answer = outcome_in_words(event.reply, event.delivery) + troubled
    if event.fate != "lose":
        yield Message("receiver", "Mixpanel", answer, "reply")
        return
    yield Message("receiver", "network", answer, "broken")
    yield Message("network", "Mixpanel", seen, "reply")


def _from_the_network(delivery: Delivery, reply: Outcome, head: str, id_property: str) -> Iterator[Row]:
    yield Message("network", "receiver", head + delivery_in_words(delivery, id_property), "request")
    yield Message("receiver", "network", outcome_in_words(reply, delivery), "reply")


def _shortened(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, without the middle of a long story."""
    if len(rows) <= _MOST_ROWS:
        return tuple(rows)
    left_out = len(rows) - _MOST_ROWS
    gap = Note("network", f"… {plural(left_out, 'more line')} …")
    return (*rows[:_FIRST_ROWS], gap, *rows[_FIRST_ROWS + left_out :])
