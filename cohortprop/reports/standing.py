"""How the receiver stood when the violation showed, and what it did afterwards: read off the looks in the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cohortprop.campaign import Finding
from cohortprop.oracle import IN, OUT, Possible
from cohortprop.reports.words import examined_in_words
from cohortprop.simulation import NEWCOMER, Examined, PhaseBegan, Probed, SyncEnded, SyncStarted
from cohortprop.wire import Reply

__all__ = ["Place", "arrivals_so_far", "follows_refusal", "recovery", "standing", "takes_instead"]

Demand: TypeAlias = Literal["must be in", "must be out", "may be either"]

_ALLOWED: dict[Possible, Demand] = {IN: "must be in", OUT: "must be out", IN | OUT: "may be either"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one user stands.

    Args:
        user: the identity.
        source: whether they are in the cohort, in Mixpanel.
        held: whether the receiver holds them.
        allowed: what a correct receiver may do.
    """

    user: str
    source: bool
    held: bool
    allowed: Demand

    @property
    def wrong(self) -> bool:
        """Whether no correct receiver would do so."""
        return self.allowed == ("must be out" if self.held else "must be in")


def standing(finding: Finding) -> list[Place]:
    """The users of the cohort concerned, the one in question first, then others who are wrong; empty without a look."""
    violation = finding.violation
    look = finding.history.events[violation.place]
    if not isinstance(look, Probed) or look.held is None or violation.cohort not in look.held:
        return []
    held = look.held[violation.cohort]
    source = look.source[violation.cohort]
    users = dict.fromkeys((violation.user, *source, *violation.allowed, *sorted(held)))
    places = [Place(user, user in source, user in held, _allowed(finding, look, user)) for user in users if user]
    return sorted(places, key=lambda place: (place.user != violation.user, not place.wrong))


def _allowed(finding: Finding, look: Probed, user: str) -> Demand:
    violation = finding.violation
    in_source = user in look.source[violation.cohort]
    demand = look.settled.get(violation.cohort)
    if violation.signature == "replay":
        before = finding.history.events[violation.place - 2]
        assert isinstance(before, Probed)
        return "must be in" if user in (before.held or {}).get(violation.cohort, ()) else "must be out"
    if demand == "equal":
        return "must be in" if in_source else "must be out"
    if demand == "include" and in_source:
        return "must be in"
    return _ALLOWED[violation.allowed.get(user, OUT)]


def arrivals_so_far(finding: Finding) -> list[tuple[str, int]]:
    """Arrivals in the cohort concerned by the time of the violation, the user in question first."""
    violation = finding.violation
    look = finding.history.events[violation.place]
    if not isinstance(look, Probed) or look.arrivals is None:
        return []
    users = dict.fromkeys((violation.user, *violation.allowed))
    return [(user, look.arrivals[violation.cohort, user]) for user in users]


def recovery(finding: Finding) -> str:
    """Whether it fixes itself, in a sentence or two; empty where that was not seen."""
    match finding.violation.judge:
        case "acceptance" | "dependency":
            return _AFTER_REFUSAL.get(follows_refusal(finding), "")
        case "arrivals":
            return _after_arrivals(finding)
        case "membership":
            return _after_membership(finding)
    return ""


_AFTER_REFUSAL = {
    "paused": "No: the sync is paused until a person resumes it. Whoever set it up gets an e-mail.",
    "failed": "Hardly: the sync fails, and the next one, within half an hour, sends the same kind of request again.",
}


def _after_membership(finding: Finding) -> str:
    wrong = {place.user for place in standing(finding) if place.wrong} | {finding.violation.user}
    stages = [_are_right(wrong, look, finding.violation.cohort) for look in _aftermath_looks(finding, 2)]
    if not stages:
        return ""
    if stages[0]:
        return f"Yes: the next sync{', a full one,' if _next_is_full(finding) else ''} puts it right."
    if len(stages) > 1 and stages[1]:
        return (
            "Not soon: ordinary syncs send only what has changed. The next full sync puts it right, "
            "but Mixpanel sends one only after three days without a successful sync."
        )
    if len(stages) > 1:
        return "No: neither the next sync nor a full sync puts it right."
    return "Not with the next sync."


def _after_arrivals(finding: Finding) -> str:
    cohort = finding.violation.cohort
    counts = [look.arrivals for look in _aftermath_looks(finding, 3) if look.arrivals is not None]
    if finding.violation.signature == "few":
        return "Not by itself: for Mixpanel the entry is delivered, and no diff names the user again."
    told = "No: what the app has done cannot be taken back"
    if len(counts) > 1 and any(count > counts[0][key] for key, count in counts[1].items() if key[0] == cohort):
        return f"{told}, and with the next full sync, in which nothing was new, it acted again."
    if len(counts) > 2 and counts[2][cohort, NEWCOMER] > 1:
        return f"{told}, and when another request had to be sent again, it acted twice for that one, too."
    return f"{told}."


def _next_is_full(finding: Finding) -> bool:
    started = (
        event
        for event in finding.history.events[finding.violation.place + 1 :]
        if isinstance(event, SyncStarted) and event.cohort == finding.violation.cohort
    )
    first = next(started, None)
    return first is not None and first.kind == "full"


def follows_refusal(finding: Finding) -> str:
    """How the sync ended whose delivery was refused: `paused` or `failed`; empty when that is not known."""
    events = finding.history.events
    for event in events[finding.violation.place :]:
        if isinstance(event, PhaseBegan):
            break
        if isinstance(event, SyncEnded) and event.outcome != "succeeded":
            return event.outcome
    return ""


def _aftermath_looks(finding: Finding, most: int) -> Iterator[Probed]:
    """The last look of each of the first stages of the examination."""
    stage = 0
    last: Probed | None = None
    for event in finding.history.events[finding.violation.place + 1 :]:
        if isinstance(event, PhaseBegan) and event.phase == "aftermath":
            if stage and last is not None:
                yield last
            stage, last = event.stage, None
            if stage > most:
                return
        elif isinstance(event, Probed) and stage:
            last = event
    if stage and last is not None:
        yield last


def _are_right(users: set[str], look: Probed, cohort: str) -> bool:
    return look.held is not None and look.held[cohort] & users == users.intersection(look.source[cohort])


def takes_instead(finding: Finding) -> str:
    """Which change to the refused delivery made the receiver take it; empty where none was tried."""
    examined = [event for event in finding.history.events[finding.violation.place :] if isinstance(event, Examined)]
    if not examined:
        return ""
    taken = [event for event in examined if event.without and isinstance(event.reply, Reply) and event.reply.accepted]
    as_it_was = [event for event in examined if not event.without]
    told = "; ".join(examined_in_words(event) for event in (*as_it_was, *taken[:1]))
    others = len(examined) - len(as_it_was)
    if not taken and others:
        told += f"; and no better with {'the one change' if others == 1 else f'any of {others} changes'} that was tried"
    return f"The same request, sent again {told}."
