"""The search: a Hypothesis rule-based state machine whose rules draw steps and hand each to a trial.

It is a real `RuleBasedStateMachine`, so Hypothesis' own swarm testing, statistics, database and profiles apply, and its
`.TestCase` is what pytest collects. All it does itself is to draw: which world, which step, about whom. Rules look at
the source as it stands, so that "somebody leaves" means somebody who is there; the steps they hand on are concrete.

Users and cohorts are drawn as one choice from a list of small subsets: an argument costs more than a rule does.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, product
from typing import Any, Final, NoReturn, TypeAlias

from hypothesis import strategies as st
from hypothesis.errors import StopTest
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cohortprop.checks import Violation
from cohortprop.receiver import Receiver
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Probing, Scenario, World
from cohortprop.simulation.scenario import DEFAULT_START
from cohortprop.simulation.steps import (
    CREDENTIALS,
    GARBLINGS,
    AbortSync,
    BackAndForth,
    Collide,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Merge,
    Outage,
    PassTime,
    Probe,
    Rename,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Settle,
    Step,
    Sync,
    SyncTogether,
    Trouble,
    Wait,
)
from cohortprop.simulation.universe import CAST, COHORTS, ODD_CAST
from cohortprop.trial import Outcome, Trial, TrialKit

__all__ = ["MachinePlan", "ViolationFound", "build_machine", "fitted_to", "violation_error"]

Readings: TypeAlias = "dict[str, tuple[str, ...]]"

_HOUR: Final = 3600
_WAITS: Final = (600, 1800, 2 * _HOUR, 5 * _HOUR)
_OUTAGES: Final = (20, 1800, 6 * _HOUR, 80 * _HOUR)
_REFUSALS: Final = (503, 503, 429, 500, None, 404, 404)
_FATES: Final = (
    ("lose",),
    ("duplicate",),
    ("deliver", "lose"),
    ("deliver", "duplicate"),
    ("lose", "duplicate"),
    ("refuse 503", "lose"),
    ("lose", "lose", "lose"),
)
_DAYS: Final = (1, 4, 31, 366)
_STARTS: Final = (DEFAULT_START, DEFAULT_START, DEFAULT_START, "2026-01-31T20:40:00+00:00", "2026-12-31T22:20:00+00:00")
"""Some trials begin a few syncs before the end of a month, or of a year."""
_GARBLINGS: Final = tuple(how for how in GARBLINGS if how != "too many members")
"""A crowd makes each later look of a trial slow, and so, like full pages, it is in a canonical scenario only."""
_SEEDS: Final = tuple(range(16))
"""Of an interleaving."""
_SHAPES: Final = tuple(
    (odd, page_size, probing, one_time, start)
    for odd in (False, False, True)
    for page_size in (1, 2, 2, 3, 1000)
    for probing in ("delivery", "delivery", "step", "seldom")
    for one_time in (False, False, False, False, False, False, False, True)
    for start in _STARTS
)
"""Odd ids or not, page size, when the receiver is looked at, whether it is a one-time export, and the first moment."""


_SECOND: Final = {2: ("webhook", "1"), 3: ("second", "1"), 4: ("second", "2")}
"""Connection and project of a second cohort."""


class ViolationFound(AssertionError):
    """A check failed; the base of one class for each check and cause, since Hypothesis tells failures apart by type."""

    outcome: Outcome


@cache
def violation_error(check: str, cause: str) -> type[ViolationFound]:
    """The exception class for this check and cause, the same one each time.

    Example:
        >>> violation_error("membership", "last-page-wins").__name__
        'MembershipLastPageWins'
    """
    name = "".join(part.capitalize() for part in f"{check}-{cause}".split("-"))
    return type(name, (ViolationFound,), {"__module__": __name__})


@dataclass(slots=True)
class MachinePlan:
    """What a machine draws from, and whom it tells.

    Args:
        kit: what trials share; called at the start of each, so that it may be opened late.
        readings: the dialect's choices, by question; a function when the receiver is not known before the first trial.
        faults: whether the world is more than the document says.
        strict_replays: whether late copies of acknowledged deliveries must change nothing.
        restarts: whether the receiver can be restarted.
        troubles: whether its dependency can be made to fail.
        crossings: whether deliveries are under way at the same time.
        credentials: whether it asks for credentials.
        muted: causes that are known, as (check, cause); may grow while the machine runs.
        tell: hears of each trial's outcome; when it is None, a violation is raised instead.
        raising: called with the outcome before a violation is raised; may raise something else to end the run.
        may_stop: called before each trial; raises to end the run.
        broken: called with an exception out of a trial, such as a UsageError from a probe, before it goes on its way;
            may raise something else to end the run. Hypothesis would try again, and might see another failure then.
        seed: of the choice among whole dialects.
    """

    kit: Callable[[], TrialKit]
    readings: Readings | Callable[[], Readings]
    faults: bool = True
    strict_replays: bool = False
    restarts: bool = False
    troubles: bool = False
    crossings: bool = False
    credentials: bool = False
    muted: Collection[tuple[str, str]] = field(default_factory=set)
    tell: Callable[[Outcome], None] | None = None
    raising: Callable[[Outcome], None] = lambda _outcome: None
    may_stop: Callable[[], None] = lambda: None
    broken: Callable[[Exception], None] = lambda _fault: None

    @classmethod
    def for_receiver(cls, receiver: Receiver, kit: Callable[[], TrialKit], **others: Any) -> MachinePlan:
        """A plan with what this receiver's description makes possible."""
        return cls(
            kit,
            restarts=receiver.restart is not None,
            troubles=receiver.dependency is not None,
            credentials=receiver.credentials is not None,
            **others,
        )


def _drawn_dialects(readings: Readings | Callable[[], Readings]) -> st.SearchStrategy[Dialect]:
    if callable(readings):
        return st.deferred(lambda: st.sampled_from(_dialects(readings())))
    return st.sampled_from(_dialects(readings))


def _dialects(readings: Readings) -> tuple[Dialect, ...]:
    """Dialects to draw from: all combinations of the readings where they are few, else a fixed sample of them."""
    total = 1
    for choices in readings.values():
        total *= len(choices)
    if total <= 64:
        combined: Iterable[tuple[str, ...]] = product(*readings.values())
    else:
        pick = random.Random(total).choice
        combined = [tuple(pick(choices) for choices in readings.values()) for _ in range(256)]
    return tuple(Dialect.pin(dict(zip(readings, chosen, strict=True))) for chosen in combined)


def _subsets(size: int) -> tuple[tuple[int, ...], ...]:
    """Places of one, two or three users; one more often than two, two more often than three."""
    ones = [(place,) for place in range(size)]
    twos = list(combinations(range(size), 2))
    return (*ones, *ones, *twos[:: max(1, len(twos) // (2 * size))], tuple(range(3)))


def build_machine(plan: MachinePlan, name: str = "CohortMachine") -> type[RuleBasedStateMachine]:
    """A state machine class for this plan.

    Args:
        plan: what to draw from, and whom to tell.
        name: of the class; part of the key under which Hypothesis keeps failures.
    """
    groups = _subsets(len(CAST))
    whom = st.sampled_from([(cohort, group) for cohort in (0, 0, 1) for group in groups])
    which = st.sampled_from((0, 0, 1))

    class Machine(RuleBasedStateMachine):
        """Draws steps; the trial does the rest."""

        def __init__(self) -> None:
            super().__init__()
            self.trial: Trial | None = None

        @initialize(
            dialect=_drawn_dialects(plan.readings),
            cohorts=st.sampled_from((1, 1, 1, 2, 3, 4)),
            shape=st.sampled_from(_SHAPES),
            ending=st.sampled_from(groups),
        )
        def begin(
            self, dialect: Dialect, cohorts: int, shape: tuple[bool, int, Probing, bool, str], ending: tuple[int, ...]
        ) -> None:
            plan.may_stop()
            odd, page_size, probing, one_time, start = shape
            self.cast = ODD_CAST if odd else CAST
            self.ending = ending
            self.probing = probing
            seeds = [CohortSeed(*COHORTS[0], self.cast[:3], one_time=one_time and cohorts == 1)]
            if cohorts > 1:
                connection, project = _SECOND[cohorts]
                seeds.append(CohortSeed(*COHORTS[1], self.cast[1:5], project_id=project, connection=connection))
            scenario = Scenario(
                tuple(seeds), (), dialect, page_size, probing, strict_replays=plan.strict_replays, start=start
            )
            try:
                self.trial = Trial(plan.kit(), scenario, plan.muted)
            except Exception as fault:
                plan.broken(fault)
                raise

        @rule(target_users=whom)
        def churn(self, target_users: tuple[int, tuple[int, ...]]) -> None:
            cohort, joins, leaves = self._sides(target_users)
            if leaves:
                self._apply(Leave(cohort, leaves))
            if joins:
                self._apply(Join(cohort, joins))

        @rule(cohort=which)
        def sync(self, cohort: int) -> None:
            self._apply(Sync(self._cohort(cohort)))

        @rule(target_users=whom)
        def churn_and_sync(self, target_users: tuple[int, tuple[int, ...]]) -> None:
            self.churn(target_users)
            self._apply(Sync(self._cohort(target_users[0])))

        @rule(seconds=st.sampled_from(_WAITS))
        def wait(self, seconds: int) -> None:
            self._apply(Wait(seconds))

        @rule(seconds=st.sampled_from(_OUTAGES), status=st.sampled_from((503, 429, None)))
        def outage(self, seconds: int, status: int | None) -> None:
            lost = 1 if plan.faults and status is None else 0
            self._apply(Outage(seconds, status, lost))

        @rule(cohort=which, after=st.sampled_from((0, 1, 1, 2)), status=st.sampled_from(_REFUSALS))
        def abort(self, cohort: int, after: int, status: int | None) -> None:
            self._apply(AbortSync(self._cohort(cohort), after, status))

        @rule(cohort=which)
        def flip_failed(self, cohort: int) -> None:
            self._apply(FlipFailed(self._cohort(cohort)))

        @rule(days=st.sampled_from(_DAYS))
        def pass_time(self, days: int) -> None:
            self._apply(PassTime(days))

        @rule(target_users=whom, after=st.sampled_from((None, None, 1, 2)))
        def expire(self, target_users: tuple[int, tuple[int, ...]], after: int | None) -> None:
            cohort, joins, leaves = self._sides(target_users)
            self._apply(ExpireSnapshot(cohort, joins, leaves, synced=after is None))
            if after is not None:
                self._apply(AbortSync(cohort, after))

        @rule(cohort=which, expires=st.booleans())
        def everyone_leaves(self, cohort: int, expires: bool) -> None:
            target = self._cohort(cohort)
            everyone = tuple(self._world.source.members(target))
            if expires:
                self._apply(ExpireSnapshot(target, (), everyone))
            elif everyone:
                self._apply(Leave(target, everyone))

        @rule(target_users=whom, synced=st.booleans())
        def back_and_forth(self, target_users: tuple[int, tuple[int, ...]], synced: bool) -> None:
            cohort, _, leaves = self._sides(target_users)
            if leaves:
                self._apply(BackAndForth(cohort, leaves, synced))

        @rule(cohort=which)
        def resume(self, cohort: int) -> None:
            if not self._world.sender.subscriptions[self._cohort(cohort)].acts:
                self._apply(Resume(self._cohort(cohort)))

        @rule(cohort=which, name=st.sampled_from(("VIPs", "Trials", "Big spenders", "Früher")))
        def rename(self, cohort: int, name: str) -> None:
            self._apply(Rename(self._cohort(cohort), name))
            if name == "VIPs":
                self._apply(Describe(self._cohort(cohort), "edited"))

        @rule(user=st.sampled_from(range(len(CAST))), other=st.sampled_from(range(len(CAST))))
        def edit(self, user: int, other: int) -> None:
            address = f"{CAST[other]}@{'example' if user > other else 'new.example'}.com"
            self._apply(Edit(self.cast[user], "email", address))

        @rule(users=st.sampled_from(groups))
        def merge(self, users: tuple[int, ...]) -> None:
            if len(users) > 1:
                self._apply(Merge(self.cast[users[0]], self.cast[users[1]]))

        if plan.faults:

            @rule(fates=st.sampled_from(_FATES), cohort=which)
            def fates(self, fates: tuple[str, ...], cohort: int) -> None:
                self._apply(Fates(fates))
                self._apply(Sync(self._cohort(cohort)))

            @rule(target_users=whom)
            def lose_last_ack(self, target_users: tuple[int, tuple[int, ...]]) -> None:
                self.churn(target_users)
                self._apply(LoseLastAck(self._cohort(target_users[0])))

            @rule(back=st.sampled_from((0, 1, 1, 2, 3, 5, 8)))
            def replay(self, back: int) -> None:
                self._apply(Replay(back))

            @rule(how=st.sampled_from(_GARBLINGS))
            def garble(self, how: str) -> None:
                self._apply(Garble(how))

        if plan.credentials:

            @rule(credentials=st.sampled_from(CREDENTIALS))
            def knock(self, credentials: str) -> None:
                self._apply(Knock(credentials))

        if plan.restarts:

            @rule()
            def restart(self) -> None:
                self._apply(Restart())

            @rule(cohort=which, after=st.sampled_from((1, 1, 2)))
            def restart_inside(self, cohort: int, after: int) -> None:
                self._apply(RestartInside(self._cohort(cohort), after))

            @rule(cohort=which, after=st.sampled_from((1, 1, 2)))
            def restart_inside_full_sync(self, cohort: int, after: int) -> None:
                self._apply(ExpireSnapshot(self._cohort(cohort), synced=False))
                self._apply(RestartInside(self._cohort(cohort), after))

        if plan.troubles:

            @rule(attempts=st.sampled_from((1, 2, 7)), target_users=whom)
            def trouble(self, attempts: int, target_users: tuple[int, tuple[int, ...]]) -> None:
                self._apply(Trouble(attempts))
                self.churn_and_sync(target_users)

        if plan.crossings:

            @rule(target_users=whom, seed=st.sampled_from(_SEEDS))
            def sync_together(self, target_users: tuple[int, tuple[int, ...]], seed: int) -> None:
                self.churn(target_users)
                if target_users[0] == 0 and len(self._world.scenario.cohorts) > 1:
                    self.churn((1, target_users[1]))
                self._apply(SyncTogether(seed))

            @rule(target_users=whom, seed=st.sampled_from(_SEEDS))
            def collide(self, target_users: tuple[int, tuple[int, ...]], seed: int) -> None:
                self.churn(target_users)
                self._apply(Collide(self._cohort(target_users[0]), seed))

        @rule()
        def look(self) -> None:
            if self.probing == "seldom":
                self._apply(Probe())

        def _sides(self, target_users: tuple[int, tuple[int, ...]]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
            """The cohort, and of the users those who are to join it and those who are to leave it."""
            cohort = self._cohort(target_users[0])
            members = self._world.source.members(cohort)
            users = [self.cast[place] for place in target_users[1]]
            joins = tuple([user for user in users if user not in members])
            return cohort, joins, tuple([user for user in users if user in members])

        def _cohort(self, number: int) -> str:
            cohorts = self._world.scenario.cohorts
            return cohorts[min(number, len(cohorts) - 1)].id

        @property
        def _world(self) -> World:
            assert self.trial is not None
            return self.trial.world

        def _apply(self, step: Step) -> None:
            assert self.trial is not None
            try:
                violation = self.trial.apply(step)
            except Exception as fault:
                plan.broken(fault)
                raise
            if violation is not None and plan.tell is None:
                self._raise(violation)

        def _raise(self, violation: Violation) -> NoReturn:
            """From one line, wherever it was met: by type and line Hypothesis tells failures apart."""
            assert self.trial is not None
            plan.raising(self.trial.outcome)
            raise _error(self.trial.outcome, violation)

        def _go_dark(self) -> None:
            """Every trial ends in the dark.

            An outage past the snapshot's life with churn, then another with the full sync after it aborted half-way,
            and whoever was named by then changing sides.
            """
            self._apply(Settle())
            cohort, joins, leaves = self._sides((0, self.ending))
            self._apply(ExpireSnapshot(cohort, joins, leaves))
            self._apply(ExpireSnapshot(cohort, synced=False))
            self._apply(AbortSync(cohort, 1 + len(self.ending) % 2))
            self._apply(FlipFailed(cohort))

        def teardown(self) -> None:
            """Take the world home, unless a failure is in flight: healing would hide it behind others.

            When Hypothesis only ran out of choices to draw, there is no failure, and a campaign hears of the trial.
            """
            in_flight = sys.exc_info()[0]
            if self.trial is None or (in_flight is not None and not (in_flight is StopTest and plan.tell is not None)):
                return
            if not self.trial.over:
                self._go_dark()
            try:
                violation = self.trial.finish()
            except Exception as fault:
                plan.broken(fault)
                raise
            if plan.tell is not None:
                plan.tell(self.trial.outcome)
            elif violation is not None:
                self._raise(violation)

    Machine.__name__ = Machine.__qualname__ = name
    return Machine


_OPTIONAL_RULES: Final = {
    "restart": "restart",
    "restart_inside": "restart",
    "restart_inside_full_sync": "restart",
    "trouble": "dependency",
    "knock": "credentials",
}
"""What they need of a receiver."""


def fitted_to(receiver: Receiver, machine: type[RuleBasedStateMachine]) -> type[RuleBasedStateMachine]:
    """A machine that was built with all rules, without those for which this receiver's description has no hook."""
    lacking = [name for name, hook in _OPTIONAL_RULES.items() if getattr(receiver, hook) is None]
    return type(machine.__name__, (machine,), dict.fromkeys(lacking)) if lacking else machine


def _error(outcome: Outcome, violation: Violation) -> ViolationFound:
    error = violation_error(violation.check, violation.cause)(f"{violation.expected}; {violation.seen}")
    error.outcome = outcome
    return error
