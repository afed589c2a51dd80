"""Workflow commands of GitHub Actions: printed in a job, they stand beside the change as annotations."""

from __future__ import annotations

from typing import Final

from cohortprop.campaign import Finding, Report
from cohortprop.reports.story import cause_of, title_of

__all__ = ["as_annotations"]

_IN_TEXT: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY: Final = {**_IN_TEXT, ord(":"): "%3A", ord(","): "%2C"}


def as_annotations(report: Report, target: str) -> str:
    """The findings as errors, the advice as warnings, one in a line; empty if there is nothing to say.

    Args:
        report: of a campaign.
        target: what was run.
    """
    lines = [_annotation("error", finding, target) for finding in report.findings]
    lines += [_annotation("warning", finding, target) for finding in report.advice]
    return "".join(f"{line}\n" for line in lines)


def _annotation(level: str, finding: Finding, target: str) -> str:
    violation = finding.violation
    title = f"{violation.check} / {violation.cause} in {target}".translate(_IN_PROPERTY)
    seen = f"Expected: {violation.expected}. Seen: {violation.seen}."
    text = f"{title_of(finding)} {seen} To mend it: {cause_of(violation).mend}".translate(_IN_TEXT)
    return f"::{level} title={title}::{text}"
