"""A report in the formats that other programs read: for CI servers, code hosts and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cohortprop.campaign import Report
from cohortprop.reports.formats.annotations import as_annotations
from cohortprop.reports.formats.event_lines import as_event_lines
from cohortprop.reports.formats.junit import as_junit
from cohortprop.reports.formats.sarif import as_sarif

__all__ = ["FORMATS", "as_annotations", "as_event_lines", "as_junit", "as_sarif"]

FORMATS: Final[Mapping[str, Callable[[Report, str], str]]] = {
    "junit": as_junit,
    "ndjson": as_event_lines,
    "sarif": as_sarif,
    "github": as_annotations,
}
"""By the name that is asked for; each takes a report and the name of the target, and returns the text of a file."""
