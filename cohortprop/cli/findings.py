"""`cohortprop findings`: what is saved, one by one, and away with what is not wanted any more."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cohortprop.cli.options import output_options, settings_of
from cohortprop.errors import UsageError

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.findings import SavedFinding

__all__ = ["command"]


@click.command("findings", short_help="List, show and remove saved findings.")
@click.argument("action", type=click.Choice(["list", "show", "remove"]), default="list")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--findings", metavar="DIR", help="Where findings are saved (default .cohortprop/findings).")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON, and nothing else.")
@output_options
def command(*, action: str, names: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """List the saved findings; show some of them, steps and all; or remove them.

    A NAME is a file, or any part of its name that no other has. Nothing is run: whether a finding still shows is told
    by `cohortprop replay FILE`, and by the next `cohortprop run`.
    """
    settings = settings_of(**given)
    if action == "list" and names:
        raise click.UsageError("list takes no NAME; did you mean: cohortprop findings show NAME?")
    if action != "list" and not names:
        raise click.UsageError(f"{action} needs a NAME: the file of a finding, or a part of its name")
    if action != "list" and as_json:
        raise click.UsageError("--json goes with list alone")
    from cohortprop.cli.screen import console_on, print_json
    from cohortprop.findings import FIXED, saved_in

    folder = settings.findings_folder
    damaged: list[str] = []
    saved = saved_in(folder, damaged.append)
    fixed = saved_in(folder / FIXED, damaged.append)
    out = console_on(sys.stdout, color=settings.color, silent=as_json)

    def say(line: str, style: str = "") -> None:
        out.print(line, style=style, soft_wrap=True, markup=False)

    if action == "list":
        if as_json:
            rows = [_as_json(each, fixed=each in fixed) for each in saved + fixed]
            print_json({"findings": rows, "damaged": damaged})
        else:
            _list(saved, fixed, damaged, say)
        if not (saved or fixed or damaged):
            say(f"nothing is saved in {folder}")
        return 0
    for each in _chosen(names, saved + fixed, folder):
        if action == "remove":
            _remove(each)
            say(f"removed: {each.path}")
        else:
            _show(each, say)
    return 0


def _list(saved: list[SavedFinding], fixed: list[SavedFinding], damaged: list[str], say: Any) -> None:
    for each in saved + fixed:
        say(f"{'fixed  ' if each in fixed else ''}{each.check} / {each.cause}", "bold")
        say(f"  {each.title or 'no title'}", "dim")
        say(f"  {each.path}")
    for line in damaged:
        say(f"damaged: {line}")


def _chosen(names: tuple[str, ...], saved: list[SavedFinding], folder: Path) -> list[SavedFinding]:
    """The findings that are named, each once; all names are looked up before anything is done."""
    chosen: dict[Path, SavedFinding] = {}
    for name in names:
        exact = [each for each in saved if each.path is not None and name in (str(each.path), each.path.name)]
        fitting = exact or [each for each in saved if each.path is not None and name in each.path.name]
        if not fitting:
            raise UsageError(f"{name!r}: no finding is called so in {folder}; `cohortprop findings` lists them")
        if len(fitting) > 1:
            some = ", ".join(each.path.name for each in fitting[:3] if each.path is not None)
            raise UsageError(f"{name!r} is part of {len(fitting)} names: {some}{' …' if len(fitting) > 3 else ''}")
        assert fitting[0].path is not None
        chosen[fitting[0].path] = fitting[0]
    return list(chosen.values())


def _remove(finding: SavedFinding) -> None:
    assert finding.path is not None
    try:
        finding.path.unlink(missing_ok=True)
        finding.path.with_suffix(".html").unlink(missing_ok=True)  # its page
    except OSError as fault:
        raise UsageError(f"{finding.path}: cannot be removed: {fault.strerror}") from None


def _show(finding: SavedFinding, say: Any) -> None:
    """A finding without running it: what it is about, and its steps in words."""
    from cohortprop.reports.words import step_in_words

    scenario = finding.scenario
    say(f"{finding.check} / {finding.cause}", "bold")
    say(f"  {finding.title or 'no title'}")
    say(f"  found on {finding.target}")
    for cohort in scenario.cohorts:
        say(f'  cohort {cohort.id}, "{cohort.name}": {", ".join(cohort.members) or "nobody"}')
    for question, reading in scenario.dialect.departures.items():
        say(f"  under the reading {question}={reading}")
    for number, step in enumerate(scenario.steps, start=1):
        say(f"  {number}. {step_in_words(step)}")
    say(f"  cohortprop replay {finding.path}")


def _as_json(finding: SavedFinding, *, fixed: bool) -> dict[str, Any]:
    assert finding.path is not None
    return {
        "file": str(finding.path),
        "fixed": fixed,
        "target": finding.target,
        "check": finding.check,
        "cause": finding.cause,
        "title": finding.title,
        "scenario": json.loads(finding.path.read_text("utf-8"))["scenario"],
    }
