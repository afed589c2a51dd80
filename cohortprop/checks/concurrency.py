"""`concurrency`: requests that are worked on at the same time do no harm to each other.

Several connections sync in parallel, and a copy of a request may come while the first one is still being worked on.
What is wrong then shows as it does elsewhere: in who is held, in the mails, in the answers. That it is a race is shown
by an experiment. The same steps are taken once more with a fresh receiver, and all that met now comes in turn, one way
round and then the other. What is wrong there, too, is no race, and keeps the name that it has without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from cohortprop.checks.acceptance import REFUSALS
from cohortprop.checks.arrivals import ARRIVED
from cohortprop.checks.base import Cause, Check, Judge, Violation
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.membership import HOLDINGS
from cohortprop.simulation import Attempted, Duplicated, Event, Hung, Probed, Scenario
from cohortprop.simulation.steps import Collide, Step, SyncTogether

__all__ = ["CONCURRENCY", "cause_in_a_race", "crossings", "in_turn", "just_crossed"]

CAUSES: Final = (
    Cause(
        "lost-in-a-race",
        "Two requests that are worked on at the same time overwrite each other's work: somebody is lost, or stays.",
        "Read, change and write in one transaction that locks what it reads, or under one lock; a unique key and an "
        "upsert where a row is made on first sight.",
    ),
    Cause(
        "acted-twice-in-a-race",
        "Two requests that are worked on at the same time both find that a user was not acted upon yet, and both act.",
        "Let the record decide: insert it under a unique key first, and act only if the insert was yours.",
    ),
    Cause(
        "fails-in-a-race",
        "A request is refused for good only because another one is worked on at the same time.",
        "Wait for the lock, or answer 503 or 429 so that the request comes again; a conflict with another request is "
        "transient.",
    ),
    Cause(
        "deadlock",
        "Two requests that are worked on at the same time wait for each other for ever.",
        "Take locks in one order everywhere, sorted by id, or take a single one; and give each wait a time limit.",
    ),
    Cause(
        "stumbles-in-a-race",
        "A request failed while another one was worked on, and was taken on a retry.",
        "See the traceback: what it met there will not always end so well.",
        severity="advice",
    ),
)

CONCURRENCY: Final = Check(
    "concurrency",
    "Requests that are worked on at the same time do no harm to each other.",
    'Section "Sync Behavior": each connection syncs by itself, so several are under way at once; and what is retried '
    "after a time-out may still be being worked on.",
    (HOLDINGS, ARRIVED, REFUSALS),
    CAUSES,
    profile="hostile",
)

_IN_A_RACE: Final[Mapping[tuple[str, str], str]] = {
    ("arrivals", "many"): "acted-twice-in-a-race",
    ("arrivals", "few"): "lost-in-a-race",
    ("acceptance", "hang"): "deadlock",
    ("acceptance", "refusal"): "fails-in-a-race",
    ("acceptance", "failure"): "fails-in-a-race",
    ("acceptance", "stumble"): "stumbles-in-a-race",
}


def cause_in_a_race(judge: Judge, violation: Violation) -> str | None:
    """The name of what this judge has found, given that it happens in a race only; None if it cannot be one."""
    if judge.name == "membership":
        return "lost-in-a-race"
    return _IN_A_RACE.get((judge.name, violation.signature))


def just_crossed(violation: Violation, evidence: Evidence) -> bool:
    """Whether requests were under way together right before the violation: since the look before, or at the answer."""
    events = evidence.history.events
    last = events[violation.place]
    if isinstance(last, Hung):
        return last.crossing > 0
    if violation.delivery is not None:
        return any(
            isinstance(event, Attempted) and event.delivery is violation.delivery and event.crossing > 0
            for event in events[: violation.place + 1]
        )
    for event in reversed(events[: violation.place]):
        if isinstance(event, Probed):
            break
        if isinstance(event, (Attempted, Duplicated)) and event.crossing:
            return True
    return False


def in_turn(scenario: Scenario) -> Iterator[Scenario]:
    """The same scenario with all that met in it one after the other: one way round, then the other."""
    dialect = replace(scenario.dialect, deliveries_at_once="in_turn")
    for order in (0, 1):
        steps = tuple(_ordered(step, order) for step in scenario.steps)
        yield replace(scenario, dialect=dialect, steps=steps)


def _ordered(step: Step, order: int) -> Step:
    return replace(step, seed=order) if isinstance(step, (SyncTogether, Collide)) else step


def crossings(events: list[Event]) -> int:
    """How many times two requests were under way at the same time."""
    return max((event.crossing for event in events if isinstance(event, (Attempted, Hung))), default=0)
