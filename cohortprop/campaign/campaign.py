"""The campaign itself: it cuts blocks, hands them to a crew, and puts together what comes back.

The canonical scenarios are a block of their own, and come first. Then there are blocks of drawn trials, cut one after
the other from the seed. What a block knows beforehand is decided by its number alone: what the scenarios found, and the
first half of the blocks before it. It is never what happened to be found by the time that it was begun. So the findings
are the same whoever works on it, and a crew of any size soon has enough to do: half of all blocks may be under way.

Reports are taken in the order of the blocks, so of two findings with the same cause it is the earlier block's that
counts; and a block that was run twice, since its worker died after the work, changes nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import fields, replace
from typing import Final

from cohortprop.campaign.block import BLOCK, HANGS_AT_MOST, STEP_COUNTS, Block, BlockReport, Pair
from cohortprop.campaign.crew import Alone, Crew, WorkerLost
from cohortprop.campaign.plan import CampaignPlan
from cohortprop.campaign.report import Finding, Progress, Report
from cohortprop.checks import missing_for, missing_in_part
from cohortprop.errors import Unreachable
from cohortprop.memory import Memory, Remembered
from cohortprop.profiles import PROFILES, Profile, allows, readings_for
from cohortprop.receiver import Receiver
from cohortprop.sender import split_pin
from cohortprop.simulation import Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import TrialKit

__all__ = ["Campaign", "canonical_for"]

_HOOKS: Final = {"restart": "restart", "dependency": "dependency", "auth": "credentials"}
"""Arguments of Receiver without which some situations cannot be met, and what to look for."""
SHARED: Final = "a shared failure"
"""Where a finding was met that failed elsewhere first."""
_TRIES: Final = 2
"""How often a block is begun whose worker dies."""
_GRACE: Final = 15.0
"""Seconds that workers have to come to an end when they are asked to: as long as a call may hang, and some more."""


class Campaign:
    """Runs a plan against a receiver.

    Args:
        kit: receiver factory, checks and clock, opened by the caller.
        plan: what to do.
        crew: who runs the blocks; this process alone, if it is not given.
        memory: what failed elsewhere, which is run first and looked through again before each block; what is found here
            is added. With it, what is found depends on what others have found.
        on_finding: called with each finding: as soon as it is shrunk, if this process is alone; else when it is certain
            that no earlier block has found the same.
        on_progress: called after each trial, or each block of a crew.
    """

    def __init__(
        self,
        kit: TrialKit,
        plan: CampaignPlan,
        *,
        crew: Crew | None = None,
        memory: Memory | None = None,
        on_finding: Callable[[Finding], object] = lambda finding: None,
        on_progress: Callable[[Progress], object] = lambda progress: None,
    ) -> None:
        self._plan = plan
        self._on_finding = on_finding
        self._on_progress = on_progress
        self._memory = memory
        self._remembered: list[Remembered] = []
        self._watch = Stopwatch()
        self._search = Stopwatch()
        self._drawn = 0
        self._hung = 0
        self._fault: Exception | None = None
        self._muted = plan.muted
        self._causes: list[set[Pair]] = []
        self._tries: Counter[int] = Counter()
        self._seeds = random.Random(plan.seed)
        sample = kit.receiver()
        readings_for(plan.profile, plan.pins, sample.excludes)  # what cannot be had together is said now
        self._sample = sample
        self._alone = crew is None
        self._crew = crew or Alone(kit, sample, on_finding=self._tell, on_trial=self._show)
        missing = {each.name: missing_for(each, sample) for each in kit.checks}
        self.report = Report(
            plan,
            checks=[name for name, lacks in missing.items() if not lacks],
            not_run={name: lacks for name, lacks in missing.items() if lacks},
            run_in_part={each.name: lacks for each in kit.checks if (lacks := missing_in_part(each, sample))},
            excluded=sample.excludes,
            lacks=tuple(name for name, hook in _HOOKS.items() if getattr(sample, hook) is None),
            workers=0 if crew is None else crew.size,
        )
        self._sums = BlockReport(-1)

    def run(self) -> Report:
        """Run all phases; Ctrl-C ends it with what was found so far."""
        report = self.report
        try:
            if self._plan.canonical:
                report.progress.phase = "canonical scenarios"
                self._conduct(self._canonical_block)
                self._muted |= frozenset().union(*self._causes)
                self._causes.clear()
            if not self._over:
                report.progress.phase = "search"
                self._search = Stopwatch(self._plan.seconds)
                self._conduct(self._drawn_block)
        except KeyboardInterrupt:
            report.interrupted = True
        report.stopped_by = self._reason()
        report.progress.seconds = self._watch.seconds
        if self._fault is not None and not (isinstance(self._fault, Unreachable) and report.findings):
            raise self._fault
        return report

    @property
    def _over(self) -> bool:
        return (
            self.report.interrupted
            or self._fault is not None
            or self._hung >= HANGS_AT_MOST
            or (self._plan.first_only and bool(self.report.findings))
        )

    def _reason(self) -> str:
        """What ended the search."""
        if self.report.interrupted:
            return "interrupted"
        if self._fault is not None:
            return str(self._fault)  # what it did before is told, and cannot be got any further
        if self._hung >= HANGS_AT_MOST:
            return "the receiver hangs"
        if self._over:
            return "first finding"
        return "seconds" if self._search.expired else "trials"

    # Cutting blocks

    def _canonical_block(self, number: int) -> Block | None:
        """All canonical scenarios, in one block: each is judged with the causes muted that those before it found."""
        if number:
            return None
        scenarios = canonical_for(self._sample, self._plan.pins, self._plan.profile)
        return Block(number, self._plan, (*self._news(), *scenarios.items()), muted=self._muted)

    def _drawn_block(self, number: int) -> Block | None:
        """The next block of the search; None if the budget is spent, or too many before it are still under way."""
        if self._drawn >= self._plan.trials or self._search.expired or len(self._causes) < number // 2:
            return None
        steps, seed = self._seeds.choice(STEP_COUNTS), self._seeds.getrandbits(64)
        trials = min(BLOCK, self._plan.trials - self._drawn)
        self._drawn += trials
        return Block(
            number,
            self._plan,
            self._news(),
            seed=seed,
            trials=trials,
            steps=steps,
            seconds=self._plan.seconds - self._search.seconds,
            muted=self._muted.union(*self._causes[: number // 2]),
            told=frozenset(each.key for each in (*self.report.findings, *self.report.advice)),
        )

    def _news(self) -> tuple[tuple[str, Scenario], ...]:
        """What has failed elsewhere since the last look, as far as it can happen here."""
        if self._memory is None:
            return ()
        news = [each for each in self._memory.news() if self._applies(each.scenario)]
        self._remembered += news
        return tuple((SHARED, each.scenario) for each in news)

    def _applies(self, scenario: Scenario) -> bool:
        """Whether the receiver supports the readings that it rests on, and no other one is held on to."""
        excluded, pinned = set(map(split_pin, self._sample.excludes)), dict(map(split_pin, self._plan.pins))
        readings = {each.name: getattr(scenario.dialect, each.name) for each in fields(scenario.dialect)}
        return excluded.isdisjoint(readings.items()) and pinned.items() <= readings.items()

    # Handing them out, and taking what comes back

    def _conduct(self, cut: Callable[[int], Block | None]) -> None:
        """Keep the crew busy with blocks as they are cut, and take their reports in order, until it is over."""
        self._causes.clear()
        working: dict[Future[BlockReport], Block] = {}
        early: dict[int, BlockReport] = {}
        number = 0
        try:
            while not self._over:
                while len(working) < self._crew.size and (block := cut(number)) is not None:
                    working[self._crew.submit(block)] = block
                    number += 1
                if not working:
                    return
                self._collect(working, early)
                while len(self._causes) in early and (self._alone or not self._over):
                    self._take(early.pop(len(self._causes)))
        except KeyboardInterrupt:
            self.report.interrupted = True
        except Unreachable as fault:  # the crew
            self._fault = fault
        self._wind_up(working, early)

    def _collect(
        self, working: dict[Future[BlockReport], Block], early: dict[int, BlockReport], patience: float | None = None
    ) -> None:
        """Wait until somebody is done; a block whose worker has died is begun once more."""
        for future in wait(working, patience, return_when=FIRST_COMPLETED).done:
            block = working.pop(future)
            try:
                early[block.number] = future.result()
            except WorkerLost as lost:
                self._tries[block.number] += 1
                if self._tries[block.number] < _TRIES and not self._over:
                    working[self._crew.submit(block)] = block
                    continue
                early[block.number] = BlockReport(block.number)
                if not self._over:
                    self.report.lost.append(_lost(block, str(lost)))
            except Exception as fault:  # noqa: BLE001 - it ends the campaign, but not before what was found is told
                early[block.number] = BlockReport(block.number, fault=fault)

    def _wind_up(self, working: dict[Future[BlockReport], Block], early: dict[int, BlockReport]) -> None:
        """It is over before its time: whoever still works is asked to stop, and what they found is not thrown away."""
        if not working and not early:
            return
        self._crew.stop()
        if self._plan.first_only and self.report.findings:
            return
        patience = Stopwatch(_GRACE)
        while working and not patience.expired:
            self._collect(working, early, _GRACE - patience.seconds)
        for number in sorted(early):
            self._take(early[number])

    def _take(self, report: BlockReport) -> None:
        """Put what a block came to together with what the ones before it did."""
        for finding in report.findings:
            self._tell(finding)
        for advice in report.advice:
            if all(advice.key != known.key for known in self.report.advice):
                self.report.advice.append(replace(advice, trials=advice.trials + self._sums.trials))
        if self._memory is not None:
            for remembered in self._remembered:
                if remembered.scenario in report.passed:
                    self._memory.forget(remembered)
        self._hung += report.hung
        self._fault = self._fault or report.fault
        self._causes.append(report.causes)
        if report.interrupted and self._alone:
            self.report.interrupted = True
        pages = [each for each in (self.report.full_page_seconds, report.full_page_seconds) if each is not None]
        self.report.full_page_seconds = max(pages, default=None)
        self.report.reach.update(report.reach)
        self.report.muted.update(report.muted)
        for name in _SUMMED:
            setattr(self._sums, name, getattr(self._sums, name) + getattr(report, name))
        if not self._alone:
            self._show(_NOTHING)

    def _tell(self, finding: Finding) -> None:
        if any(finding.key == known.key for known in self.report.findings):
            return
        finding = replace(finding, trials=finding.trials + self._sums.trials)
        self.report.findings.append(finding)
        self.report.progress.findings = len(self.report.findings)
        if self._memory is not None and finding.origin != SHARED:
            self._memory.keep(finding)
        self._on_finding(finding)

    def _show(self, current: BlockReport) -> None:
        """Show how far it is, with a block that is being run."""
        progress = self.report.progress
        for name in _SUMMED:
            setattr(progress, name, getattr(self._sums, name) + getattr(current, name))
        progress.seconds = self._watch.seconds
        self._on_progress(progress)


_SUMMED: Final = ("trials", "deliveries", "syncs", "virtual_seconds")
_NOTHING: Final = BlockReport(-1)


def _lost(block: Block, why: str) -> str:
    """What to say of a block that was given up."""
    if block.scenarios:
        return f"the canonical scenarios: {why}"
    return f"block {block.number + 1}, of {block.trials} trials: {why}"


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
