"""Reads a history up to the violation and makes a part of each sync, silence, change and mishap in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from cohortprop.campaign import Finding
from cohortprop.checks import Violation
from cohortprop.reports.exchange import failing_exchange
from cohortprop.reports.phrases import delivery_in_words, outcome_in_words, shown_id, span
from cohortprop.reports.words import ALONGSIDE, attempt_in_words, event_in_words, stray_in_words
from cohortprop.simulation import (
    Attempted,
    Changed,
    Described,
    Died,
    Duplicated,
    Edited,
    Event,
    Garbled,
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
from cohortprop.simulation.steps import Merge, Step
from cohortprop.wire import REMOVE_MEMBERS, SNAPSHOT_LIFETIME, Delivery, NoReply, Reply

__all__ = ["Narrator", "Part", "PlainPart", "QuietPart", "SyncPart", "Told", "Try"]


@dataclass(slots=True)
class Try:
    """One arrival of a delivery, or its refusal, and what showed at the receiver afterwards."""

    event: Attempted | Duplicated
    notes: list[str] = field(default_factory=list)
    beside: str = ""

    @property
    def dull(self) -> bool:
        """Whether it went well, and nothing came of it."""
        event = self.event
        well = isinstance(event, Attempted) and event.fate == "deliver" and isinstance(event.reply, Reply)
        return well and isinstance(event.reply, Reply) and event.reply.accepted and not self.notes

    @property
    def words(self) -> str:
        """How it fared; goes on where the delivery was named."""
        fared = _fortune(self.event, self.beside)
        return f"{fared} ({', '.join(self.notes)})" if self.notes else fared


@dataclass(slots=True)
class Told:
    """One delivery within a sync, with its tries."""

    delivery: Delivery
    tries: list[Try] = field(default_factory=list)
    failing: bool = False

    @property
    def dull(self) -> bool:
        """Whether it named nobody, went well, and nothing came of it."""
        return not self.delivery.ids and not self.failing and all(each.dull for each in self.tries)

    def words(self, id_property: str) -> str:
        """The delivery and what became of it, on one line."""
        return f"{delivery_in_words(self.delivery, id_property)} {_fortunes(self.tries)}"


@dataclass(slots=True)
class SyncPart:
    """A sync, or what goes on of it after something else came between."""

    at: float
    cohort: str
    session: str
    head: str
    first: bool = False
    goes_on: bool = False
    items: list[Told | str] = field(default_factory=list)
    outcome: str = ""

    @property
    def dull(self) -> bool:
        """Whether it can be left out of the story."""
        told = all(isinstance(item, Told) and item.dull for item in self.items)
        return told and not self.first and self.outcome in ("succeeded", "")

    @property
    def failing(self) -> bool:
        """Whether the request to look at is one of its own."""
        return any(isinstance(item, Told) and item.failing for item in self.items)

    def names(self, user: str, id_property: str) -> bool:
        """Whether a delivery of it names the user."""
        return any(user in item.delivery.identities(id_property) for item in self.items if isinstance(item, Told))

    @property
    def refused(self) -> int:
        """How many attempts were refused, if no attempt arrived at all; else 0."""
        attempts = [each.event for item in self.items if isinstance(item, Told) for each in item.tries]
        if any(isinstance(item, str) for item in self.items) or not attempts:
            return 0
        alike = all(isinstance(each, Attempted) and each.reply is None for each in attempts)
        return len(attempts) if alike else 0


@dataclass(slots=True)
class QuietPart:
    """A time in which nothing arrives, with what happened meanwhile."""

    at: float
    until: float
    head: str
    refused: int = 0
    answer: str = ""
    tail: str = ""
    meanwhile: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PlainPart:
    """Anything else, as it stands."""

    at: float
    text: str
    change: bool = False
    elsewhere: bool = False


Part: TypeAlias = SyncPart | QuietPart | PlainPart


class Narrator:
    """Reads the events up to the violation, once.

    Args:
        finding: whose history is told.
    """

    def __init__(self, finding: Finding) -> None:
        self._finding = finding
        self._violation: Violation = finding.violation
        self._several = len(finding.scenario.cohorts) > 1
        self._one_time = {seed.id for seed in finding.scenario.cohorts if seed.one_time}
        self._parts: list[Part] = []
        self._running: dict[str, SyncPart] = {}
        self._step: Step | None = None
        self._began: set[str] = set()
        self._last_success: dict[str, float] = {}
        self._failed: set[str] = set()
        self._held = False
        self._arrivals = 0
        self._since: list[tuple[Told, Try]] = []
        self._sent_at: dict[int, float] = {}

    def tell(self) -> list[Part]:
        """Everything in order."""
        events = self._finding.history.events
        place = self._violation.place
        failing = failing_exchange(self._finding)
        for number, event in enumerate(events):
            if number > place and isinstance(event, (PhaseBegan, Probed)):
                break  # until then it is what the sender made of the answer
            self._read(event)
            if failing is not None and number == failing.place and isinstance(event, (Attempted, Duplicated)):
                self._since[-1][0].failing = True
        return self._parts

    def _read(self, event: Event) -> None:
        match event:
            case Stepped():
                self._step = event.step
            case SyncStarted():
                self._started(event)
            case Attempted() | Duplicated():
                self._attempted(event)
            case SyncEnded():
                self._ended(event)
            case LateArrived():
                sent = self._sent_at.get(id(event.delivery))
                which = delivery_in_words(event.delivery, self._finding.id_property)
                answer = outcome_in_words(event.reply, event.delivery)
                before = "" if sent is None else f", first sent {span(event.at - sent)} before,"
                self._plain(event.at, f"a replay: {which}{before} arrives once more → {answer}")
            case Knocked() | Garbled():
                self._plain(event.at, stray_in_words(event))
            case Probed():
                self._looked(event)
            case Changed():
                merged = isinstance(self._step, Merge) and event.joined == (self._step.new,)
                self._changed(event, self._merge() if merged else _churn(event))
            case Edited():
                self._plain(event.at, event_in_words(event))
            case Renamed() | Described():
                self._plain(event.at, event_in_words(event))
            case OutageBegan():
                self._parts.append(QuietPart(event.at, event.until, event_in_words(event)))
            case Silenced():
                head = f"{span(event.until - event.at)} in which no sync gets through"
                self._parts.append(QuietPart(event.at, event.until, head))
            case Skipped() if event.refused and event.outcome is not None:
                answer = outcome_in_words(event.outcome)
                self._parts.append(QuietPart(event.at, event.until, "", event.refused, answer))
            case Restarted():
                self._restarted(event)
            case Died():
                self._plain(event.at, event_in_words(event))
            case Resumed():
                cohort = f" of cohort {event.cohort}" if self._several else ""
                verb = "runs the export again" if event.cohort in self._one_time else "resumes the sync"
                self._plain(event.at, f"a person {verb}{cohort}")
            case _:
                pass  # phases have no words of their own, and a hang shows in the attempt that it belongs to

    def _started(self, event: SyncStarted) -> None:
        whose = f"cohort {event.cohort}: " if self._several else ""
        head = f"{whose}{self._kind(event)}"
        scene = SyncPart(event.at, event.cohort, event.session, head, first=event.cohort not in self._began)
        self._began.add(event.cohort)
        self._running[event.session] = scene
        self._parts.append(scene)

    def _kind(self, event: SyncStarted) -> str:
        if event.cohort in self._one_time:
            return "one-time export"
        if event.kind == "diff":
            return "diff again" if event.cohort in self._failed else "diff"
        succeeded = self._last_success.get(event.cohort)
        if event.cohort not in self._began:
            return "first sync"
        if succeeded is None:
            return "full sync, again from the top"
        if event.at - succeeded >= SNAPSHOT_LIFETIME:
            return "full sync, for the snapshot has expired"
        return "full sync, as a refresh"

    def _attempted(self, event: Attempted | Duplicated) -> None:
        delivery = event.delivery
        self._sent_at.setdefault(id(delivery), event.at)
        scene = self._running.get(delivery.session_id)
        if scene is None or self._parts[-1] is not scene:
            head = "sync" if scene is None else scene.head
            scene = SyncPart(event.at, delivery.cohort_id, delivery.session_id, head, goes_on=scene is not None)
            self._running[delivery.session_id] = scene
            self._parts.append(scene)
        last = scene.items[-1] if scene.items else None
        if not isinstance(last, Told) or last.delivery is not delivery:
            last = Told(delivery)
            scene.items.append(last)
        last.tries.append(Try(event, beside=self._beside(event)))
        self._since.append((last, last.tries[-1]))

    def _beside(self, event: Attempted | Duplicated) -> str:
        """The other request that was under way at the same time."""
        if not event.crossing:
            return ""
        for other in self._finding.history.events:
            crossing = other.crossing if isinstance(other, (Attempted, Duplicated)) else 0
            if crossing == event.crossing and other is not event:
                assert isinstance(other, (Attempted, Duplicated))
                if other.delivery is event.delivery:
                    return "its copy"
                return f"cohort {other.delivery.cohort_id}'s {other.delivery.action}"
        return "another request"

    def _ended(self, event: SyncEnded) -> None:
        scene = self._running.get(event.session)
        if scene is not None:
            scene.outcome = event.outcome
        if event.outcome == "succeeded":
            self._last_success[event.cohort] = event.at
            self._failed.discard(event.cohort)
        else:
            self._failed.add(event.cohort)

    def _restarted(self, event: Restarted) -> None:
        last = self._parts[-1] if self._parts else None
        if isinstance(last, SyncPart) and not last.outcome:
            last.items.append("the receiver is restarted")
        else:
            self._plain(event.at, "the receiver is restarted")

    def _looked(self, event: Probed) -> None:
        """Note what has changed about the user whom the violation is about, where no delivery accounts for it."""
        cohort, user = self._violation.cohort, self._violation.user
        if not user:
            self._since.clear()
            return
        if event.arrivals is not None and self._violation.judge == "arrivals":
            count = event.arrivals[cohort, user]
            if count > self._arrivals:
                self._note(event.at, f"{_numbers(self._arrivals + 1, count)} of {shown_id(user)}")
            self._arrivals = count
        if event.held is None or self._violation.judge != "membership":
            return
        held = user in event.held.get(cohort, ())
        if held != self._held:
            self._held = held
            if not self._accounts_for(cohort, user, held) and event is not self._violating_look:
                self._note(event.at, f"now the receiver {'holds' if held else 'no longer holds'} {shown_id(user)}")
        self._since.clear()

    @property
    def _violating_look(self) -> Event:
        return self._finding.history.events[self._violation.place]

    def _accounts_for(self, cohort: str, user: str, held: bool) -> bool:  # noqa: FBT001 - one of two states
        """Whether a delivery since the last look names the user and says so."""
        return any(
            held == (told.delivery.action != REMOVE_MEMBERS)
            for told, _ in self._since
            if told.delivery.cohort_id == cohort and self._names(told, user)
        )

    def _names(self, told: Told, user: str) -> bool:
        return user in told.delivery.identities(self._finding.id_property)

    def _note(self, at: float, text: str) -> None:
        """Beside the delivery that it came of, as far as that can be told."""
        cohort, user = self._violation.cohort, self._violation.user
        naming = [each for each in self._since if each[0].delivery.cohort_id == cohort and self._names(each[0], user)]
        if self._since:
            (naming or self._since)[-1][1].notes.append(text)
        else:
            self._plain(at, text)

    def _changed(self, event: Changed, text: str) -> None:
        violation = self._violation
        whose = f" cohort {event.cohort}" if self._several else ""
        elsewhere = event.cohort != violation.cohort and violation.user not in (*event.joined, *event.left)
        self._parts.append(PlainPart(event.at, text + whose, change=True, elsewhere=elsewhere))

    def _merge(self) -> str:
        assert isinstance(self._step, Merge)
        old, new = shown_id(self._step.old), shown_id(self._step.new)
        return f"{old} turns out to be {new}: the one id gives way to the other"

    def _plain(self, at: float, text: str) -> None:
        self._parts.append(PlainPart(at, text))


def _numbers(first: int, last: int) -> str:
    if first == last:
        return f"arrival {last}"
    return f"arrivals {first} {'and' if last == first + 1 else 'to'} {last}"


def _churn(event: Changed) -> str:
    words = event_in_words(event)
    return words.removesuffix(f" cohort {event.cohort}")


def _fortunes(tries: Sequence[Try]) -> str:
    """What became of a delivery; tries that fared alike are one clause."""
    clauses: list[str] = []
    for fortune, alike in groupby(tries, key=lambda each: each.words):
        count = len(list(alike))
        clauses.append(f"{fortune}, {count} tries alike" if count > 1 else fortune)
    return "; then ".join(clauses)


def _fortune(event: Attempted | Duplicated, beside: str) -> str:
    if isinstance(event, Duplicated):
        when = "at the same moment" if event.crossing else "at once"
        return f"a copy {when} → {outcome_in_words(event.reply, event.delivery)}"
    fared = "→ no answer within the time limit" if isinstance(event.reply, NoReply) else attempt_in_words(event)
    if beside == "its copy":
        return f"arrives twice at the same moment {fared.replace(ALONGSIDE, '')}"
    return f"at the same moment as {beside} {fared.replace(ALONGSIDE, '')}" if beside else fared
