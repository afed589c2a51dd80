"""The index of a run: what was found, what was checked, how far the search has reached, and with which settings."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator
from typing import Any

from cohortprop import __version__
from cohortprop.campaign import Finding, Report
from cohortprop.checks import needs_in_words
from cohortprop.reach import SITUATIONS
from cohortprop.reports.phrases import plural, span
from cohortprop.reports.readings import under
from cohortprop.reports.story import check_of, title_of
from cohortprop.reports.terminal import verdict
from cohortprop.wire import BATCH_SIZE

__all__ = ["index_of"]

_STOPPED = {
    "trials": "all trials were run",
    "seconds": "the time was up",
    "first finding": "stopped at the first finding",
    "interrupted": "interrupted",
}


def index_of(report: Report, target: str, repeat_hint: str | None) -> dict[str, Any]:
    """The index as data for the template.

    Args:
        report: of the campaign.
        target: what was run.
        repeat_hint: what to type to run it again.
    """
    return {
        "verdict": verdict(report, target),
        "found": [_row(finding) for finding in [*report.findings, *report.advice]],
        "checks": [[name, _summary(name)] for name in report.checks],
        "not_run": [[name, _lacks(name, lacks)] for name, lacks in report.not_run.items()],
        "in_part": [[name, _lacks(name, lacks)] for name, lacks in report.run_in_part.items()],
        "reach": [[name, f"{report.reach[name]:,}", text] for name, text in SITUATIONS.items() if report.reach[name]],
        "never": [[name, SITUATIONS[name]] for name in report.never_reached],
        "situations": len(SITUATIONS),
        "settings": [list(each) for each in _settings(report, target)],
        "timing": [list(each) for each in _timing(report)],
        "repeat": repeat_hint or "",
    }


def _row(finding: Finding) -> dict[str, Any]:
    violation = finding.violation
    return {
        "severity": violation.severity,
        "check": violation.check,
        "cause": violation.cause,
        "title": title_of(finding),
        "steps": plural(len(finding.scenario.steps), "step"),
        "met": f"trial {finding.trials:,} ({finding.origin})",
        "under": under(finding),
    }


def _summary(name: str) -> str:
    check = check_of(name)
    return "" if check is None else check.summary


def _lacks(name: str, lacks: tuple[str, ...]) -> str:
    check = check_of(name)
    told = needs_in_words(check, lacks) if check is not None else " and ".join(lacks)
    return f"{told}, as in Receiver({lacks[0]}=...)"


def _settings(report: Report, target: str) -> Iterator[tuple[str, str]]:
    plan = report.plan
    yield "Target", target
    yield "Seed", str(plan.seed)
    yield "Profile", f"{plan.profile.name}: {plan.profile.summary}"
    seconds = "" if math.isinf(plan.seconds) else f", or {span(plan.seconds)} of search"
    yield "Budget", f"{plural(plan.trials, 'drawn trial')}{seconds}"
    yield "Canonical scenarios", "first" if plan.canonical else "left out"
    if plan.strict_replays:
        yield "Strict replays", "late copies must change nothing"
    if plan.pins:
        yield "Readings held on to", ", ".join(plan.pins)
    if report.excluded:
        yield "Readings excluded", ", ".join(report.excluded)
    if plan.muted:
        yield "Accepted", ", ".join(f"{check} / {cause}" for check, cause in sorted(plan.muted))
    yield "Versions", f"cohortprop {__version__}, Python {platform.python_version()}"


def _timing(report: Report) -> Iterator[tuple[str, str]]:
    progress = report.progress
    yield (
        "Real time",
        f"{progress.seconds:.1f} s; {_STOPPED.get(report.stopped_by, report.stopped_by or 'not finished')}",
    )
    yield "Virtual time", plural(round(progress.virtual_seconds / 86400), "day")
    yield "Trials", f"{progress.trials:,}"
    yield "Syncs", f"{progress.syncs:,}"
    yield "Deliveries that reached the app", f"{progress.deliveries:,}"
    if progress.seconds:
        yield "Pace", f"{progress.trials / progress.seconds:,.0f} trials a second"
    if report.full_page_seconds is not None:
        yield f"A full page of {BATCH_SIZE} members", f"{max(1, round(report.full_page_seconds * 1000)):,} ms"
