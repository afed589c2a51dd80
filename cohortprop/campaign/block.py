"""A block: the trials that one process runs in one go. Plain data in, a report out, so that any process may do it.

Hypothesis has no budget in time, and soon stops after its first failure. So the search is cut into blocks of fifty
trials, with a seed of their own; between trials the clock is looked at, and a run of Hypothesis ends early when
something was found, so that it is shrunk and told at once. Inside of a run a violation is not raised but handed over:
Hypothesis sees no failure and goes on. A cause that was found is muted for the rest of the block, so that it does not
hide the others.

What a block does follows from its data alone, unless time runs out, so it may be run twice, anywhere.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from cohortprop.campaign.plan import CampaignPlan
from cohortprop.campaign.repeatable import drawing_alone
from cohortprop.campaign.report import Finding
from cohortprop.campaign.shrinking import ShrinkingStopped, finding_of, shrink_finding
from cohortprop.profiles import PROFILES, readings_for
from cohortprop.reach import met_in
from cohortprop.receiver import Receiver
from cohortprop.simulation import (
    Attempted,
    Duplicated,
    Garbled,
    Hung,
    Knocked,
    LateArrived,
    Scenario,
    SyncEnded,
)
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import Outcome, TrialKit, run
from cohortprop.wire import BATCH_SIZE

if TYPE_CHECKING:  # slow to load
    from hypothesis.stateful import RuleBasedStateMachine

__all__ = ["BLOCK", "HANGS_AT_MOST", "STEP_COUNTS", "Block", "BlockReport", "Pair", "run_block"]

BLOCK: Final = 50
STEP_COUNTS: Final = (8, 15, 30, 60)
"""Steps of a trial, by block: short trials are quick, and long ones meet what short ones never do."""
HANGS_AT_MOST: Final = 2
"""Each hang costs the time limit, and after the first there is little to be learnt from others."""

Pair: TypeAlias = tuple[str, str]
"""Check and cause."""


@dataclass(frozen=True, slots=True)
class Block:
    """Trials to be run in one go: given scenarios first, then drawn ones.

    Args:
        number: its place among the blocks of the campaign.
        plan: of the campaign.
        scenarios: by name, to be run as they are.
        seed: of the draws.
        trials: to draw.
        steps: of each drawn trial, at most.
        seconds: real ones for the drawn trials, at most.
        muted: causes that are known, and accepted.
        told: causes that were found already, but are not muted here: they need not be shrunk and sent once more.
    """

    number: int
    plan: CampaignPlan
    scenarios: tuple[tuple[str, Scenario], ...] = ()
    seed: int = 0
    trials: int = 0
    steps: int = STEP_COUNTS[0]
    seconds: float = 0.0
    muted: frozenset[Pair] = frozenset()
    told: frozenset[Pair] = frozenset()


@dataclass(slots=True)
class BlockReport:
    """What a block came to.

    Args:
        number: the block's.
        findings: shrunk, with the number of trials of this block alone.
        causes: all that were met and not muted, told already or not.
        advice: one for each cause.
        reach: in how many trials each situation was met.
        muted: how often each muted cause was met.
        trials: run, shrinking not counted.
        deliveries: that reached the app.
        syncs: that ended.
        virtual_seconds: that have passed in all trials.
        full_page_seconds: real seconds that the slowest full page took.
        passed: the given scenarios that showed nothing, muted or not.
        hung: how often the app did.
        interrupted: whether Ctrl-C ended it.
        fault: what ended it in the user's own code, or in ours.
    """

    number: int
    findings: list[Finding] = field(default_factory=list)
    causes: set[Pair] = field(default_factory=set)
    advice: list[Finding] = field(default_factory=list)
    reach: Counter[str] = field(default_factory=Counter)
    muted: Counter[Pair] = field(default_factory=Counter)
    trials: int = 0
    deliveries: int = 0
    syncs: int = 0
    virtual_seconds: float = 0.0
    full_page_seconds: float | None = None
    passed: list[Scenario] = field(default_factory=list)
    hung: int = 0
    interrupted: bool = False
    fault: Exception | None = None


class _RunOver(KeyboardInterrupt):
    """Ends a run of Hypothesis at once, between two trials.

    The only way out that Hypothesis takes without a second thought is the one it has for Ctrl-C; any other exception
    it would try again, and find that the trial behaves differently this time.
    """


def run_block(
    kit: TrialKit,
    block: Block,
    *,
    sample: Receiver | None = None,
    stopped: Callable[[], bool] = lambda: False,
    on_finding: Callable[[Finding], object] = lambda finding: None,
    on_trial: Callable[[BlockReport], object] = lambda report: None,
) -> BlockReport:
    """Run a block.

    Args:
        kit: receiver factory, checks and clock.
        block: what to run.
        sample: a receiver, to be looked at for what it can do; one is made if there is none.
        stopped: asked between trials; whether the block is to end early.
        on_finding: called with each finding, as soon as it is shrunk.
        on_trial: called after each trial with what the block has come to so far.
    """
    return _BlockRun(kit, block, sample, stopped, on_finding, on_trial).run()


class _BlockRun:
    def __init__(
        self,
        kit: TrialKit,
        block: Block,
        sample: Receiver | None,
        stopped: Callable[[], bool],
        on_finding: Callable[[Finding], object],
        on_trial: Callable[[BlockReport], object],
    ) -> None:
        self._kit = kit
        self._block = block
        self._plan = block.plan
        self._sample = sample
        self._stopped = stopped
        self._on_finding = on_finding
        self._on_trial = on_trial
        self._muted = set(block.muted)
        self._found: list[tuple[Outcome, str]] = []
        self._search = Stopwatch()
        self._drawn = 0
        self._broken: Exception | None = None
        self.report = BlockReport(block.number)

    def run(self) -> BlockReport:
        """The scenarios, then the search; whatever ends them, what was found by then is in the report."""
        try:
            if self._sample is None:
                self._sample = self._kit.receiver()
            self._run_scenarios()
            if self._block.trials and not self._done:
                self._draw_trials(self._sample)
        except KeyboardInterrupt:
            self.report.interrupted = True
            self._tell_as_found()
        except Exception as fault:  # noqa: BLE001 - it is the campaign's to say what becomes of it
            self.report.fault = fault
        return self.report

    @property
    def _done(self) -> bool:
        return (
            self.report.hung >= HANGS_AT_MOST
            or (self._plan.first_only and bool(self.report.findings))
            or self._stopped()
        )

    def _run_scenarios(self) -> None:
        for name, scenario in self._block.scenarios:
            # A receiver with several bugs may show another one once the first is muted.
            while not self._done:
                outcome = run(self._kit, scenario, self._muted)
                self._note(outcome)
                if outcome.violation is None:
                    if not outcome.muted:
                        self.report.passed.append(scenario)
                    break
                self._take_up(outcome, name)

    def _draw_trials(self, sample: Receiver) -> None:
        from hypothesis import HealthCheck, Phase, seed, settings  # not needed to replay, and slow to load
        from hypothesis.stateful import run_state_machine_as_test

        block = self._block
        self._search = Stopwatch(block.seconds)
        draw = random.Random(block.seed)
        machine = self._machine(sample)
        with drawing_alone():
            while self._drawn < block.trials and not self._search.expired and not self._done:
                run_settings = settings(
                    max_examples=block.trials - self._drawn,
                    stateful_step_count=block.steps,
                    phases=[Phase.generate],
                    database=None,
                    derandomize=False,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                )
                seed(draw.getrandbits(64))(machine)
                with contextlib.suppress(_RunOver):
                    run_state_machine_as_test(machine, settings=run_settings)
                if self._broken is not None:
                    raise self._broken
                while self._found:
                    self._take_up(*self._found.pop(0))

    def _machine(self, sample: Receiver) -> type[RuleBasedStateMachine]:
        """The machine for worlds of this kind; it works for this block from now on."""
        plan = self._plan
        hooks = sample.restart is not None, sample.dependency is not None, sample.credentials is not None
        machine, stage = _machine_for(plan.profile.name, plan.pins, self._excludes, hooks, strict=plan.strict_replays)
        stage.muted.clear()
        stage.muted |= self._muted
        self._muted = stage.muted
        stage.run = self
        return machine

    # What the machine asks and tells

    @property
    def kit(self) -> TrialKit:
        """What trials share."""
        return self._kit

    def stop_between_trials(self) -> None:
        """Before each drawn trial: is there budget left, and nothing to shrink?"""
        if self._search.expired or self._drawn >= self._block.trials or self._found or self._done:
            raise _RunOver
        self._drawn += 1

    def stop_broken(self, fault: Exception) -> None:
        """A trial could not go on, by a fault in the user's own code most likely: nor can the block."""
        self._broken = fault
        raise _RunOver

    def hear(self, outcome: Outcome) -> None:
        """After each drawn trial: count it, and put a new violation aside until the run is over."""
        if outcome.violation is not None:
            self._muted.add(outcome.violation.key)
            self.report.causes.add(outcome.violation.key)
            self._found.append((outcome, "search"))
        self._note(outcome)

    def _tell_as_found(self) -> None:
        """After Ctrl-C: what was found and not yet taken up is told as it is."""
        for outcome, origin in self._found:
            assert outcome.violation is not None
            if outcome.violation.key not in self._block.told:
                self._tell(self._finding_of(outcome, origin))

    def _take_up(self, outcome: Outcome, origin: str) -> None:
        """Shrink a violation, tell it, and mute its cause."""
        assert outcome.violation is not None
        key = outcome.violation.key
        self.report.causes.add(key)
        others = self._muted - {key}
        self._muted.add(key)
        if key in self._block.told:
            return  # the run was cut short all the same: what is drawn next must not depend on what others found
        stopped = False
        trials, excludes = self.report.trials, self._excludes
        try:
            finding = shrink_finding(self._kit, outcome, origin, trials, others, self._plan, excludes=excludes)
        except ShrinkingStopped as stop:
            finding, stopped = stop.finding, True
        self._tell(finding)
        if stopped:
            raise KeyboardInterrupt

    def _tell(self, finding: Finding) -> None:
        self.report.findings.append(finding)
        self._on_finding(finding)

    def _finding_of(self, outcome: Outcome, origin: str) -> Finding:
        return finding_of(outcome, origin, self.report.trials, pins=self._plan.pins, excludes=self._excludes)

    @property
    def _excludes(self) -> tuple[str, ...]:
        assert self._sample is not None
        return tuple(self._sample.excludes)

    def _note(self, outcome: Outcome) -> None:
        """Count what a trial did."""
        report = self.report
        report.trials += 1
        for event in outcome.history.events:
            if isinstance(event, (Attempted, Duplicated, LateArrived, Knocked, Garbled)):
                report.deliveries += not isinstance(event, Attempted) or event.reached
                if isinstance(event, Attempted) and event.reached and event.delivery.size == BATCH_SIZE:
                    report.full_page_seconds = max(event.took, report.full_page_seconds or 0.0)
            elif isinstance(event, SyncEnded):
                report.syncs += 1
            elif isinstance(event, Hung):
                report.hung += 1
        if outcome.history.events:
            report.virtual_seconds += outcome.history.events[-1].at
        report.reach.update(met_in(outcome.history))
        report.muted.update(outcome.muted)
        for violation in outcome.advice:
            known = {each.key for each in report.advice} | self._block.told | self._plan.muted
            if violation.key not in known:
                told = violation, outcome.scenario, outcome.history, "", report.trials, outcome.id_property
                report.advice.append(Finding(*told))
        self._on_trial(report)


class _Stage:
    """For whom a machine works at the moment."""

    def __init__(self) -> None:
        self.run: _BlockRun | None = None
        self.muted: set[Pair] = set()

    @property
    def there(self) -> _BlockRun:
        """The block that is being run."""
        assert self.run is not None
        return self.run

    def hear(self, outcome: Outcome) -> None:
        """After each drawn trial."""
        self.there.hear(outcome)

    def stop_between_trials(self) -> None:
        """Before each drawn trial."""
        self.there.stop_between_trials()

    def stop_broken(self, fault: Exception) -> None:
        """When a trial cannot go on."""
        self.there.stop_broken(fault)


@lru_cache(maxsize=8)
def _machine_for(
    profile: str, pins: tuple[str, ...], excludes: tuple[str, ...], hooks: tuple[bool, bool, bool], *, strict: bool
) -> tuple[type[RuleBasedStateMachine], _Stage]:
    """A machine serves for all blocks that draw from the same worlds: Hypothesis keeps each that it has ever seen."""
    from cohortprop.machine import MachinePlan, build_machine

    stage, world = _Stage(), PROFILES[profile]
    restarts, troubles, credentials = hooks
    plan = MachinePlan(
        lambda: stage.there.kit,
        readings=readings_for(world, pins, excludes),
        faults=world.faults,
        crossings=world.crossings,
        strict_replays=strict,
        restarts=restarts,
        troubles=troubles,
        credentials=credentials,
        muted=stage.muted,
        tell=stage.hear,
        may_stop=stage.stop_between_trials,
        broken=stage.stop_broken,
    )
    return build_machine(plan), stage
