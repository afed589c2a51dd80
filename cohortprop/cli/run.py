"""`cohortprop run TARGET`: search for a sequence of events after which the receiver is wrong."""

from __future__ import annotations

import contextlib
import os
import random
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cohortprop import __version__
from cohortprop.cli.options import (
    explain_check,
    given_again,
    needed_target,
    output_options,
    receiver_options,
    report_option,
    search_options,
    settings_of,
    trial_options,
)
from cohortprop.errors import UsageError
from cohortprop.settings import Settings

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.campaign import Finding, Report
    from cohortprop.checks import Check
    from cohortprop.cli.known import Known
    from cohortprop.findings import Pair
    from cohortprop.receiver import Receiver
    from cohortprop.target import Target
    from cohortprop.trial import TrialKit

__all__ = ["command"]

INTERRUPTED = 130
INCOMPLETE = 3
"""Nothing was found, but part of the search is lost."""
_OF_THE_RECEIVER = (
    "start", "ready", "allow_host", "path", "auth", "header", "members", "arrivals", "reset", "time_limit", "clock"
)  # fmt: skip


@click.command("run", short_help="Search for what goes wrong.")
@click.argument("target", required=False)
@search_options
@receiver_options
@trial_options
@report_option
@output_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and nothing else.")
@click.option("--explain", metavar="CHECK", help="Print what a check is about, and do nothing else.")
@click.option("--write-baseline", is_flag=True, help="Accept what this run finds: write it to the baseline file.")
def command(*, as_json: bool, write_baseline: bool, explain: str | None, **given: Any) -> int:
    """Search for a sequence of events after which TARGET holds the wrong members, acts twice, or refuses a delivery.

    Saved findings of TARGET are replayed first; those that are fixed are moved to the folder fixed/ beside them. Then
    come the canonical scenarios, then drawn ones, until the budget is spent. Ctrl-C ends the search with what was
    found so far.

    Every option but --json, --write-baseline and --explain can be set in [tool.cohortprop] of pyproject.toml, by its
    long name; the command line counts more.
    """
    settings = settings_of(**given)
    if explain is not None:
        return explain_check(explain, color=settings.color)
    name = needed_target(settings)
    if write_baseline and settings.baseline is None:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    from cohortprop.cli.screen import only_json
    from cohortprop.findings import load_baseline, save_baseline

    accepted: frozenset[Pair] = frozenset()
    if settings.baseline is not None and not write_baseline:
        accepted = load_baseline(Path(settings.baseline))
    if settings.seed is None:
        settings = replace(settings, seed=random.SystemRandom().randrange(2**32))
    named = () if settings.target is None else (name,)
    repeat = shlex.join(["cohortprop", "run", *named, "--seed", str(settings.seed), *given_again(given)])
    with only_json(wanted=as_json):
        target = settings.load()
        run = _Run(settings, target, accepted, as_json=as_json, repeat=repeat, reached=_reached(given))
        report = run.search()
    run.tell(report)
    run.write(report)
    if write_baseline and not report.interrupted:
        assert settings.baseline is not None
        save_baseline(Path(settings.baseline), [finding.key for finding in report.findings])
        run.out.print(f"accepted from now on: {len(report.findings)} findings, in {settings.baseline}", soft_wrap=True)
        return 0
    return run.code(report)


class _Run:
    """One run: what is known first, then the campaign, printed as it goes."""

    def __init__(
        self,
        settings: Settings,
        target: Target,
        accepted: frozenset[Pair],
        *,
        as_json: bool,
        repeat: str,
        reached: Sequence[str] = (),
    ) -> None:
        from cohortprop.cli.known import Known
        from cohortprop.cli.screen import Ticker, console_on

        self.settings = settings
        self.target = target
        self.accepted = accepted
        self.as_json = as_json
        self._repeat = repeat
        self._reached = reached
        self._replay_hints: list[str | None] = []
        self.out = console_on(sys.stdout, color=settings.color, silent=as_json)
        self.known: Known = Known()
        shown = not settings.quiet
        self.ticker = Ticker(self.out, trials=settings.trials, seconds=settings.seconds, shown=shown)
        self.checks = settings.checks()
        self.receiver = target.make()  # what it imports is imported before time is frozen
        _require_something_to_check(self.checks, self.receiver)

    def search(self) -> Report:
        """Replay what is known, then run the campaign; Ctrl-C ends either."""
        from cohortprop.campaign import Campaign
        from cohortprop.cli.crews import open_crew, open_memory
        from cohortprop.cli.screen import captured_prints
        from cohortprop.trial import open_kit

        settings, clock = self.settings, self.settings.clock_for(self.receiver)
        self.say(f"cohortprop {__version__}: {self.target.name}, profile {settings.world.name}, seed {settings.seed}")
        with (
            _hypothesis_storage(settings),
            open_crew(settings, self.receiver) as crew,
            open_memory(settings, self.target.name, self.remark) as memory,
            self.ticker,
        ):
            with (
                open_kit(self.target.make, self.checks, clock=clock, time_limit=settings.time_limit) as kit,
                captured_prints(kit.capture),
            ):
                stopped = self._replay(kit)
                self.ticker.found_before = len(self.known.findings)
                plan = settings.plan(muted=self.accepted | self.known.keys)
                campaign = Campaign(
                    kit,
                    plan,
                    crew=crew,
                    memory=memory,
                    on_finding=self.tell_finding,
                    on_progress=self.ticker.show,
                )
                if stopped:
                    campaign.report.interrupted, campaign.report.stopped_by = True, "interrupted"
                elif settings.first and self.known.findings:
                    campaign.report.stopped_by = stopped = "first finding"
                elif crew is None:
                    campaign.run()
            if crew is not None and not stopped:
                campaign.run()  # time is frozen where the trials are, and not here
        report = campaign.report
        report.plan = replace(plan, muted=self.accepted)  # what is told from a file is muted, but not accepted
        report.findings[:0] = self.known.findings
        report.progress.findings = len(report.findings)
        return report

    def _replay(self, kit: TrialKit) -> str:
        """Replay what is known; returns what ended it early."""
        from cohortprop.cli.known import replay_known

        try:
            replay_known(
                kit,
                self.settings,
                self.target.name,
                self.accepted,
                self.known,
                tell=self.tell_finding,
                say=self.say,
            )
        except KeyboardInterrupt:
            return "interrupted"
        return ""

    def say(self, line: str) -> None:
        """Print a line, unless names and the verdict are all that is wanted."""
        if not self.settings.quiet:
            self.out.print(line, soft_wrap=True, markup=False)

    def remark(self, line: str) -> None:
        """Say what is in trouble, but not in the way of what is printed for programs."""
        click.echo(f"cohortprop: {line}", err=True)

    def tell_finding(self, finding: Finding, path: Path | None = None) -> None:
        """Save a finding unless it comes from a file, and print it; what was found is worth more than its file."""
        from cohortprop.cli.hints import hint_for
        from cohortprop.cli.pages import write_finding
        from cohortprop.cli.screen import note
        from cohortprop.findings import save
        from cohortprop.reports import show_finding

        refused, page = "", None
        if path is None and self.settings.save:
            try:
                path = save(finding, self.settings.findings_folder, self.target.name)
            except UsageError as fault:
                refused = str(fault)
        replay = shlex.join(["cohortprop", "replay", str(path), *self._reached]) if path is not None else None
        self._replay_hints.append(replay)
        if path is not None and self.settings.save and self.settings.html:
            try:
                page = write_finding(path.with_suffix(".html"), finding, self.target.name, self.receiver, replay)
            except UsageError as fault:
                refused = str(fault)
        show_finding(self.out, finding, replay_hint=replay, quiet=self.settings.quiet)
        read = str(page) if page is not None and not self.settings.quiet else ""
        for label, text in (("To read", read), ("Not saved", refused), ("Hint", hint_for(finding, self.receiver))):
            if text:
                note(self.out, label, text)

    def tell(self, report: Report) -> None:
        """Print the summary, or the whole as JSON."""
        from cohortprop.cli.screen import print_json
        from cohortprop.reports import report_as_json, show_report

        if self.as_json:
            data = report_as_json(report, self.target.name)
            data["saved"] = [{"file": file, "verdict": verdict} for file, verdict in self.known.verdicts.items()]
            data["out_of_reach"] = [name for name, _, _ in self._out_of_reach(report)]
            print_json(data)
            return
        show_report(self.out, report, target=self.target.name, repeat_hint=self._repeat, quiet=self.settings.quiet)
        for pair in sorted(self.accepted):
            if not report.muted[pair]:
                self.say(f"accepted, but not met in this run: {'/'.join(pair)}, in {self.settings.baseline}")
        for name, met, trials in self._out_of_reach(report):
            self.out.print(f"not reached: {name} was met in {met} trials, not {trials}", soft_wrap=True, markup=False)

    def write(self, report: Report) -> None:
        """Write the reports that were asked for."""
        if not self.settings.report:
            return
        from cohortprop.cli.pages import write_report, write_text
        from cohortprop.reports.formats import FORMATS
        from cohortprop.settings import split_report

        for name, path in map(split_report, self.settings.report):
            if name == "html":
                write_report(path, report, self.target.name, self.receiver, self._replay_hints, self._repeat)
            else:
                write_text(path, FORMATS[name](report, self.target.name))
            self.say(f"report: {path}")

    def code(self, report: Report) -> int:
        """The exit code that a report deserves."""
        if report.findings or (self.settings.fail_on_advice and report.advice):
            return 1
        if report.interrupted:
            return INTERRUPTED
        if report.lost:
            return INCOMPLETE
        return 1 if self._out_of_reach(report) else 0

    def _out_of_reach(self, report: Report) -> list[tuple[str, int, int]]:
        """Situations that were met too seldom: their names, in how many trials they were, and should have been."""
        required = self.settings.required_reach
        return [(name, report.reach[name], least) for name, least in required.items() if report.reach[name] < least]


def _reached(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The options that say how to reach the receiver and to look into it; a saved finding does not know them."""
    return tuple(given_again({name: given.get(name) for name in _OF_THE_RECEIVER}))


def _require_something_to_check(checks: tuple[Check, ...], receiver: Receiver) -> None:
    from cohortprop.checks import missing_for

    missing = {each.name: missing_for(each, receiver) for each in checks}
    if not missing:
        raise UsageError("no check is left to be run")
    if all(missing.values()):
        name, lacks = next(iter(missing.items()))
        raise UsageError(f"no check can be run: {name} needs Receiver({lacks[0]}=...)")


@contextlib.contextmanager
def _hypothesis_storage(settings: Settings) -> Iterator[None]:
    """Keep what Hypothesis writes out of the current directory: beside the findings, or nowhere that lasts."""
    name = "HYPOTHESIS_STORAGE_DIRECTORY"
    if name in os.environ:
        yield
        return
    with contextlib.ExitStack() as stack:
        if settings.save:
            os.environ[name] = str(settings.findings_folder / ".hypothesis")
        else:
            os.environ[name] = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        stack.callback(os.environ.pop, name, None)
        yield
