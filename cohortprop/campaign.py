"""A campaign: saved findings again, the canonical scenarios, then blocks of drawn trials until a budget is spent.

Hypothesis has no budget in time, and soon stops after its first failure. So the search is cut into blocks of fifty
trials, each a run of Hypothesis with a seed of its own; between trials the clock is looked at, and a block ends early
when something was found, so that it is shrunk and told at once. Inside a block a violation is not raised but handed
over: Hypothesis sees no failure and goes on. A cause that was found is muted from then on, so that it does not hide the
others.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from cohortprop.checks import Violation, missing_for, missing_in_part
from cohortprop.profiles import PROFILES, Profile, allows, readings_for
from cohortprop.reach import SITUATIONS, met_in
from cohortprop.receiver import Receiver
from cohortprop.sender import split_pin
from cohortprop.shrink import shrink
from cohortprop.simulation import (
    Attempted,
    Duplicated,
    Garbled,
    History,
    Hung,
    Knocked,
    LateArrived,
    Scenario,
    SyncEnded,
)
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import Outcome, TrialKit, run
from cohortprop.wire import BATCH_SIZE, DISTINCT_ID

__all__ = [
    "Campaign",
    "CampaignPlan",
    "Finding",
    "Progress",
    "Report",
    "ShrinkingStopped",
    "canonical_for",
    "find_in",
    "shrink_finding",
]

BLOCK: Final = 50
STEP_COUNTS: Final = (8, 15, 30, 60)
"""Steps of a trial, by block: short trials are quick, and long ones meet what short ones never do."""
_PATIENCE_WHEN_SHRINKING: Final = 1.0
"""Seconds after which a call counts as hanging once a longer one is known to: each candidate may cost as much."""
_HOOKS: Final = {"restart": "restart", "dependency": "dependency", "auth": "credentials"}
"""Arguments of Receiver without which some situations cannot be met, and what to look for."""
_HANGS_AT_MOST: Final = 2
"""Each hang costs the time limit, and after the first there is little to be learnt from others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation with its cause, and the shortest scenario that shows it.

    Args:
        violation: what was wrong, in the trial of the shrunk scenario.
        scenario: shrunk.
        history: of the shrunk scenario's trial, aftermath included.
        origin: where it was met: a canonical scenario's name, or the search.
        trials: how many trials had been run by then.
        id_property: the property on which the receiver keys its users.
        pins: readings that were held on to.
        excludes: readings that the receiver does not support.
    """

    violation: Violation
    scenario: Scenario
    history: History = field(repr=False)
    origin: str
    trials: int
    id_property: str = DISTINCT_ID
    pins: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Check and cause."""
        return self.violation.key


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What a campaign does.

    Args:
        profile: how hostile the world is.
        seed: decides every draw.
        trials: drawn trials at most.
        seconds: real seconds of search at most.
        pins: readings to hold on to, ``question=reading``.
        canonical: whether the canonical scenarios come first.
        strict_replays: whether late copies of acknowledged deliveries must change nothing at all.
        first_only: whether to stop at the first finding.
        muted: causes that are not to be told.
        shrink_seconds: real seconds for shrinking one finding at most.
    """

    profile: Profile = PROFILES["realistic"]
    seed: int = 0
    trials: int = 1000
    seconds: float = 20.0
    pins: tuple[str, ...] = ()
    canonical: bool = True
    strict_replays: bool = False
    first_only: bool = False
    muted: frozenset[tuple[str, str]] = frozenset()
    shrink_seconds: float = 5.0


@dataclass(slots=True)
class Progress:
    """How far a campaign is, for whoever shows it.

    Args:
        phase: what is going on.
        trials: run so far, shrinking not counted.
        deliveries: that reached the app.
        syncs: that ended.
        virtual_seconds: that have passed in all trials.
        findings: so far.
        seconds: real ones since the start.
    """

    phase: str = ""
    trials: int = 0
    deliveries: int = 0
    syncs: int = 0
    virtual_seconds: float = 0.0
    findings: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Report:
    """What a campaign came to.

    Args:
        plan: what was asked for.
        checks: names of those that ran.
        not_run: names of those that did not, with what the receiver lacks for them.
        findings: of severity bug.
        advice: of severity advice, one for each cause.
        reach: in how many trials each situation was met.
        progress: the figures at the end.
        muted: how often each muted cause was met.
        excluded: readings that the receiver does not support.
        interrupted: whether it was ended by Ctrl-C.
        stopped_by: what ended the search.
        run_in_part: names of those that ran and would see more, with what the receiver lacks for it.
        lacks: hooks that the receiver does not have, without which some situations cannot be met.
        full_page_seconds: real seconds that the slowest full page took; None if none was taken.
    """

    plan: CampaignPlan
    checks: list[str]
    not_run: dict[str, tuple[str, ...]]
    excluded: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)
    advice: list[Finding] = field(default_factory=list)
    reach: Counter[str] = field(default_factory=Counter)
    progress: Progress = field(default_factory=Progress)
    muted: Counter[tuple[str, str]] = field(default_factory=Counter)
    interrupted: bool = False
    stopped_by: str = ""
    run_in_part: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    full_page_seconds: float | None = None

    @property
    def never_reached(self) -> list[str]:
        """Situations that no trial has met."""
        return [name for name in SITUATIONS if not self.reach[name]]


class _BlockOver(KeyboardInterrupt):
    """Ends a block of Hypothesis at once, between two trials.

    The only way out that Hypothesis takes without a second thought is the one it has for Ctrl-C; any other exception
    it would try again, and find that the trial behaves differently this time.
    """


class ShrinkingStopped(KeyboardInterrupt):
    """Ctrl-C while a finding was being shrunk; what was found by then is not to be lost."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding


class Campaign:
    """Runs a plan against a receiver.

    Args:
        kit: receiver factory, checks and clock, opened by the caller.
        plan: what to do.
        on_finding: called with each finding, as soon as it is shrunk.
        on_progress: called after each trial.
    """

    def __init__(
        self,
        kit: TrialKit,
        plan: CampaignPlan,
        *,
        on_finding: Callable[[Finding], object] = lambda finding: None,
        on_progress: Callable[[Progress], object] = lambda progress: None,
    ) -> None:
        self._kit = kit
        self._plan = plan
        self._on_finding = on_finding
        self._on_progress = on_progress
        self._muted: set[tuple[str, str]] = set(plan.muted)
        self._found: list[tuple[Outcome, str]] = []
        self._watch = Stopwatch()
        self._search = Stopwatch()
        self._drawn = 0
        self._hung = 0
        self._broken: Exception | None = None
        sample = kit.receiver()
        self._sample = sample
        missing = {each.name: missing_for(each, sample) for each in kit.checks}
        self._readings = readings_for(plan.profile, plan.pins, sample.excludes)
        self.report = Report(
            plan,
            checks=[name for name, lacks in missing.items() if not lacks],
            not_run={name: lacks for name, lacks in missing.items() if lacks},
            run_in_part={each.name: lacks for each in kit.checks if (lacks := missing_in_part(each, sample))},
            excluded=sample.excludes,
            lacks=tuple(name for name, hook in _HOOKS.items() if getattr(sample, hook) is None),
        )

    def run(self) -> Report:
        """Run all phases; Ctrl-C ends it with what was found so far."""
        try:
            if self._plan.canonical:
                self._run_canonical()
            if not self._done:
                self._search_blocks()
            self.report.stopped_by = self._reason()
        except KeyboardInterrupt:
            self.report.interrupted = True
            self.report.stopped_by = "interrupted"
            self._tell_as_found()
        self.report.progress.seconds = self._watch.seconds
        return self.report

    @property
    def _done(self) -> bool:
        return self._hung >= _HANGS_AT_MOST or (self._plan.first_only and bool(self.report.findings))

    def _reason(self) -> str:
        """What ended the search."""
        if self._hung >= _HANGS_AT_MOST:
            return "the receiver hangs"
        if self._done:
            return "first finding"
        return "seconds" if self._search.expired else "trials"

    def _run_canonical(self) -> None:
        self.report.progress.phase = "canonical scenarios"
        for name, scenario in canonical_for(self._sample, self._plan.pins, self._plan.profile).items():
            # A receiver with several bugs may show another one once the first is muted.
            while not self._done:
                outcome = run(self._kit, scenario, self._muted)
                self._note(outcome)
                if outcome.violation is None:
                    break
                self._take_up(outcome, name)

    def _search_blocks(self) -> None:
        from hypothesis import HealthCheck, Phase, seed, settings  # not needed to replay, and slow to load
        from hypothesis.stateful import run_state_machine_as_test

        from cohortprop.machine import MachinePlan, build_machine

        self.report.progress.phase = "search"
        self._search = Stopwatch(self._plan.seconds)
        draw = random.Random(self._plan.seed)
        machine = build_machine(
            MachinePlan.for_receiver(
                self._sample,
                lambda: self._kit,
                readings=self._readings,
                faults=self._plan.profile.faults,
                crossings=self._plan.profile.crossings,
                strict_replays=self._plan.strict_replays,
                muted=self._muted,
                tell=self._hear,
                may_stop=self._stop_between_trials,
                broken=self._stop_broken,
            )
        )
        while not self._done and self._drawn < self._plan.trials and not self._search.expired:
            block = settings(
                max_examples=min(BLOCK, self._plan.trials - self._drawn),
                stateful_step_count=draw.choice(STEP_COUNTS),
                phases=[Phase.generate],
                database=None,
                derandomize=False,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            seed(draw.getrandbits(64))(machine)
            with contextlib.suppress(_BlockOver):
                run_state_machine_as_test(machine, settings=block)
            if self._broken is not None:
                raise self._broken
            self._take_up_found()

    def _stop_between_trials(self) -> None:
        """Before each drawn trial: is there budget left, and nothing to tell?"""
        if self._search.expired or self._drawn >= self._plan.trials or self._found or self._done:
            raise _BlockOver
        self._drawn += 1

    def _stop_broken(self, fault: Exception) -> None:
        """A trial could not go on, by a fault in the user's own code most likely: nor can the campaign."""
        self._broken = fault
        raise _BlockOver

    def _hear(self, outcome: Outcome) -> None:
        """After each drawn trial: count it, and put a new violation aside until the block is over."""
        if outcome.violation is not None:
            self._muted.add(outcome.violation.key)
            self._found.append((outcome, "search"))
        self._note(outcome)

    def _take_up_found(self) -> None:
        while self._found:
            self._take_up(*self._found.pop(0))

    def _tell_as_found(self) -> None:
        """After Ctrl-C: what was found and not yet taken up is told as it is."""
        for outcome, origin in self._found:
            trials, excludes = self.report.progress.trials, tuple(self._sample.excludes)
            self._tell(_finding_of(outcome, origin, trials, pins=self._plan.pins, excludes=excludes))

    def _take_up(self, outcome: Outcome, origin: str) -> None:
        """Shrink a violation, tell it, and mute its cause."""
        assert outcome.violation is not None
        key = outcome.violation.key
        others = self._muted - {key}
        stopped = False
        try:
            trials, excludes = self.report.progress.trials, tuple(self._sample.excludes)
            finding = shrink_finding(self._kit, outcome, origin, trials, others, self._plan, excludes=excludes)
        except ShrinkingStopped as stop:
            finding, stopped = stop.finding, True
        self._muted.add(key)
        self._tell(finding)
        if stopped:
            raise KeyboardInterrupt

    def _tell(self, finding: Finding) -> None:
        self.report.findings.append(finding)
        self.report.progress.findings = len(self.report.findings)
        self._on_finding(finding)

    def _note(self, outcome: Outcome) -> None:
        """Count what a trial did."""
        progress = self.report.progress
        progress.trials += 1
        for event in outcome.history.events:
            if isinstance(event, (Attempted, Duplicated, LateArrived, Knocked, Garbled)):
                progress.deliveries += not isinstance(event, Attempted) or event.reached
                if isinstance(event, Attempted) and event.reached and event.delivery.size == BATCH_SIZE:
                    self.report.full_page_seconds = max(event.took, self.report.full_page_seconds or 0.0)
            elif isinstance(event, SyncEnded):
                progress.syncs += 1
            elif isinstance(event, Hung):
                self._hung += 1
        if outcome.history.events:
            progress.virtual_seconds += outcome.history.events[-1].at
        self.report.reach.update(met_in(outcome.history))
        self.report.muted.update(outcome.muted)
        for violation in outcome.advice:
            if violation.key not in self._plan.muted and all(
                violation.key != known.key for known in self.report.advice
            ):
                self.report.advice.append(
                    Finding(violation, outcome.scenario, outcome.history, "", progress.trials, outcome.id_property)
                )
        progress.seconds = self._watch.seconds
        self._on_progress(progress)


def canonical_for(
    receiver: Receiver, pins: Iterable[str] = (), profile: Profile = PROFILES["realistic"]
) -> dict[str, Scenario]:
    """The canonical scenarios that make sense for a receiver, with readings pinned.

    Args:
        receiver: its exclusions rule out scenarios that rest on such a reading.
        pins: readings to hold on to; they replace a scenario's own.
        profile: rules out scenarios with steps that do not happen in it.
    """
    pinned = dict(map(split_pin, pins))
    excluded = set(map(split_pin, receiver.excludes))
    chosen = {}
    for name, scenario in CANONICAL.items():
        if not allows(profile, scenario):
            continue
        dialect = replace(scenario.dialect, **pinned)  # type: ignore[arg-type]  # split_pin has checked them
        if any(getattr(dialect, question) == reading for question, reading in excluded):
            continue
        chosen[name] = replace(scenario, dialect=dialect)
    return chosen


def shrink_finding(
    kit: TrialKit,
    outcome: Outcome,
    origin: str,
    trials: int,
    muted: Collection[tuple[str, str]],
    plan: CampaignPlan,
    *,
    excludes: tuple[str, ...] = (),
) -> Finding:
    """Shrink a failed trial to the shortest one with the same check and cause, and run that once more to the end.

    Args:
        kit: receiver factory, checks and clock.
        outcome: of the failed trial.
        origin: where it was met.
        trials: how many trials had been run by then.
        muted: causes that are known; the trial was run with them muted.
        plan: how long shrinking may take, and which readings were pinned.
        excludes: readings that the receiver does not support, and that are not to be tried.

    Raises:
        ShrinkingStopped: by Ctrl-C; it carries the finding as far as it was shrunk.
    """
    assert outcome.violation is not None
    key = outcome.violation.key
    best = outcome

    def fails(candidate: Scenario) -> Scenario | None:
        nonlocal best
        tried = run(kit, candidate, muted)
        if tried.violation is None or tried.violation.key != key:
            return None
        best = tried
        return tried.scenario

    def made() -> Finding:
        return _finding_of(best, origin, trials, pins=plan.pins, excludes=excludes)

    patience = kit.watchdog.limit
    try:
        if outcome.violation.signature == "hang":
            kit.watchdog.limit = min(patience, _PATIENCE_WHEN_SHRINKING)
        shrink(outcome.scenario, fails, seconds=plan.shrink_seconds, excludes=excludes)
    except KeyboardInterrupt:
        raise ShrinkingStopped(made()) from None
    finally:
        kit.watchdog.limit = patience
    return made()


def _finding_of(
    outcome: Outcome, origin: str, trials: int, *, pins: tuple[str, ...] = (), excludes: tuple[str, ...] = ()
) -> Finding:
    assert outcome.violation is not None
    facts = outcome.violation, outcome.scenario, outcome.history, origin, trials, outcome.id_property
    return Finding(*facts, pins=pins, excludes=excludes)


def find_in(kit: TrialKit, scenario: Scenario, origin: str) -> Finding | None:
    """Run one scenario; the finding if it fails, not shrunk.

    Args:
        kit: receiver factory, checks and clock.
        scenario: to run.
        origin: what to call it.
    """
    outcome = run(kit, scenario)
    return None if outcome.violation is None else _finding_of(outcome, origin, 1)
