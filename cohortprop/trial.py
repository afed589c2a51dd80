"""A trial: one scenario, run against one receiver, judged by a set of checks.

The one path that the state machine, the shrinker, replays and the pytest plugin share; there is no Hypothesis in
it. Steps are applied one by one; at the end the world is taken home. Every event is shown to every judge as it happens.
What a judge finds is diagnosed, and filed under the check that owns the cause. The first violation of a new cause halts
the trial, is examined, and diagnosed once more. A cause that is muted is only counted: what was seen is accepted, and
the trial goes on; if it took an examination to tell, the trial starts over, knowing what to accept.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from cohortprop.checks import (
    UNCLASSIFIED,
    Check,
    Evidence,
    Judge,
    Violation,
    cause_in_a_race,
    crossings,
    in_turn,
    judges_for,
    just_crossed,
    missing_for,
    owner_of,
)
from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver
from cohortprop.simulation import (
    Clock,
    Duplicated,
    Event,
    History,
    PhaseBegan,
    Scenario,
    Stepped,
    World,
    examine,
    examine_arrivals,
    examine_refusal,
    examine_stray,
    go_home,
    open_clock,
    take,
)
from cohortprop.simulation.probes import ask
from cohortprop.simulation.steps import Step
from cohortprop.transport import LogCapture, Transports, Watchdog, runner_of
from cohortprop.wire import DISTINCT_ID, Reply

__all__ = ["Outcome", "Trial", "TrialKit", "open_kit", "run"]


@dataclass(frozen=True, slots=True)
class TrialKit:
    """What trials share: entered once for a campaign or a test, since each part costs milliseconds to set up.

    Args:
        receiver: builds the receiver of a trial, empty.
        checks: the properties to judge by.
        clock: shows the app the time.
        watchdog: guards against hanging.
        transports: open the way to each trial's receiver.
        capture: holds what the app logs.
    """

    receiver: Callable[[], Receiver]
    checks: tuple[Check, ...]
    clock: Clock
    watchdog: Watchdog
    transports: Transports
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
    with (
        LogCapture() as capture,
        watchdog.watching(),
        open_clock(clock) as opened,
        contextlib.closing(Transports(watchdog, capture)) as transports,
    ):
        yield TrialKit(receiver, checks, opened, watchdog, transports, capture)


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


_STARTS_AT_MOST: Final = 4
"""How often a trial starts over because of causes that are known, before it is given up."""


class Trial:
    """One scenario against one receiver, step by step.

    Args:
        kit: receiver factory, checks and clock.
        scenario: seed data and dialect; its steps are what the caller applies.
        muted: causes that are known already, as (check, cause).
    """

    def __init__(self, kit: TrialKit, scenario: Scenario, muted: Collection[tuple[str, str]] = ()) -> None:
        self._kit = kit
        self._scenario = scenario
        self._muted = muted
        self._steps: list[Step] = []
        self._known: dict[_Sight, tuple[str, str] | None] = {}
        self._set_up()

    def _set_up(self) -> None:
        """A fresh receiver in a fresh world."""
        kit, scenario = self._kit, self._scenario
        kit.clock.start(scenario.started_at)  # the app may look at the clock while it is built
        receiver = kit.receiver()
        self._ended = False
        self._examining = False
        self._raced = False
        self._suspended: tuple[Judge, Violation] | None = None
        self._asked_for = {each.name for each in kit.checks}
        self._running = {each.name: each for each in kit.checks if not missing_for(each, receiver)}
        self._judges = judges_for(kit.checks, receiver)
        self._watching: dict[type[Event], list[Judge]] = {}
        history = History(self._show)
        self.outcome = Outcome(scenario, history, id_property=receiver.id_property)
        transport = kit.transports.open(receiver)
        if receiver.reset is not None:
            ask("reset", receiver.reset, run=runner_of(transport))
        kit.capture.take()
        self.world = World(receiver, transport, scenario, kit.clock, history)
        self.evidence = Evidence(receiver, scenario, history, self._muted)
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
        self._take(len(self._steps))
        while self.world.halted and not self._conclude():
            self._start_over()
        return self.outcome.violation

    def finish(self) -> Violation | None:
        """Take the world home; returns the violation that ended the trial, if one did."""
        if not self.over:
            go_home(self.world)
            while self.world.halted and not self._conclude():
                self._start_over()
                go_home(self.world)  # which does nothing when the world was halted on the way
        self._ended = True
        self.outcome.scenario = self._scenario.with_steps(tuple(self._steps))
        return self.outcome.violation

    def _take(self, number: int) -> None:
        step = self._steps[number - 1]
        self.world.history.add(Stepped(self.world.now, number, step))
        take(self.world, step)
        if self._scenario.probing == "step":
            self.world.probe()

    def _start_over(self) -> None:
        """Run all steps so far once more, now that it is known what is to be accepted on the way."""
        self._set_up()
        for number in range(1, len(self._steps) + 1):
            if self.world.halted:
                return
            self._take(number)

    def _show(self, event: Event) -> None:
        """Show an event to the judges; the first new cause halts the world."""
        evidence = self.evidence
        evidence.take(event)
        if self._examining:
            return
        kind = type(event)
        watching = self._watching.get(kind)
        if watching is None:
            watching = self._watching[kind] = [each for each in self._judges if not each.sees or kind in each.sees]
        for judge in watching:
            for violation in judge.observe(event, evidence):
                self._weigh(judge, violation)

    def _weigh(self, judge: Judge, found: Violation) -> None:
        if self._suspended is not None:
            return  # one at a time: the first is examined, the others will be met again once it is muted
        violation = self._file(judge, found)
        sight = _sight_of(judge, found)
        key = violation.key if violation is not None else None
        if violation is not None:
            to_be_examined = key not in self._muted and not self._is_muted_race(judge, found)
        else:
            to_be_examined = bool(judge.examines)  # nobody asked for what it looks like, but it may be something else
        if sight in self._known:
            key = self._known[sight]
        elif to_be_examined:
            if violation is not None and violation.severity == "advice":
                if all(known.key != key for known in self.outcome.advice):
                    self.outcome.advice.append(violation)
            else:
                self._suspended = judge, replace(found, allowed=dict(self.evidence.oracle.known(found.cohort)))
                self.world.halted = True
            return
        if key is not None:
            self.outcome.muted[key] += 1
        judge.accept(found, self.evidence)

    def _file(self, judge: Judge, found: Violation) -> Violation | None:
        """Name the cause, and file the violation under the check that owns it; None if nobody asked for that check."""
        cause = judge.diagnose(found, self.evidence)
        if self._raced or (found.signature == "stumble" and just_crossed(found, self.evidence)):
            cause = cause_in_a_race(judge, found) or cause
        owner = owner_of(cause)
        name = found.check
        if owner is not None and (owner.name in self._running or owner.name not in self._asked_for):
            name = owner.name  # else that check lacks something, and the violation must not be lost with it
        check = self._running.get(name)
        if check is None:
            return None
        words = check.cause(cause)
        severity = found.severity if words is UNCLASSIFIED else words.severity
        return replace(found, check=name, cause=cause, severity=severity)

    def _conclude(self) -> bool:
        """After a violation: examine the receiver, then name the cause for good.

        Returns:
            Whether the trial is over. If not, what was found is known, and the trial has to start over.
        """
        self.outcome.scenario = self._scenario.with_steps(tuple(self._steps))
        if self._suspended is None:  # hanging, while that is muted: nothing more can be asked of this receiver
            self._ended = True
            return True
        judge, found = self._suspended
        if judge.examines == "user":
            self._examining = True
            examine(self.world, found.cohort, found.user)
        elif judge.examines == "arrivals" and found.signature == "many":
            self._examining = True
            examine_arrivals(self.world, found.cohort)
        elif judge.examines == "delivery" and found.delivery is not None and found.signature != "hang":
            self._examining = True
            examine_refusal(self.world, found.delivery)
        elif judge.examines == "stray" and found.delivery is not None:
            self._examining = True
            examine_stray(self.world, found.delivery, found.signature)
        self._raced = cause_in_a_race(judge, found) is not None and self._is_race(judge, found)
        violation = self._file(judge, found)
        if violation is not None and violation.key not in self._muted and violation.severity == "bug":
            self._ended = True
            self.outcome.violation = violation
            return True
        self._known[_sight_of(judge, found)] = violation.key if violation is not None else None
        self._ended = len(self._known) >= _STARTS_AT_MOST
        return self._ended

    def _is_race(self, judge: Judge, found: Violation) -> bool:
        """Whether it is only wrong because requests were under way together; shown by letting them come in turn."""
        before = self.outcome.history.events[: found.place + 1]
        if not crossings(before):
            return False
        home = any(isinstance(event, PhaseBegan) for event in before)
        for scenario in in_turn(self.outcome.scenario):
            control = _Control(self._kit, scenario)
            try:
                control.take_all(home=home)
            except UsageError:  # the app cannot be had anew: then the nearest guess must do
                return just_crossed(found, self.evidence)
            if control.has_seen(judge, found, _answers(before)):
                return False
        return True

    def _is_muted_race(self, judge: Judge, found: Violation) -> bool:
        """Whether it looks like a race that is known already, so that no experiment is worth while."""
        cause = cause_in_a_race(judge, found)
        return ("concurrency", cause) in self._muted and just_crossed(found, self.evidence)


class _Control(Trial):
    """The control of an experiment: takes all steps whatever it sees, accepts it, and remembers it."""

    def __init__(self, kit: TrialKit, scenario: Scenario) -> None:
        self._seen: dict[tuple[str, str], int] = {}
        super().__init__(kit, scenario)

    def take_all(self, *, home: bool) -> None:
        """Run the scenario, and take the world home if wanted."""
        for step in self._scenario.steps:
            self.apply(step)
        if home:
            self.finish()

    def has_seen(self, judge: Judge, found: Violation, answers: int) -> bool:
        """Whether something of the kind was found here.

        A copy that is refused counts where an attempt was: nobody sees the answer to a copy that comes in turn. A hang
        counts only if the app had given as many answers before. If it hangs sooner, it is most likely locked by what
        hangs already, for an app that is made once has its locks once.
        """
        if judge.name == "acceptance" and found.signature != "hang":
            copies = (event.reply for event in self.outcome.history if isinstance(event, Duplicated))
            if any(isinstance(reply, Reply) and not reply.accepted for reply in copies):
                return True
        seen = self._seen.get((judge.name, found.signature))
        return seen is not None and (found.signature != "hang" or seen >= answers)

    def _weigh(self, judge: Judge, found: Violation) -> None:
        self._seen.setdefault((judge.name, found.signature), _answers(self.outcome.history.events))
        judge.accept(found, self.evidence)


def _answers(events: list[Event]) -> int:
    """How many requests the app has answered."""
    return sum(isinstance(getattr(event, "reply", None), Reply) for event in events)


_Sight: TypeAlias = tuple[str, int, str, str]
"""What makes two violations of one trial, run twice, the same: judge, place, signature and cohort. Several users who
are wrong at one look, in one way, are wrong for one reason."""


def _sight_of(judge: Judge, found: Violation) -> _Sight:
    return judge.name, found.place, found.signature, found.cohort


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
