"""Reads a history up to the violation and makes a part of each sync, silence, change and mishap in it."""

from __future__ import annotations

from typing import Final

from cohortprop.campaign import Finding
from cohortprop.checks import Violation
from cohortprop.reports.edits import edits_in_words, news_carried
from cohortprop.reports.exchange import failing_exchange
from cohortprop.reports.parts import Part, PlainPart, QuietPart, SyncPart, Told, Try
from cohortprop.reports.phrases import delivery_in_words, listed, outcome_in_words, shown_id, span, times
from cohortprop.reports.words import event_in_words, stray_in_words
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
from cohortprop.wire import MEMBERS, SNAPSHOT_LIFETIME

__all__ = ["Narrator"]

_MEANINGS: Final = {
    "full": "a full one: everybody is sent",
    "diff": "only who has entered or left",
}
"""What a kind of sync is, for whoever reads of it for the first time."""
_RESTARTED: Final = "the receiver is restarted: what it has only in memory is gone"


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
        self._held: frozenset[str] | None = None
        self._arrivals = 0
        self._since: list[tuple[Told, Try]] = []
        self._sent_at: dict[int, float] = {}
        self._edits = edits_in_words(finding.history.events)
        self._news = news_carried(finding.history.events, finding.id_property)
        self._place = 0
        self._restart: tuple[SyncPart, int] | PlainPart | None = None

    def tell(self) -> list[Part]:
        """Everything in order."""
        events = self._finding.history.events
        place = self._violation.place
        failing = failing_exchange(self._finding)
        for number, event in enumerate(events):
            if number > place and isinstance(event, (PhaseBegan, Probed)):
                break  # until then it is what the sender made of the answer
            self._place = number
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
                before = "" if sent is None else f", first sent {span(event.at - sent)} before"
                self._plain(event.at, f"an old request arrives once more: {which}{before} → {answer}")
            case Knocked() | Garbled():
                self._plain(event.at, stray_in_words(event))
            case Probed():
                self._looked(event)
            case Changed():
                merged = isinstance(self._step, Merge) and event.joined == (self._step.new,)
                self._changed(event, self._merge() if merged else _churn(event))
            case Edited():
                self._plain(event.at, self._edits[self._place])
            case Renamed() | Described():
                self._plain(event.at, event_in_words(event))
            case OutageBegan():
                self._parts.append(QuietPart(event.at, event.until, _outage(event)))
            case Silenced():
                self._parts.append(QuietPart(event.at, event.until, "no sync gets through"))
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
        meaning = "" if event.cohort in self._one_time else _MEANINGS[event.kind]
        first = event.cohort not in self._began
        scene = SyncPart(event.at, event.cohort, event.session, head, meaning, first=first)
        self._began.add(event.cohort)
        self._running[event.session] = scene
        self._parts.append(scene)

    def _kind(self, event: SyncStarted) -> str:
        if event.cohort in self._one_time:
            return "one-time export"
        if event.kind == "diff":
            return "diff, tried again" if event.cohort in self._failed else "diff"
        succeeded = self._last_success.get(event.cohort)
        if event.cohort not in self._began:
            return "first sync"
        if succeeded is None:
            return "full sync, from the start again"
        if event.at - succeeded >= SNAPSHOT_LIFETIME:
            return "full sync, because none has succeeded for three days"
        return "full sync, to refresh"

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
            last = Told(delivery, news=self._news.get(id(delivery), ""))
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
            last.items.append(_RESTARTED)
            self._restart = last, len(last.items) - 1
        else:
            self._restart = PlainPart(event.at, _RESTARTED)
            self._parts.append(self._restart)
        self._since.clear()  # what a look shows from here on has come of the restart, too

    def _looked(self, event: Probed) -> None:
        """Note what the look shows, beside the request that it came of."""
        cohort, user, judge = self._violation.cohort, self._violation.user, self._violation.judge
        if user and event.arrivals is not None and judge == "arrivals":
            count = event.arrivals[cohort, user]
            if count > self._arrivals:
                self._note(event.at, _acted(user, self._arrivals, count))
            self._arrivals = count
        if user and event.held is not None and judge == "membership":
            self._noted_holding(event, event.held.get(cohort, frozenset()))
        self._since.clear()
        self._restart = None

    def _noted_holding(self, event: Probed, held: frozenset[str]) -> None:
        """Whom the receiver holds: after each request that matters to the user, and where something has changed."""
        before, self._held = self._held, held
        if event is self._violating_look:
            return
        changed = held != (before or frozenset()) or self._restart is not None
        if not changed and not any(told.delivery.cohort_id == self._violation.cohort for told, _ in self._naming()):
            return
        where = f" in cohort {self._violation.cohort}" if self._several else ""
        then = "then" if self._since or self._restart is not None else "now"
        self._note(event.at, f"the receiver {then} holds {listed(sorted(held))}{where}")

    @property
    def _violating_look(self) -> Event:
        return self._finding.history.events[self._violation.place]

    def _naming(self) -> list[tuple[Told, Try]]:
        """The tries since the last look that arrived and say something about the user."""
        cohort, user = self._violation.cohort, self._violation.user
        return [
            (told, each)
            for told, each in self._since
            if each.event.reply is not None
            and told.delivery.cohort_id == cohort
            and (told.delivery.action == MEMBERS or user in told.delivery.identities(self._finding.id_property))
        ]

    def _note(self, at: float, text: str) -> None:
        """Beside the delivery that it came of, as far as that can be told."""
        named = [each for each in self._naming() if self._names(each[0], self._violation.user)]
        if self._since:
            (named or self._naming() or self._since)[-1][1].notes.append(text)
        elif isinstance(self._restart, PlainPart):
            self._restart.text += f"; {text}"
        elif self._restart is not None:
            part, number = self._restart
            part.items[number] = f"{part.items[number]}; {text}"
        else:
            self._plain(at, text)

    def _names(self, told: Told, user: str) -> bool:
        return user in told.delivery.identities(self._finding.id_property)

    def _changed(self, event: Changed, text: str) -> None:
        violation = self._violation
        whose = f" cohort {event.cohort}" if self._several else ""
        elsewhere = event.cohort != violation.cohort and violation.user not in (*event.joined, *event.left)
        self._parts.append(PlainPart(event.at, text + whose, change=True, elsewhere=elsewhere))

    def _merge(self) -> str:
        assert isinstance(self._step, Merge)
        old, new = shown_id(self._step.old), shown_id(self._step.new)
        return f"{old} and {new} turn out to be one user: the id {old} is replaced by {new}"

    def _plain(self, at: float, text: str) -> None:
        self._parts.append(PlainPart(at, text))


def _acted(user: str, before: int, now: int) -> str:
    if before:
        return f"the app acts on {shown_id(user)} again: {times(now)} by now"
    return f"the app acts on {shown_id(user)}" + (" for the first time" if now == 1 else f" {times(now)}")


def _churn(event: Changed) -> str:
    words = event_in_words(event)
    return words.removesuffix(f" cohort {event.cohort}")


def _outage(event: OutageBegan) -> str:
    head = f"an outage: no request gets through ({outcome_in_words(event.answer)})"
    if not event.lost:
        return head
    which = "the first one still reaches" if event.lost == 1 else f"the first {event.lost} still reach"
    return f"{head}, but {which} the receiver, whose answer gets lost"
