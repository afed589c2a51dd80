"""`cohortprop zoo`: the receivers that ship with cohortprop, and how well they are told apart."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from cohortprop.cli.options import settings_of
from cohortprop.errors import UsageError

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.campaign import Finding
    from cohortprop.zoo import Bug, Entry

__all__ = ["Measured", "command"]


_HANGS_AFTER: Final = 1.0
"""Seconds; the receivers of the zoo answer at once, or never."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a short campaign made of one receiver.

    Args:
        name: of the receiver.
        declared: what must be found.
        found: what was found, each with the steps of its shrunk scenario.
        trials: until all of it was found, or all that were run.
        seconds: real ones.
        right: whether what was found is what is declared.
    """

    name: str
    declared: tuple[Bug, ...]
    found: tuple[tuple[Bug, int], ...]
    trials: int
    seconds: float
    right: bool


@click.command("zoo", short_help="Receivers to try cohortprop on.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--run", "measured", is_flag=True, help="Run a short campaign on each, and tell what is found.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the campaigns.")
@click.option("--trials", type=click.IntRange(0), default=200, show_default=True, help="Of each campaign, at most.")
@click.option("--seconds", type=click.FloatRange(0), default=5.0, show_default=True, help="Of each campaign, at most.")
@click.option("--color/--no-color", default=None, help="Print in colour where the terminal can (default).")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def command(
    *, names: tuple[str, ...], measured: bool, seed: int, trials: int, seconds: float, as_json: bool, **given: Any
) -> int:
    """List the receivers of the zoo: what is wrong with each, and which check must catch it, under which cause.

    Each is a target: cohortprop run cohortprop.zoo:NAME. With --run a short campaign is run on each of them, or on
    those that are named; it exits with 1 unless all that is declared, and nothing else, is found.
    """
    settings = settings_of(**given)
    from cohortprop.cli.screen import console_on, print_json
    from cohortprop.reports import show_zoo

    entries = _chosen(names)
    out = console_on(sys.stdout, color=settings.color, silent=as_json)
    if not measured:
        show_zoo(out, entries)
        if as_json:
            print_json([_as_json(entry) for entry in entries])
        return 0
    rows: list[Measured] = []
    interrupted = False
    with out.status("") as status:
        for entry in entries:
            status.update(f"{entry.name} ({len(rows) + 1} of {len(entries)})")
            row = _measure(entry, seed, trials, seconds)
            if row is None:
                interrupted = True
                break
            rows.append(row)
    results = {row.name: _result(row) for row in rows}
    show_zoo(out, [entry for entry in entries if entry.name in results], results)
    if as_json:
        print_json([_measured_as_json(row) for row in rows])
    if not all(row.right for row in rows):
        return 1
    return 130 if interrupted else 0


def _chosen(names: tuple[str, ...]) -> list[Entry]:
    from cohortprop import zoo

    known = {entry.name: entry for entry in zoo.entries()}
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1) or [each for each in known if name in each]
            hint = f"did you mean {close[0]!r}?" if close else "cohortprop zoo lists them"
            raise UsageError(f"the zoo has no receiver {name!r}; {hint}")
    return [known[name] for name in names] or list(known.values())


class _Caught(KeyboardInterrupt):
    """Ends a campaign as Ctrl-C does, with what was found so far: all that is declared is found."""


def _measure(entry: Entry, seed: int, trials: int, seconds: float) -> Measured | None:
    """Run a campaign until all that an entry declares is found, or the budget is spent; None after Ctrl-C."""
    from cohortprop.campaign import Campaign, CampaignPlan
    from cohortprop.checks import BUILT_IN
    from cohortprop.stopwatch import Stopwatch
    from cohortprop.trial import open_kit

    wanted = set() if entry.correct else set(entry.bugs)
    watch = Stopwatch()
    took = 0.0

    def hear(finding: Finding) -> None:
        nonlocal took
        wanted.discard(finding.key)
        if not wanted and not entry.correct:
            took = watch.seconds
            raise _Caught

    with open_kit(entry.factory, BUILT_IN, time_limit=_HANGS_AFTER) as kit:
        campaign = Campaign(kit, CampaignPlan(seed=seed, trials=trials, seconds=seconds), on_finding=hear)
        report = campaign.run()
    if report.interrupted and not took:
        return None
    told = [*report.findings, *report.advice] if entry.kind == "advised" else report.findings
    return Measured(
        entry.name,
        entry.bugs,
        tuple((finding.key, len(finding.scenario.steps)) for finding in told),
        report.progress.trials,
        took or watch.seconds,
        _is_right(entry, {each.key for each in report.findings}, {each.key for each in report.advice}),
    )


def _is_right(entry: Entry, bugs: set[Bug], advice: set[Bug]) -> bool:
    """Whether what was found is what is declared; of several bugs in one receiver, each may show in several ways."""
    declared = set(entry.bugs)
    if entry.kind == "advised":
        return not bugs and advice >= declared
    return bugs >= declared if entry.kind == "planted" else bugs == declared


def _result(row: Measured) -> str:
    """What came of a receiver, in a few words."""
    if not row.right:
        found = ", ".join("/".join(pair) for pair, _ in row.found) or "nothing"
        return f"NOT AS DECLARED: {found}"
    steps = f", {' + '.join(str(steps) for _, steps in row.found)} steps" if row.found else ""
    return f"{'found' if row.found else 'not accused'}, {row.trials} trials, {row.seconds:.1f} s{steps}"


def _as_json(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "target": f"cohortprop.zoo:{entry.name}",
        "kind": entry.kind,
        "bugs": [{"check": check, "cause": cause} for check, cause in entry.bugs],
        "summary": entry.summary,
        "design": entry.design,
    }


def _measured_as_json(row: Measured) -> dict[str, Any]:
    return {
        "name": row.name,
        "declared": [{"check": check, "cause": cause} for check, cause in row.declared],
        "found": [{"check": check, "cause": cause, "steps": steps} for (check, cause), steps in row.found],
        "trials": row.trials,
        "seconds": round(row.seconds, 3),
        "right": row.right,
    }
