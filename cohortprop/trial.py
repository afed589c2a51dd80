"""A trial: one scenario, run against one receiver, judged by a set of checks.

The one path that the state machine, the shrinker, replays, emitted tests and workers share; there is no Hypothesis in
it. Steps are applied one by one; at the end the world is taken home. Every event is shown to every check as it happens.
The first violation of a new cause halts the trial, is examined and diagnosed. A cause that is muted is only counted:
what was seen is accepted, and the trial goes on.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from cohortprop.checks import Check, Evidence, Violation, missing_for
from cohortprop.receiver import Receiver
from cohortprop.simulation import (
    Clock,
    Event,
    History,
    Scenario,
    Stepped,
    World,
    examine,
    examine_arrivals,
    examine_refusal,
    go_home,
    open_clock,
    take,
)
from cohortprop.simulation.probes import ask
from cohortprop.simulation.steps import Step
from cohortprop.transport import LogCapture, Watchdog, WsgiTransport
from cohortprop.wire import DISTINCT_ID

__all__ = ["Outcome", "Trial", "TrialKit", "open_kit", "run"]


@dataclass(frozen=True, slots=True)
class TrialKit:
    """What trials share: entered once for a campaign or a test, since each part costs milliseconds to set up.

    Args:
        receiver: builds the receiver of a trial, empty.
        checks: the properties to judge by.
        clock: shows the app the time.
        watchdog: guards against hanging.
        capture: holds what the app logs.
    """

    receiver: Callable[[], Receiver]
    checks: tuple[Check, ...]
    clock: Clock
    watchdog: Watchdog
    capture: LogCapture


@contextlib.contextmanager
def open_kit(
    receiver: Callable[[], Receiver], checks: tuple[Check, ...], *, clock: str = "freezegun", time_limit: float = 10.0
) -> Iterator[TrialKit]:
    """Freeze time, watch for hangs and capture logs for as many trials as are run inside.

    Args:
        receiver: builds the receiver of a trial; import the app before this.
        checks: the properties to judge by.
        clock: `freezegun`, `time_machine` or `none`.
        time_limit: seconds of real time after which a call counts as hanging.
    """
    watchdog = Watchdog(time_limit)
    with LogCapture() as capture, watchdog.watching(), open_clock(clock) as opened:
        yield TrialKit(receiver, checks, opened, watchdog, capture)


@dataclass(slots=True)
class Outcome:
    """What a trial came to.

    Args:
        scenario: what was run: the steps that were applied.
        history: all events.
        violation: the first one of a cause that is not muted, diagnosed; None when there is none.
        advice: violations of severity advice, one for each cause.
        muted: how often each muted cause was met.
        id_property: the property on which the receiver keys its users.
    """

    scenario: Scenario
    history: History
    violation: Violation | None = None
    advice: list[Violation] = field(default_factory=list)
    muted: Counter[tuple[str, str]] = field(default_factory=Counter)
    id_property: str = DISTINCT_ID


class Trial:
    """One scenario against one receiver, step by step.

    Args:
        kit: receiver factory, checks and clock.
        scenario: seed data and dialect; its steps are what the caller applies.
        muted: causes that are known already, as (check, cause).
    """

    def __init__(self, kit: TrialKit, scenario: Scenario, muted: Collection[tuple[str, str]] = ()) -> None:
        kit.clock.start(scenario.started_at)  # the app may look at the clock while it is built
        receiver = kit.receiver()
        self._muted = muted
        self._steps: list[Step] = []
        self._ended = False
        self._examining = False
        self._probes_each_step = scenario.probing == "step"
        self._suspended: Violation | None = None
        self._checks = [each for each in kit.checks if not missing_for(each, receiver)]
        self._watching: dict[type[Event], list[Check]] = {}
        history = History(self._judge)
        self.outcome = Outcome(scenario, history, id_property=receiver.id_property)
        transport = WsgiTransport(receiver, kit.watchdog, kit.capture)
        if receiver.reset is not None:
            ask("reset", receiver.reset)
        kit.capture.take()
        self.world = World(receiver, transport, scenario, kit.clock, history)
        self.evidence = Evidence(receiver, scenario, history)
        self.world.probes.require_empty(after_reset=receiver.reset is not None)

    @property
    def over(self) -> bool:
        """Whether a violation has ended the trial."""
        return self.outcome.violation is not None or self._ended

    def apply(self, step: Step) -> Violation | None:
        """Take a step; returns the violation that ended the trial, if one did."""
        if self.over:
            return self.outcome.violation
        self._steps.append(step)
        self.world.history.add(Stepped(self.world.now, len(self._steps), step))
        take(self.world, step)
        if self._probes_each_step:
            self.world.probe()
        return self._conclude() if self.world.halted else None

    def finish(self) -> Violation | None:
        """Take the world home; returns the violation that ended the trial, if one did."""
        if not self.over:
            go_home(self.world)
            self._conclude()
        self._ended = True
        self.outcome.scenario = self.outcome.scenario.with_steps(tuple(self._steps))
        return self.outcome.violation

    def _judge(self, event: Event) -> None:
        """Show an event to the checks; the first new cause halts the world."""
        evidence = self.evidence
        evidence.take(event)
        if self._examining:
            return
        kind = type(event)
        watching = self._watching.get(kind)
        if watching is None:
            watching = self._watching[kind] = [each for each in self._checks if not each.sees or kind in each.sees]
        for each in watching:
            for violation in each.observe(event, evidence):
                self._weigh(each, violation)

    def _weigh(self, each: Check, violation: Violation) -> None:
        if self._suspended is not None:
            return  # one at a time: the first is examined, the others will be met again once it is muted
        violation = replace(violation, cause=each.diagnose(violation, self.evidence))
        if violation.key in self._muted:
            self.outcome.muted[violation.key] += 1
            each.accept(violation, self.evidence)
        elif violation.severity == "advice":
            if all(known.key != violation.key for known in self.outcome.advice):
                self.outcome.advice.append(violation)
        else:
            self._suspended = replace(violation, allowed=dict(self.evidence.oracle.known(violation.cohort)))
            self.world.halted = True

    def _conclude(self) -> Violation | None:
        """After a violation: examine the receiver, then name the cause for good."""
        violation = self._suspended
        self.outcome.scenario = self.outcome.scenario.with_steps(tuple(self._steps))
        if violation is None:
            if self.world.halted:  # hanging, while that is muted: nothing more can be asked of this receiver
                self._ended = True
            return None
        each = next(each for each in self._checks if each.name == violation.check)
        if each.examines == "user":
            self._examining = True
            examine(self.world, violation.cohort, violation.user)
        elif each.examines == "arrivals" and violation.signature == "many":
            self._examining = True
            examine_arrivals(self.world, violation.cohort)
        elif each.examines == "delivery" and violation.delivery is not None and violation.signature != "hang":
            self._examining = True
            examine_refusal(self.world, violation.delivery)
        if self._examining:
            violation = replace(violation, cause=each.diagnose(violation, self.evidence))
        self._ended = True
        if violation.key in self._muted:
            self.outcome.muted[violation.key] += 1
            return None
        self.outcome.violation = violation
        return violation


def run(kit: TrialKit, scenario: Scenario, muted: Collection[tuple[str, str]] = ()) -> Outcome:
    """Run a scenario from its first step to the way home.

    Example:
        >>> from cohortprop.checks import BUILT_IN
        >>> from cohortprop.simulation import CohortSeed
        >>> from cohortprop.simulation.steps import Sync
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "application/json")])
        ...     return [b"done"]
        >>> with open_kit(lambda: Receiver(app), BUILT_IN) as kit:
        ...     outcome = run(kit, Scenario((CohortSeed("7", "VIPs", ("ann",)),), (Sync("7"),)))
        >>> outcome.violation.cause
        'no-envelope'
    """
    trial = Trial(kit, scenario, muted)
    for step in scenario.steps:
        if trial.apply(step) is not None or trial.over:
            break
    trial.finish()
    return trial.outcome
