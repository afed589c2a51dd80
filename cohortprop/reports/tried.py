"""How the members fared when a receiver that holds the wrong ones was examined, and how its mistake fits beside others.

The line-up of known mistakes is held once more, so that the story can say whether another one would have held whom this
receiver held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.checks import Evidence
from cohortprop.receiver import Receiver
from cohortprop.reports.edits import property_in_words
from cohortprop.reports.phrases import delivery_in_words, listed, plural, shown_id, times
from cohortprop.simulation import (
    Attempted,
    Changed,
    Duplicated,
    Edited,
    Event,
    Garbled,
    History,
    Knocked,
    LateArrived,
    PhaseBegan,
    Probed,
    Renamed,
    Restarted,
    Silenced,
    SyncEnded,
    SyncStarted,
)

__all__ = ["circumstances", "next_to_others", "what_was_tried"]

_FACTS: Final = 3
"""Of the examination, that are told."""


@dataclass(slots=True)
class _Between:
    """What lies between two looks of the examination.

    Args:
        before: whom the receiver held at the first of them.
        after: whom it held at the second.
        source: who was in then, in Mixpanel.
    """

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    source: frozenset[str] = frozenset()
    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    late: LateArrived | None = None
    restarted: bool = False
    failed: bool = False


def _betweens(finding: Finding) -> Iterator[_Between]:
    violation = finding.violation
    events = finding.history.events
    look = events[violation.place]
    if not isinstance(look, Probed) or look.held is None:
        return
    cohort, examining = violation.cohort, False
    now = _Between(look.held.get(cohort, frozenset()))
    for event in events[violation.place + 1 :]:
        match event:
            case PhaseBegan():
                examining = examining or event.phase == "aftermath"
            case Changed() if event.cohort == cohort:
                now.joined += event.joined
                now.left += event.left
            case SyncStarted() if event.cohort == cohort:
                now.kinds.append(event.kind)
            case SyncEnded() if event.cohort == cohort:
                now.failed = now.failed or event.outcome != "succeeded"
            case LateArrived():
                now.late = event
            case Restarted():
                now.restarted = True
            case Probed() if event.held is not None:
                now.after = event.held.get(cohort, frozenset())
                now.source = frozenset(event.source.get(cohort, ()))
                if examining:
                    yield now
                now = _Between(now.after)


def what_was_tried(finding: Finding) -> str:
    """How members who enter and leave fared afterwards, what was wrong of it first."""
    good: dict[str, str] = {}
    bad: dict[str, str] = {}
    for each in _betweens(finding):
        for kind, wrong, text in _facts(each, finding.violation.user):
            (bad if wrong else good).setdefault(kind, text)
    if bad:
        told = [*bad.values(), *(text for kind, text in good.items() if kind not in bad)][:_FACTS]
        return f"Tried afterwards, with no more faults: {'; '.join(told)}."
    done = [_RIGHT[kind] for kind in _RIGHT if kind in good]
    if not done:
        return ""
    takes = [
        f"{what} at that very moment" if what in done else what
        for what in circumstances(finding)
        if what not in done or what == _RIGHT["restart"]
    ]
    needs = f"; so it seems to take {' and '.join(takes)}" if takes else ""
    return f"Tried afterwards, with no more faults, and nothing went wrong: {', '.join(done)}{needs}."


_RIGHT: Final = {
    "mend": "a full sync",
    "join diff": "entering by a diff",
    "leave diff": "leaving by a diff",
    "join full": "entering by a full sync",
    "leave full": "leaving by a full sync",
    "late": "an old request once more",
    "restart": "a restart",
}


def circumstances(finding: Finding) -> list[str]:
    """What there was on the way to the violation, beyond users who come and go."""
    events = finding.history.events[: finding.violation.place]
    drawn = list(takewhile(lambda event: not isinstance(event, PhaseBegan), events))
    return _unusual(drawn) or _unusual(events)  # on the way home there is always a silence


def _unusual(events: Iterable[Event]) -> list[str]:
    found: dict[str, None] = {}
    for event in events:
        match event:
            case Restarted():
                found["a restart"] = None
            case Renamed():
                found["a new name"] = None
            case Edited():
                found[f"a change of the {property_in_words(event.property)}"] = None
            case Duplicated():
                found["a copy of a request"] = None
            case LateArrived():
                found["an old request once more"] = None
            case Garbled() | Knocked():
                found["a stray request"] = None
            case SyncEnded() if event.outcome != "succeeded":
                found["a sync that ends half-way"] = None
            case Silenced():
                found["days without a sync"] = None
        if isinstance(event, Attempted) and event.troubled:
            found["a failing dependency"] = None
        elif isinstance(event, Attempted) and event.fate == "lose":
            found["a lost answer"] = None
    return list(found)


def _facts(between: _Between, concerned: str) -> Iterator[tuple[str, bool, str]]:
    """What is shown between two looks: of which kind it is, whether it is wrong, and in words."""
    if between.late is not None:
        users = between.late.delivery.ids
        changed = between.before != between.after
        what = f"{delivery_in_words(between.late.delivery)} came once more"
        then = "changed who is in" if changed else "changed nothing"
        if users:
            yield "late", changed, f"{what} and {then}"
        return
    if between.restarted and not between.kinds:
        gone = between.before - between.after
        told = f"forgot {listed(sorted(gone))}" if gone else "forgot nobody"
        yield "restart", bool(gone), f"a restart {told}"
        return
    if between.failed or len(between.kinds) != 1 or between.restarted:
        return
    kind = between.kinds[0]
    sync = "a full sync" if kind == "full" else "a diff"
    should = concerned in between.source
    if kind == "full" and not between.joined and not between.left and (concerned in between.before) != should:
        who, stays = shown_id(concerned), (concerned in between.after) != should
        if should:
            told = f"a full sync that named {who} {'did not let' if stays else 'let'} {who} in"
        else:
            told = f"a full sync that did not name {who} {'did not take' if stays else 'took'} {who} out"
        yield "mend", stays, told
    for user in between.left:
        if user in between.before and user not in between.joined:
            stays = user in between.after
            who = shown_id(user)
            how = f"{sync} that no longer named {who}" if kind == "full" else f"{sync} that named {who}"
            then = f"did not take {who} out" if stays else f"took {who} out"
            yield f"leave {kind}", stays, f"{who} left, and {how} {then}"
    for user in between.joined:
        if user not in between.before and user not in between.left:
            there = user in between.after
            who = shown_id(user)
            then = f"let {who} in" if there else f"did not let {who} in"
            yield f"join {kind}", not there, f"{who} entered, and {sync} that named {who} {then}"


def next_to_others(finding: Finding) -> str:
    """How well this mistake explains whom the receiver held, next to the other known ones."""
    violation = finding.violation
    look = finding.history.events[violation.place]
    if not isinstance(look, Probed) or look.held is None or violation.cohort not in look.held:
        return ""
    history = History()
    evidence = Evidence(Receiver(_no_app, id_property=finding.id_property), finding.scenario, history)
    about = violation.place, violation.cohort, violation.user
    for place, event in enumerate(finding.history):
        history.add(event)
        evidence.take(event)
        if place == violation.place:
            evidence.lineup.rank(evidence, *about)
    ranked = evidence.lineup.rank(evidence, *about)
    if not ranked or ranked[0][0] * 4 > evidence.lineup.unexplained:
        return ""
    best = ranked[0][0]
    if violation.cause not in {cause for misses, cause in ranked if misses == best}:
        return ""
    others = [(misses, cause) for misses, cause in ranked if cause != violation.cause]
    nearly = "nearly " if best else ""
    told = (
        f"In all, the receiver was asked {times(len(evidence.looks))} whom it holds, and a receiver with this mistake "
        f"would have answered {nearly}the same"
    )
    if not others:
        return f"{told}; with no other known mistake it would have."
    misses, other = others[0]
    if misses == best:
        return f"{told}; so would one with `{other}`, which is seldom the mistake."
    return f"{told}; with the next likeliest, `{other}`, it would have differed in {plural(misses, 'place')}."


def _no_app(environ: object, start_response: object) -> list[bytes]:
    """Stands for an app that is not asked any more."""
    return []
