"""How surely and how fast each faulty receiver of the zoo is found, and whether it is named for what it is.

    python -m measure.zoo                          20 seeds each, with the canonical scenarios and without
    python -m measure.zoo --only merges_full_sync  one receiver
    python -m measure.zoo --write docs/measures-zoo.md

Each campaign has the default budget of `cohortprop run` and ends as soon as the finding that its receiver declares is
there, check and cause (with `--whole`, when its budget is spent). What was found under another name is listed. Where a
bug cannot show in the search at all, the receiver is listed as such and left out of the measurement without canonical
scenarios.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import open_kit
from measure.spread import markdown_table, spread

_MANY = "only canonical scenarios have pages of many members, which cost too much to draw"
CANONICAL_ONLY = {
    "first_five_hundred": _MANY,
    "reads_into_a_buffer": _MANY,
    "refuses_full_page": _MANY,
    "whole_chunks_only_sqlite": _MANY,
}
"""Receivers whose bug no drawn scenario can show, and why."""

FOUND_WITH, FOUND_WITHOUT, NAMED, SECONDS = 0.99, 0.95, 0.95, 3.0
"""The gates: shares found under the declared check, with canonical scenarios and without; share found under the
declared cause; median seconds to find and shrink."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """One campaign to run.

    Args:
        name: of the receiver.
        seed: of the campaign.
        canonical: whether canonical scenarios come first.
        trials: budget.
        seconds: budget.
        whole: whether to spend the budget although the declared finding is there, for what else may be reported.
    """

    name: str
    seed: int
    canonical: bool
    trials: int
    seconds: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Catch:
    """What a campaign came to.

    Args:
        hunt: what was asked for.
        checked: whether something was found under the declared check.
        named: whether something was found under the declared check and cause.
        first: key of the first finding; None if there is none.
        others: keys under which something else was found, with the steps of the shrunk scenario.
        trials: run when the declared finding was met.
        requests: that had reached the app by then, shrinking not counted.
        seconds: until it was shrunk.
        steps: of its shrunk scenario.
    """

    hunt: Hunt
    checked: bool
    named: bool
    first: tuple[str, str] | None
    others: tuple[tuple[tuple[str, str], str], ...]
    trials: int
    requests: int
    seconds: float
    steps: int

    @property
    def declared(self) -> tuple[str, str]:
        """The check and cause that the receiver declares."""
        return zoo.find(self.hunt.name).bugs[0]

    @property
    def named_first(self) -> bool:
        """Whether the first finding was the declared one."""
        return self.first == self.declared


class _Caught(KeyboardInterrupt):
    """Ends a campaign the way Ctrl-C does: with what was found so far."""


def hunt_down(hunt: Hunt) -> Catch:
    """Run one campaign until the declared finding is there or the budget is spent."""
    entry = zoo.find(hunt.name)
    declared = entry.bugs[0]
    watch = Stopwatch()
    caught: list[tuple[float, int]] = []  # seconds and requests

    def hear(finding: Finding) -> None:
        if finding.key == declared:
            caught.append((watch.seconds, campaign.report.progress.deliveries))
            if not hunt.whole:
                raise _Caught

    plan = CampaignPlan(
        PROFILES[profile_for(declared[0])],
        seed=hunt.seed,
        canonical=hunt.canonical,
        trials=hunt.trials,
        seconds=hunt.seconds,
    )
    with open_kit(entry.factory, BUILT_IN) as kit:
        campaign = Campaign(kit, plan, on_finding=hear)
        findings = campaign.run().findings
    found = next((finding for finding in findings if finding.key == declared), None)
    seconds, requests = caught[0] if caught else (watch.seconds, campaign.report.progress.deliveries)
    return Catch(
        hunt,
        checked=any(finding.key[0] == declared[0] for finding in findings),
        named=found is not None,
        first=findings[0].key if findings else None,
        others=tuple((finding.key, _steps(finding)) for finding in findings if finding.key != declared),
        trials=campaign.report.progress.trials if found is None else found.trials,
        requests=requests,
        seconds=seconds,
        steps=0 if found is None else len(found.scenario.steps),
    )


def profile_for(check: str) -> str:
    """The profile in which a receiver is hunted: the default one, unless its check cannot see anything there."""
    return next("hostile" if each.profile == "hostile" else "realistic" for each in BUILT_IN if each.name == check)


def _steps(finding: Finding) -> str:
    """The shrunk scenario, as somebody who looks into a wrong name wants to see it."""
    scenario = finding.scenario
    parts = [f"{cohort.id}: {' '.join(cohort.members[:8])}" for cohort in scenario.cohorts]
    parts += map(str, scenario.steps)
    parts += [f"page_size={scenario.page_size}", f"probing={scenario.probing}", str(scenario.dialect.departures)]
    return f"[{finding.origin}] {'; '.join(parts)}; seen: {finding.violation.seen}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the campaigns.

    Returns:
        0 if every gate is passed, else 1.
    """
    options = _parser().parse_args(argv)
    names = [entry.name for entry in zoo.faulty() if not options.only or entry.name in options.only]
    modes = (True, False) if options.canonical is None else (options.canonical,)
    hunts = [
        Hunt(name, seed, canonical, options.trials, options.seconds, options.whole)
        for canonical in modes
        for name in names
        if canonical or name not in CANONICAL_ONLY
        for seed in range(options.seeds)
    ]
    watch = Stopwatch()
    catches: list[Catch] = []
    for catch in spread(hunt_down, hunts, options.workers):
        catches.append(catch)
        if len(catches) % options.seeds == 0:
            mode = "with canonical scenarios" if catch.hunt.canonical else "search alone"
            _tell_progress(catches[-options.seeds :], f"{catch.hunt.name}, {mode}")
    split = {canonical: [each for each in catches if each.hunt.canonical is canonical] for canonical in modes}
    sections = [_section(own) for own in split.values() if own]
    missed = [line for own in split.values() if own for line in _missed_gates(own)]
    verdict = "Every gate is passed." if not missed else "Missed: " + "; ".join(missed) + "."
    page = "\n\n".join([_head(options), *sections, verdict])
    print(f"\n{page}\n\n{len(catches)} campaigns in {watch.seconds / 60:.1f} minutes")
    print(*_wrong_names(catches), sep="\n")
    if options.write:
        options.write.write_text(page + "\n", "utf-8")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    plan = CampaignPlan()
    parser = argparse.ArgumentParser(prog="python -m measure.zoo", description="Measures how the zoo is found.")
    parser.add_argument("--only", action="append", metavar="NAME", choices=[entry.name for entry in zoo.faulty()])
    parser.add_argument("--seeds", type=int, default=20, help="campaigns a receiver; default 20")
    parser.add_argument("--trials", type=int, default=plan.trials, help=f"budget; default {plan.trials}")
    parser.add_argument("--seconds", type=float, default=plan.seconds, help=f"budget; default {plan.seconds:g}")
    parser.add_argument(
        "--canonical", action=argparse.BooleanOptionalAction, help="only with, or without, canonical scenarios"
    )
    parser.add_argument("--whole", action="store_true", help="go on when the declared finding is there")
    parser.add_argument("--workers", type=int, default=1, help="processes; default 1")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the tables here, as Markdown")
    return parser


def _tell_progress(catches: Sequence[Catch], what: str) -> None:
    wrong = Counter("/".join(key) for catch in catches for key, _ in catch.others)
    names = "".join(f", also {name} {count}" for name, count in wrong.items())
    print(
        f"{what}: check {_share(catches, 'checked')}, cause {_share(catches, 'named')}, "
        f"{_middle(catch.seconds for catch in catches if catch.named)} s{names}",
        flush=True,
    )


def _share(catches: Sequence[Catch], what: str) -> str:
    return f"{100 * sum(getattr(catch, what) for catch in catches) / len(catches):.0f} %"


def _middle(values: Iterable[float], form: str = ".2f") -> str:
    numbers = list(values)
    return format(median(numbers), form) if numbers else "-"


def _head(options: argparse.Namespace) -> str:
    return (
        "# How the zoo is found\n\n"
        f"Each faulty receiver, {options.seeds} seeds, at most {options.trials} trials or {options.seconds:g} seconds "
        f"of search each, Python {platform.python_version()}. Written by `python -m measure.zoo`.\n\n"
        "*check* and *cause* are the shares of campaigns that found something under the declared check, and under the "
        "declared check and cause; *first* is the share of those whose first finding was that. Trials, requests to the "
        "app, seconds until it was shrunk and steps of the shrunk scenario are medians over the campaigns that found "
        "the declared cause. The profile is the default one, realistic, but for what shows in the hostile one only, "
        "which is said beside them. *Other names* is what else was reported, and in how many campaigns."
    )


def _section(catches: Sequence[Catch]) -> str:
    heads = ["receiver", "declared", "check", "cause", "first", "trials", "requests", "seconds", "steps", "other names"]
    names = dict.fromkeys(catch.hunt.name for catch in catches)
    rows = [_row(f"`{name}`", [catch for catch in catches if catch.hunt.name == name]) for name in names]
    table = markdown_table(heads, [*rows, _row("all", catches)], "llrrrrrrrl")
    if catches[0].hunt.canonical:
        return f"## With the canonical scenarios\n\n{table}"
    excepted = "\n".join(f"- Not measured here: `{name}`; {reason}." for name, reason in CANONICAL_ONLY.items())
    return f"## By the search alone\n\n{table}\n\n{excepted}"


def _row(title: str, catches: Sequence[Catch]) -> list[str]:
    hits = [catch for catch in catches if catch.named]
    wrong = Counter("/".join(key) for catch in catches for key, _ in catch.others)
    declared = {"/".join(catch.declared) for catch in catches}
    return [
        title,
        _declared(declared.pop()) if len(declared) == 1 else "",
        _share(catches, "checked"),
        _share(catches, "named"),
        _share(catches, "named_first"),
        _middle((catch.trials for catch in hits), ".0f"),
        _middle((catch.requests for catch in hits), ".0f"),
        _middle(catch.seconds for catch in hits),
        _middle((catch.steps for catch in hits), ".0f"),
        ", ".join(f"{key} ({count})" for key, count in wrong.items()) if title != "all" else str(wrong.total()),
    ]


def _declared(bug: str) -> str:
    """The declared check and cause, with the profile where it is not the default one."""
    profile = profile_for(bug.partition("/")[0])
    return bug if profile == "realistic" else f"{bug} ({profile})"


def _missed_gates(catches: Sequence[Catch]) -> list[str]:
    """The gates that are not passed, over all receivers together."""
    mode = "with the canonical scenarios" if catches[0].hunt.canonical else "by the search alone"
    least = FOUND_WITH if catches[0].hunt.canonical else FOUND_WITHOUT
    found = sum(catch.checked for catch in catches) / len(catches)
    named = sum(catch.named for catch in catches) / len(catches)
    seconds = median(catch.seconds for catch in catches)
    missed = []
    if found < least:
        missed.append(f"{found:.1%} found under the declared check {mode}, not {least:.0%}")
    if named < NAMED:
        missed.append(f"{named:.1%} found under the declared cause {mode}, not {NAMED:.0%}")
    if seconds >= SECONDS:
        missed.append(f"{seconds:.1f} seconds in the median {mode}, not under {SECONDS:g}")
    return missed


def _wrong_names(catches: Sequence[Catch]) -> list[str]:
    """One example for each wrong name, to look into."""
    lines: dict[tuple[str, tuple[str, str]], str] = {}
    for catch in catches:
        for key, steps in catch.others:
            lines.setdefault(
                (catch.hunt.name, key),
                f"- {catch.hunt.name}, seed {catch.hunt.seed}, {'/'.join(catch.declared)} "
                f"was named {'/'.join(key)}: {steps}",
            )
    return list(lines.values())


if __name__ == "__main__":
    sys.exit(main())
