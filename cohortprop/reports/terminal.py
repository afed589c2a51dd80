"""Findings and reports on a terminal: the same lines as the plain story, in colour, and the summary of a run.

Colour is decided by the console that is handed in, and carries no meaning of its own: without it nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from rich.console import Console
from rich.text import Text

from cohortprop.campaign import Finding, Report
from cohortprop.checks import as_in, needs_in_words
from cohortprop.reach import SITUATIONS
from cohortprop.reports.layout import Line, Span, Style, columns, flow, labelled, line, to_paste
from cohortprop.reports.phrases import plural, span
from cohortprop.reports.readings import rests_on, under
from cohortprop.reports.story import cause_of, check_of, set_story, title_of
from cohortprop.wire import BATCH_SIZE

__all__ = ["ZooEntry", "show_finding", "show_lines", "show_report", "show_zoo", "verdict"]

_STYLES: Final[Mapping[Style, str]] = {
    "plain": "",
    "title": "bold",
    "heading": "bold cyan",
    "bad": "bold red",
    "good": "bold green",
    "dim": "dim",
    "code": "cyan",
}
_ASCII: Final = str.maketrans({"→": "->", "✗": "x", "•": "-", "…": "...", "─": "-", "═": "="})
_WIDE: Final = 76
_NARROWEST: Final = 24

_NEEDS: Final = {"restarted": "restart", "restarted-inside": "restart", "troubled": "dependency", "knocked": "auth"}
"""Situations that cannot be met unless the Receiver says how."""

_FAULTS: Final = (
    "retried-after-lost-ack",
    "immediate-duplicate",
    "late-replay",
    "replay-after-removal",
    "restarted",
    "restarted-inside",
    "troubled",
    "garbled",
)
"""Situations that a profile without faults never meets."""


class ZooEntry(Protocol):
    """What is to be said of a receiver of the zoo."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def kind(self) -> str:
        """Whether it is correct, faulty, advised or planted."""

    @property
    def bugs(self) -> tuple[tuple[str, str], ...]:
        """The checks and causes that must be reported."""

    @property
    def summary(self) -> str:
        """What goes wrong, in one line."""


def show_finding(console: Console, finding: Finding, *, replay_hint: str | None = None, quiet: bool = False) -> None:
    """Show a finding as a story.

    Args:
        console: where to.
        finding: what was found.
        replay_hint: what to type to see it again; without one the story ends in an empty line, for others to go on.
        quiet: only its names, what is wrong, and the hint.
    """
    width = _width(console)
    if not quiet:
        rule = line("─" * width, "dim")
        end = [line()] if replay_hint is None else []
        show_lines(console, [rule, *set_story(finding, width=width, replay_hint=replay_hint), *end])
        return
    label = "BUG" if finding.violation.severity == "bug" else "ADVICE"
    parts = [
        Span(label, "bad" if label == "BUG" else "heading"),
        Span(f" {finding.violation.check} / {finding.violation.cause}: ", "dim"),
        Span(title_of(finding)),
    ]
    lines = flow(parts, width, rest="  ")
    for each in rests_on(finding):
        lines += flow(f"under the reading {each.reading}. {each.exclude}.", width, first="  ", rest="    ")
    if replay_hint is not None:
        lines.append((Span("  "), Span(replay_hint, "code")))
    show_lines(console, lines)


def show_report(
    console: Console, report: Report, *, target: str = "", repeat_hint: str | None = None, quiet: bool = False
) -> None:
    """Show what a campaign came to. Its findings have been shown already; here they are only listed.

    Args:
        console: where to.
        report: of the campaign.
        target: what was run.
        repeat_hint: what to type to run it again; without one an empty line is the end.
        quiet: only the verdict, and what was not run.
    """
    width = _width(console)
    lines: list[Line] = [line("═" * width if not quiet else "", "dim")] if not quiet else []
    lines += flow([Span(verdict(report, target), "bad" if report.findings else "good")], width)
    if quiet:
        lines += _not_run_in_short(report, width)
    else:
        lines += [*_found(report, width), line()]
        for label, text in _remarks(report):
            lines += labelled(label, text, width)
        lines += [line(), *_reach(report, width)]
        lines.append(line())
        if repeat_hint is not None:
            lines.append(to_paste("To repeat", repeat_hint))
    show_lines(console, lines)


def show_zoo(console: Console, entries: Iterable[ZooEntry], results: Mapping[str, str] | None = None) -> None:
    """Show the receivers of the zoo as a table.

    Args:
        console: where to.
        entries: the receivers.
        results: what came of each when it was run, by name; left out when None.
    """
    width = _width(console)
    rows = [(entry, _bugs(entry), None if results is None else results.get(entry.name, "")) for entry in entries]
    names = max((len(entry.name) for entry, _, _ in rows), default=0)
    lines: list[Line] = []
    for entry, bugs, result in rows:
        parts = [Span(entry.name.ljust(names), "title"), Span(f"  {bugs}", "plain" if entry.bugs else "good")]
        if result is None:
            parts.append(Span(f": {entry.summary}", "dim"))
        else:
            parts.append(Span(f"  {result}"))
        lines += flow(parts, width, rest="    ")
    show_lines(console, lines)


def _bugs(entry: ZooEntry) -> str:
    return ", ".join(f"{check} / {cause}" for check, cause in entry.bugs) or entry.kind


def verdict(report: Report, target: str = "") -> str:
    """The outcome of a campaign in one sentence."""
    where = f" in {target}" if target else ""
    trials = f"{plural(report.progress.trials, 'trial')}, {report.progress.seconds:.1f} s"
    found = f"{plural(len(report.findings), 'bug')} found" if report.findings else "No bug found"
    stopped = "Interrupted. " if report.interrupted else ""
    return f"{stopped}{found}{where} ({trials})."


def show_lines(console: Console, lines: Iterable[Line]) -> None:
    """Print lines as they are laid out, in colour if the console has any."""
    for each in lines:
        show_text(console, Text.assemble(*((part.text, _STYLES[part.style]) for part in each)))


def show_text(console: Console, text: Text) -> None:
    """Print a line, in plain ASCII where the console has nothing else."""
    if console.options.ascii_only:
        parts = [(part.plain, part.spans[0].style if part.spans else "") for part in text.divide(_edges(text))]
        text = Text.assemble(*((_in_ascii(plain), style) for plain, style in parts))
    text.rstrip()
    console.print(text, soft_wrap=True)  # it is wrapped already, but for what is to be pasted


def _edges(text: Text) -> list[int]:
    """Where a style begins or ends."""
    return sorted({edge for span in text.spans for edge in (span.start, span.end)})


def _in_ascii(text: str) -> str:
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def _width(console: Console) -> int:
    return max(console.width, _NARROWEST)


def _found(report: Report, width: int) -> list[Line]:
    lines: list[Line] = []
    names = [f"{finding.violation.check} / {finding.violation.cause}" for finding in report.findings]
    column = max(map(len, names), default=0)
    for name, finding in zip(names, report.findings, strict=True):
        steps = plural(len(finding.scenario.steps), "step")
        reading = under(finding)
        found = Span(f"  {steps}, trial {finding.trials:,} ({finding.origin}){f', {reading}' if reading else ''}")
        lines += flow([Span(name, "bad"), Span(" " * (column - len(name))), found], width, first="  ", rest="    ")
    return lines


def _remarks(report: Report) -> Iterator[tuple[str, str]]:
    plan, progress = report.plan, report.progress
    yield "Checks", ", ".join(report.checks) or "none"
    for name, lacks in report.not_run.items():
        yield "Not run", f"{name}: needs {_lack(name, lacks)}{as_in(lacks)}"
    for lacks, names in _by_what_they_lack(report.run_in_part):
        told = " and ".join(lacks)
        yield "In part", f"{', '.join(names)}: would see more with {told}{as_in(lacks)}"
    for advice in report.advice:
        cause = cause_of(advice.violation)
        yield "Advice", f"{advice.violation.check} / {advice.violation.cause}: {title_of(advice)} {cause.mend}"
    accepted = [f"{check} / {cause}" for check, cause in sorted(plan.muted)]
    if accepted:
        yield "Accepted", f"known, and not told again: {', '.join(accepted)}"
    if report.excluded:
        yield "Excluded", f"readings that the receiver does not support: {', '.join(report.excluded)}"
    if plan.pins:
        yield "Pinned", ", ".join(plan.pins)
    days = plural(round(progress.virtual_seconds / 86400), "virtual day")
    deliveries = plural(progress.deliveries, "delivery", "deliveries")
    yield "Done", f"{deliveries} in {plural(progress.syncs, 'sync')} over {days}; {_stopped(report)}"
    if report.workers:
        yield "Workers", f"the search was shared by {plural(report.workers, 'worker')}"
    for lost in report.lost:
        yield "Lost", f"{lost}; it was begun twice, and its trials were not run"
    if report.full_page_seconds is not None:
        yield "Pace", f"a full page of {BATCH_SIZE} members took {_real_time(report.full_page_seconds)}"
    seconds = "" if math.isinf(plan.seconds) else f" or {span(plan.seconds)}"
    budget = f"{plural(plan.trials, 'trial')}{seconds} of search"
    canonical = "" if plan.canonical else ", without the canonical scenarios"
    yield "Plan", f"profile {plan.profile.name}, seed {plan.seed}, {budget}{canonical}"


def _real_time(seconds: float) -> str:
    """A short time: in whole milliseconds, or in seconds."""
    return f"{max(1, round(seconds * 1000))} ms" if seconds < 1 else f"{seconds:.1f} s"


def _lack(name: str, lacks: tuple[str, ...]) -> str:
    check = check_of(name)
    return needs_in_words(check, lacks) if check is not None else " and ".join(lacks)


def _by_what_they_lack(checks: Mapping[str, tuple[str, ...]]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Names of checks for which a receiver lacks the same, in the same words."""
    grouped: dict[str, tuple[tuple[str, ...], list[str]]] = {}
    for name, lacks in checks.items():
        grouped.setdefault(_lack(name, lacks), (lacks, []))[1].append(name)
    return list(grouped.values())


def _not_run_in_short(report: Report, width: int) -> list[Line]:
    """The checks that were not run, in a line for each thing that the receiver lacks."""
    return [
        each
        for lacks, names in _by_what_they_lack(report.not_run)
        for each in flow(f"not run: {', '.join(names)}: needs {_lack(names[0], lacks)}", width, rest="  ")
    ]


def _stopped(report: Report) -> str:
    reasons = {
        "trials": "all trials were run",
        "seconds": "the time was up",
        "first finding": "stopped at the first finding",
        "interrupted": "interrupted",
    }
    return reasons.get(report.stopped_by, report.stopped_by or "not finished")


def _reach(report: Report, width: int) -> list[Line]:
    """How often each situation was met, and a warning of those that never were."""
    met = [(name, f"{report.reach[name]:,}") for name in SITUATIONS if report.reach[name]]
    summary = f"{len(met)} of {len(SITUATIONS)} situations were met, in so many trials each:"
    lines = labelled("Reach", summary if met else "no situation was met", width)
    pairs = 2 if width >= _WIDE else 1
    digits = max((len(count) for _, count in met), default=0)
    rows = []
    for start in range(0, len(met), pairs):
        cells = [Span(text) for name, count in met[start : start + pairs] for text in (name, count.rjust(digits))]
        rows.append([*cells, *[Span("")] * (2 * pairs - len(cells))])
    lines += columns(rows, width, gap=3)
    reasons: dict[str, list[str]] = {}
    for name in report.never_reached:
        reasons.setdefault(_why_never(name, report), []).append(name)
    for reason, names in reasons.items():
        lines += labelled("Never met", f"{', '.join(names)}: {reason}", width)
    return lines


def _why_never(name: str, report: Report) -> str:
    """Why a situation was not met, as far as that can be known; else what it is."""
    if name in _FAULTS and not report.plan.profile.faults:
        return f"not in the profile {report.plan.profile.name}"
    if _NEEDS.get(name) in report.lacks:
        return f"give Receiver({_NEEDS[name]}=...), and it will be"
    return SITUATIONS[name]
