"""Shrinking: from a scenario that fails to the shortest one that fails in the same way, with the same check and cause.

It works on the data, not on the draws: steps are dropped in ever smaller chunks, then each is made simpler, then the
world around them (users, cohorts, readings, page size). Any sublist of steps is a scenario, so every candidate runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, fields, replace
from typing import Any, Final

from cohortprop.sender import Dialect
from cohortprop.simulation import Scenario
from cohortprop.simulation.scenario import DEFAULT_START
from cohortprop.simulation.steps import (
    CREDENTIALS,
    GARBLINGS,
    BackAndForth,
    ExpireSnapshot,
    Garble,
    Join,
    Knock,
    Leave,
    Step,
    Sync,
)
from cohortprop.stopwatch import Stopwatch
from cohortprop.wire import BATCH_SIZE

__all__ = ["shrink"]

_CROWD: Final = 50
_SIMPLEST: Final = (("probing", "delivery"), ("strict_replays", False), ("exported", ()), ("start", DEFAULT_START))

Fails = Callable[[Scenario], Scenario | None]


def shrink(scenario: Scenario, fails: Fails, *, seconds: float = 5.0, excludes: Collection[str] = ()) -> Scenario:
    """The shortest scenario found that still fails.

    Args:
        scenario: fails.
        fails: runs a candidate; returns the scenario as far as it was run when it fails in the same way, else None.
        seconds: real time after which the best so far must do.
        excludes: readings, written ``question=reading``, that the receiver does not support: not to be tried.

    Example:
        >>> from cohortprop.simulation import CohortSeed
        >>> both = Scenario((CohortSeed("7", "VIPs", ("ann", "bob")),), (Sync("7"), Leave("7", ("ann",)), Sync("7")))
        >>> needs_leave = lambda candidate: candidate if any(isinstance(s, Leave) for s in candidate.steps) else None
        >>> shrink(both, needs_leave).steps
        (Leave(cohort='7', users=('ann',)),)
    """
    watch = Stopwatch(seconds)
    tried: set[str] = set()

    def attempt(candidate: Scenario) -> Scenario | None:
        key = repr(candidate)
        if key in tried or watch.expired:
            return None
        tried.add(key)
        if any(f"{question}={reading}" in excludes for question, reading in asdict(candidate.dialect).items()):
            return None
        return fails(candidate)

    best = scenario
    while not watch.expired:
        before = best
        best = _drop_steps(best, attempt)
        for simpler in (_simpler_worlds, _simpler_steps, _plainer_users):
            best = _descend(best, simpler, attempt)
        if best == before:
            break
    return best


def _drop_steps(scenario: Scenario, attempt: Fails) -> Scenario:
    """Delta debugging: drop chunks of steps, halving the chunks until single steps cannot go."""
    size = max(1, len(scenario.steps) // 2)
    while True:
        place = len(scenario.steps)
        while place > 0:
            start = max(0, place - size)
            shorter = attempt(scenario.with_steps(scenario.steps[:start] + scenario.steps[place:]))
            if shorter is not None:
                scenario = shorter
            place = min(start, len(scenario.steps))
        if size == 1:
            return scenario
        size //= 2


def _descend(scenario: Scenario, simpler: Callable[[Scenario], Iterator[Scenario]], attempt: Fails) -> Scenario:
    """Take the first simpler scenario that fails, and go on from there, until none does."""
    found = True
    while found:
        found = False
        for candidate in simpler(scenario):
            accepted = attempt(candidate)
            if accepted is not None:
                scenario = accepted
                found = True
                break
    return scenario


def _simpler_worlds(scenario: Scenario) -> Iterator[Scenario]:
    """Fewer cohorts, fewer members, more of the default readings."""
    for cohort in scenario.cohorts:
        if len(scenario.cohorts) > 1:
            kept = tuple(each for each in scenario.cohorts if each is not cohort)
            steps = tuple(step for step in scenario.steps if getattr(step, "cohort", None) != cohort.id)
            yield replace(scenario, cohorts=kept, steps=steps)
    default = Dialect()
    for name in scenario.dialect.departures:
        yield replace(scenario, dialect=replace(scenario.dialect, **{name: getattr(default, name)}))
    for page_size in (BATCH_SIZE, 2):
        if scenario.page_size < page_size:
            yield replace(scenario, page_size=page_size)
    for name, simplest in _SIMPLEST:
        if getattr(scenario, name) != simplest:
            yield replace(scenario, **{name: simplest})  # type: ignore[arg-type]  # name and value go together
    for number, cohort in enumerate(scenario.cohorts):
        for change in _simpler_cohort_parts(cohort.members):
            yield _with_cohort(scenario, number, members=change)
        if cohort.one_time:
            yield _with_cohort(scenario, number, one_time=False)
        if number and cohort.connection != scenario.cohorts[0].connection:
            yield _with_cohort(scenario, number, connection=scenario.cohorts[0].connection)


def _simpler_cohort_parts(members: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    size = len(members) // 2
    least = len(members) // 16 if len(members) > _CROWD else 0  # of a crowd, no single member is worth a run
    while size > least:
        for start in range(0, len(members), size):
            yield members[:start] + members[start + size :]
        size //= 2
    if len(members) == 1:
        yield ()


def _with_cohort(scenario: Scenario, number: int, **changes: Any) -> Scenario:
    cohorts = list(scenario.cohorts)
    cohorts[number] = replace(cohorts[number], **changes)
    return replace(scenario, cohorts=tuple(cohorts))


def _simpler_steps(scenario: Scenario) -> Iterator[Scenario]:
    """Each step in a simpler form."""
    for place, step in enumerate(scenario.steps):
        for simpler in _simpler_step(step):
            yield scenario.with_steps((*scenario.steps[:place], *simpler, *scenario.steps[place + 1 :]))


def _simpler_step(step: Step) -> Iterator[tuple[Step, ...]]:
    if isinstance(step, BackAndForth):
        yield (Leave(step.cohort, step.users), Join(step.cohort, step.users))
    if isinstance(step, ExpireSnapshot):
        yield (Leave(step.cohort, step.leaves), Join(step.cohort, step.joins), Sync(step.cohort))
    if isinstance(step, Garble) and step.how != GARBLINGS[0]:
        yield (Garble(GARBLINGS[0]),)
    if isinstance(step, Knock) and step.credentials != CREDENTIALS[0]:
        yield (Knock(CREDENTIALS[0]),)
    for part in fields(step):
        value = getattr(step, part.name)
        for smaller in _smaller(part.name, value):
            yield (_with(step, **{part.name: smaller}),)


def _with(step: Step, **changes: Any) -> Step:
    changed: Step = replace(step, **changes)
    return changed


def _smaller(name: str, value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        least = 0 if name in ("joins", "leaves") else 1
        for number in range(len(value)):
            if len(value) > least:
                yield value[:number] + value[number + 1 :]
    elif name == "status" and value != 503:
        yield 503
    elif isinstance(value, int) and not isinstance(value, bool) and name != "status":
        least = {"attempts": 1, "days": 1}.get(name, 0)
        for smaller in (least, value // 2) if name == "seconds" else (least, value // 2, value - 1):
            if least <= smaller < value:
                yield smaller


def _plainer_users(scenario: Scenario) -> Iterator[Scenario]:
    """Everybody under a plain name, if the odd one is not the point."""
    plain = ("ann", "bob", "cy", "dan", "eve", "fay", "gus", "hal")
    present = _users(scenario)
    for user in present:
        if user in plain:
            continue
        for other in plain:
            if other not in present:
                yield _rename(scenario, user, other)
                break


def _users(scenario: Scenario) -> list[str]:
    found: dict[str, None] = {}
    for cohort in scenario.cohorts:
        found.update(dict.fromkeys(cohort.members))
    for step in scenario.steps:
        for part in fields(step):
            value = getattr(step, part.name)
            if part.name in ("users", "joins", "leaves"):
                found.update(dict.fromkeys(value))
            elif part.name in ("user", "old", "new"):
                found[value] = None
    return list(found)


def _rename(scenario: Scenario, old: str, new: str) -> Scenario:
    def renamed(users: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if user == old else user for user in users)

    steps = []
    for step in scenario.steps:
        changes: dict[str, Any] = {}
        for part in fields(step):
            value = getattr(step, part.name)
            if part.name in ("users", "joins", "leaves"):
                changes[part.name] = renamed(value)
            elif part.name in ("user", "old", "new") and value == old:
                changes[part.name] = new
        steps.append(_with(step, **changes))
    cohorts = tuple(replace(cohort, members=renamed(cohort.members)) for cohort in scenario.cohorts)
    return replace(scenario, cohorts=cohorts, steps=tuple(steps))
