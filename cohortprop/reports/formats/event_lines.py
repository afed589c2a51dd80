"""NDJSON: every event of every finding, one JSON object in a line, for whoever wants to reckon with them.

The keys are described by `events.schema.json` beside this file (JSON Schema, draft 2020-12). A new key may be added at
any time; none is removed or changes its meaning without a new `version`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from cohortprop.campaign import Finding, Report
from cohortprop.reports.machine_readable import event_as_json

__all__ = ["VERSION", "as_event_lines"]

VERSION: Final = 1


def as_event_lines(report: Report, target: str) -> str:
    """The events of all findings, advice included, each line with the finding that it belongs to.

    Args:
        report: of a campaign.
        target: what was run.
    """
    told = [*report.findings, *report.advice]
    return "".join(
        f"{json.dumps(line, ensure_ascii=True)}\n"
        for number, finding in enumerate(told)
        for line in _lines(finding, number, target)
    )


def _lines(finding: Finding, number: int, target: str) -> Iterator[dict[str, Any]]:
    violation = finding.violation
    head = {
        "version": VERSION,
        "target": target,
        "finding": number,
        "check": violation.check,
        "cause": violation.cause,
        "severity": violation.severity,
    }
    for place, event in enumerate(finding.history):
        yield {**head, "place": place, "violated": place == violation.place, **event_as_json(event)}
