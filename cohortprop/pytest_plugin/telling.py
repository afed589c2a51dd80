"""From a test to its report: stories and advice as sections, and what all tests have said once at the end.

Sections travel with the report, so this works for the workers of pytest-xdist, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from cohortprop.errors import UsageError
from cohortprop.pytest_plugin.options import DATABASE_TROUBLES

if TYPE_CHECKING:
    from cohortprop.checks import Check

__all__ = [
    "add_advice",
    "add_not_run",
    "add_section",
    "explain",
    "show_sections",
    "summarise_advice",
    "summarise_database_troubles",
    "summarise_not_run",
]

_SECTIONS: Final = pytest.StashKey[list[tuple[str, str]]]()
_ADVICE: Final = "cohortprop advice"
_NOT_RUN: Final = "cohortprop not run"
_DATABASE: Final = "cohortprop database"


def add_section(item: pytest.Item, title: str, text: str) -> None:
    """Show a text in the report of a test."""
    item.stash.setdefault(_SECTIONS, []).append((title, text))


def add_advice(item: pytest.Item, line: str) -> None:
    """Show a line of advice in the report of a test, which does not fail for it, and at the end of the run."""
    add_section(item, _ADVICE, line)


def add_not_run(item: pytest.Item, check: Check, lacks: tuple[str, ...]) -> None:
    """Note that a check is not run, if the receiver lacks something for it; told once at the end of the run."""
    if lacks:
        from cohortprop.checks import as_in, needs_in_words

        line = f"{check.name}: needs {needs_in_words(check, lacks)}{as_in(lacks)}"
        item.user_properties.append((_NOT_RUN, line))


def show_sections(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put what was added into the report of the test's call, and what a database has said into the next report."""
    troubles = item.config.stash.get(DATABASE_TROUBLES, [])
    report.sections.extend((_DATABASE, line) for line in troubles)
    troubles.clear()
    if report.when == "call" and _SECTIONS in item.stash:
        sections = item.stash[_SECTIONS]
        report.sections.extend(sections)
        sections.clear()  # the test may be run again


def summarise_advice(terminal: Any) -> None:
    """Print each line of advice once, with the number of tests that gave it."""
    counts = _counted(terminal, _ADVICE)
    if counts:
        terminal.section(_ADVICE)
        for line, count in counts.items():
            terminal.line(f"{line} ({count} {'test' if count == 1 else 'tests'})")


def summarise_database_troubles(terminal: Any) -> None:
    """Print once what each database that did not answer has said."""
    lines = _counted(terminal, _DATABASE)
    if lines:
        terminal.section(_DATABASE)
        for line in lines:
            terminal.line(line)


def _counted(terminal: Any, wanted: str) -> dict[str, int]:
    """The texts of all sections with a title, and how many reports have each."""
    counts: dict[str, int] = {}
    for reports in terminal.stats.values():
        for report in reports:
            for title, text in getattr(report, "sections", ()):
                if title == wanted:
                    counts[text] = counts.get(text, 0) + 1
    return counts


def summarise_not_run(terminal: Any) -> None:
    """Print each check that was not run once, with what it needs."""
    counts: dict[str, int] = {}
    for reports in terminal.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for title, line in report.user_properties:
                    if title == _NOT_RUN:
                        counts[line] = counts.get(line, 0) + 1
    if counts:
        terminal.section("cohortprop: checks not run")
        for line, count in counts.items():
            terminal.line(f"not run: {line} ({count} {'test' if count == 1 else 'tests'})")


def explain(config: pytest.Config, name: str) -> None:
    """Print what a check is about, where pytest prints, and in colour where it would.

    Raises:
        pytest.UsageError: there is no such check.
    """
    from rich.console import Console

    from cohortprop.checks import select
    from cohortprop.reports import show_explanation

    try:
        (check,) = select([name])
    except UsageError as fault:
        raise pytest.UsageError(f"cohortprop: {fault}") from None
    color = {"yes": False, "no": True}.get(config.getoption("color"))
    show_explanation(Console(no_color=color, highlight=False), check)
