"""Whether a correct receiver is ever accused.

    python -m measure.soundness                   20,000 trials for each correct receiver of the zoo
    python -m measure.soundness --trials 1000     what every change has to pass
    python -m measure.soundness --only stages_in_sqlite --seed 7

The trials are spread over the three profiles; half of them are hostile, where every reading of the document that the
receiver does not exclude is drawn. How often each reading was met is counted, and one that was met in fewer than one
trial of twenty makes the run fail, since it then says little about that reading. Restarts, and failures of the app's
own dependency, are part of the trials of those receivers that say how. Late copies are judged as they are by default.

An accusation is any finding of severity bug. It is shrunk and printed, as JSON to replay and as a story.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import BUILT_IN, Check, Evidence, Judge, Violation
from cohortprop.profiles import PROFILES, readings_for
from cohortprop.reports.story import tell
from cohortprop.sender import Dialect
from cohortprop.simulation import Event, PhaseBegan, scenario_to_json
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import open_kit
from measure.spread import markdown_table, spread

SHARES = {"documented": 0.15, "realistic": 0.35, "hostile": 0.5}
"""Of the trials, by profile. The documented one draws no readings, so it needs the fewest."""

FULL_LENGTH = 20_000
"""Trials of each receiver from which on a reading that was met too seldom fails the run; below, it is only said."""
SEEN_IN = 0.05
"""The least share of a receiver's trials in which each reading must have been met: a thousand of 20,000."""

LAST_STAGE = 3
"""Of the way home, which every trial of a correct receiver takes."""

CHUNK = 1000
"""Trials of one campaign; each has a seed of its own."""


@dataclass(frozen=True, slots=True)
class Job:
    """One campaign against a correct receiver.

    Args:
        name: of the receiver.
        profile: how hostile the world is.
        seed: of the campaign.
        trials: to draw.
        canonical: whether the canonical scenarios come first.
    """

    name: str
    profile: str
    seed: int
    trials: int
    canonical: bool


@dataclass(slots=True)
class Tally:
    """What one campaign, or several, came to.

    Args:
        trials: run, canonical scenarios included.
        deliveries: that reached the app.
        seconds: real ones.
        readings: in how many trials each was met, written ``question=reading``.
        advice: how many campaigns gave each piece of advice.
        accusations: texts to print.
    """

    trials: int = 0
    deliveries: int = 0
    seconds: float = 0.0
    readings: Counter[str] = field(default_factory=Counter)
    advice: Counter[str] = field(default_factory=Counter)
    accusations: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another campaign in."""
        self.trials += other.trials
        self.deliveries += other.deliveries
        self.seconds += other.seconds
        self.readings.update(other.readings)
        self.advice.update(other.advice)
        self.accusations += other.accusations


class ReadingCounter:
    """A check that finds nothing wrong, and counts the dialects of the trials that it sees to their end."""

    def __init__(self) -> None:
        self.dialects: Counter[tuple[str, ...]] = Counter()

    def observe(self, event: Event, evidence: Evidence) -> Sequence[Violation]:
        """See an event."""
        if isinstance(event, PhaseBegan) and event.phase == "way home" and event.stage == LAST_STAGE:
            self.dialects[astuple(evidence.scenario.dialect)] += 1
        return ()

    @property
    def readings(self) -> Counter[str]:
        """In how many trials each reading was met."""
        counts: Counter[str] = Counter()
        for dialect, trials in self.dialects.items():
            for question, reading in zip(fields(Dialect), dialect, strict=True):
                counts[f"{question.name}={reading}"] += trials
        return counts


def watch_over(job: Job) -> Tally:
    """Run a job's trials. Hypothesis gives up one in twenty half-way, so it takes more than one campaign."""
    entry = zoo.find(job.name)
    counter = ReadingCounter()
    checks = (*BUILT_IN, Check("readings", "none: it counts", "", (Judge("readings", counter.observe),)))
    tally = Tally()
    watch = Stopwatch()
    draw = random.Random(job.seed)
    with open_kit(entry.factory, checks) as kit:
        while tally.trials < job.trials and not tally.accusations:
            plan = CampaignPlan(
                PROFILES[job.profile],
                seed=draw.getrandbits(64),
                trials=job.trials - tally.trials,
                seconds=math.inf,
                canonical=job.canonical and not tally.trials,
            )
            report = Campaign(kit, plan).run()
            tally.trials += report.progress.trials
            tally.deliveries += report.progress.deliveries
            tally.advice.update("/".join(advice.key) for advice in report.advice)
            tally.accusations += [_accusation(job, finding) for finding in report.findings]
    tally.readings = counter.readings
    tally.seconds = watch.seconds
    return tally


def _accusation(job: Job, finding: Finding) -> str:
    return "\n".join(
        [
            f"{job.name} was accused: {'/'.join(finding.key)} ({job.profile}, seed {job.seed}, {finding.origin})",
            tell(finding, width=120),
            json.dumps(scenario_to_json(finding.scenario)),
        ]
    )


def jobs_for(name: str, trials: int, seed: int) -> list[Job]:
    """The campaigns for one receiver.

    Example:
        >>> [(job.profile, job.trials) for job in jobs_for("applies_each_page", 1000, 0)]
        [('documented', 150), ('realistic', 350), ('hostile', 500)]
    """
    jobs: list[Job] = []
    for profile, share in SHARES.items():
        left = round(trials * share)
        canonical = profile == "hostile"  # where all of them happen
        while left > 0:
            jobs.append(Job(name, profile, seed + len(jobs), min(CHUNK, left), canonical))
            left -= CHUNK
            canonical = False
    return jobs


def main(argv: Sequence[str] | None = None) -> int:
    """Run the campaigns.

    Returns:
        0 if nobody was accused and, in a run of full length, every reading was met often enough; else 1.
    """
    options = _parser().parse_args(argv)
    entries = [entry for entry in zoo.entries() if entry.correct and (not options.only or entry.name in options.only)]
    # No two receivers get the same trials: together they see more.
    seeds = {entry.name: options.seed + 1000 * number for number, entry in enumerate(zoo.entries())}
    jobs = [job for entry in entries for job in jobs_for(entry.name, options.trials, seeds[entry.name])]
    tallies = {entry.name: Tally() for entry in entries}
    watch = Stopwatch()
    for job, tally in zip(jobs, spread(watch_over, jobs, options.workers), strict=True):
        tallies[job.name].add(tally)
        print(f"{job.name}, {job.profile}: {tally.trials} trials, {tally.seconds:.0f} s", flush=True)
        print(*tally.accusations, sep="\n\n", end="\n" if tally.accusations else "")
    print(f"\n{_summary(tallies)}\n\n{_readings(tallies)}\n")
    rare = [line for name, tally in tallies.items() for line in _rare(name, tally, options.trials)]
    print(*rare, sep="\n", end="\n" if rare else "")
    accused = [name for name, tally in tallies.items() if tally.accusations]
    said = f"{', '.join(accused)} accused" if accused else "nobody accused"
    print(f"{said}; {sum(tally.trials for tally in tallies.values())} trials in {watch.seconds / 60:.1f} minutes")
    return 1 if accused or (rare and options.trials >= FULL_LENGTH) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m measure.soundness", description="Is a correct receiver accused?")
    names = [entry.name for entry in zoo.entries() if entry.correct]
    parser.add_argument("--only", action="append", metavar="NAME", choices=names, help="this receiver; repeatable")
    parser.add_argument("--trials", type=int, default=20_000, help="for each receiver; default 20000")
    parser.add_argument("--seed", type=int, default=0, help="of the first campaign; default 0")
    parser.add_argument("--workers", type=int, default=1, help="processes; default 1")
    return parser


def _summary(tallies: dict[str, Tally]) -> str:
    rows = [
        [
            name,
            str(tally.trials),
            str(tally.deliveries),
            f"{tally.seconds / 60:.1f}",
            f"{tally.trials / tally.seconds:.0f}",
            str(len(tally.accusations)),
            ", ".join(tally.advice) or "-",
        ]
        for name, tally in tallies.items()
    ]
    heads = ["correct receiver", "trials", "deliveries", "minutes", "trials/s", "accused", "advice"]
    return markdown_table(heads, rows, "lrrrrrl")


def _readings(tallies: dict[str, Tally]) -> str:
    """The least and the most trials in which each reading was met, over the receivers that do not exclude it."""
    rows = []
    for question, readings in readings_for(PROFILES["hostile"]).items():
        for reading in readings:
            met = [tally.readings[f"{question}={reading}"] for name, tally in tallies.items()]
            excluded = [name for name in tallies if f"{question}={reading}" in zoo.find(name).factory().excludes]
            kept = sorted(met)[len(excluded) :]
            rows.append(
                [f"{question}={reading}", str(min(kept, default=0)), str(max(kept, default=0)), ", ".join(excluded)]
            )
    return markdown_table(["reading", "least", "most", "excluded by"], rows, "lrrl")


def _rare(name: str, tally: Tally, trials: int) -> list[str]:
    """The readings that a receiver met too seldom."""
    least = math.floor(SEEN_IN * trials)
    readings = readings_for(PROFILES["hostile"], excludes=zoo.find(name).factory().excludes)
    met = {f"{question}={reading}" for question, choices in readings.items() for reading in choices}
    return [
        f"{name} met {reading} in {tally.readings[reading]} trials, not {least}"
        for reading in sorted(met)
        if tally.readings[reading] < least
    ]


if __name__ == "__main__":
    sys.exit(main())
