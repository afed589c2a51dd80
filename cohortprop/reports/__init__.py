"""What a person or a program gets to see of a finding: the story, the terminal's summary, JSON."""

from __future__ import annotations

from cohortprop.reports.explanation import explanation, show_explanation
from cohortprop.reports.machine_readable import event_as_json, finding_as_json, report_as_json
from cohortprop.reports.regression import regression_test
from cohortprop.reports.story import tell
from cohortprop.reports.terminal import show_finding, show_report, show_zoo

__all__ = [
    "event_as_json",
    "explanation",
    "finding_as_json",
    "regression_test",
    "report_as_json",
    "show_explanation",
    "show_finding",
    "show_report",
    "show_zoo",
    "tell",
]
