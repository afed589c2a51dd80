"""What pytest calls. Each hook hands on to the module that knows how; heavy ones are imported when there is work."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from cohortprop.pytest_plugin.hypofuzz import share_one_database
from cohortprop.pytest_plugin.options import SEED_FOR_WORKERS, asked_of, declare, drawn_seed, is_asked_for
from cohortprop.pytest_plugin.telling import (
    show_sections,
    summarise_advice,
    summarise_database_troubles,
    summarise_not_run,
)

__all__ = [
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_pycollect_makeitem",
    "pytest_report_collectionfinish",
    "pytest_report_header",
    "pytest_runtest_makereport",
    "pytest_sessionstart",
    "pytest_terminal_summary",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and the ini keys."""
    declare(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> pytest.ExitCode | None:
    """Print what a check is about, instead of running tests, if that is asked for."""
    name = config.getoption("cohortprop_explain")
    if name is None:
        return None
    from cohortprop.pytest_plugin.telling import explain

    explain(config, name)
    return pytest.ExitCode.OK


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and find mistakes in what is asked for before anything runs."""
    config.addinivalue_line("markers", "cohortprop: plays Mixpanel's cohort sync to a webhook.")
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(ForXdist(), "cohortprop-for-xdist")
    if is_asked_for(config):
        asked_of(config)


class ForXdist:
    """The hook that only pytest-xdist calls."""

    def pytest_configure_node(self, node: Any) -> None:
        """A worker is about to start: it is to draw what the header says."""
        node.workerinput[SEED_FOR_WORKERS] = drawn_seed(node.config)


def pytest_report_header(config: pytest.Config) -> str | None:
    """One line with profile and seed, if cohortprop is asked for."""
    return asked_of(config).header if is_asked_for(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Import the targets of the command line, so that a wrong one ends the run before xdist starts its workers."""
    if is_asked_for(session.config):
        share_one_database(asked_of(session.config).database)
    if session.config.getoption("cohortprop_targets"):
        from cohortprop.pytest_plugin.targets import load_targets

        load_targets(asked_of(session.config).targets)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> pytest.Collector | None:
    """Collect the subclasses of CohortSyncTests in our own way."""
    suite = sys.modules.get("cohortprop.pytest_plugin.suite")  # not imported: then nobody has subclassed it
    if suite is None or not isinstance(obj, type) or not issubclass(obj, suite.CohortSyncTests):
        return None
    if not getattr(obj, "__test__", False):
        return None
    found: pytest.Collector = suite.Suite.from_parent(collector, name=name, obj=obj)
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the tests of the targets on the command line, before other plugins mark, shuffle and select."""
    if config.getoption("cohortprop_targets"):
        from cohortprop.pytest_plugin.targets import items_for

        items.extend(items_for(session, asked_of(config).targets))


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> str | None:
    """The line of the header, when it is only now that there proves to be something for it to be about."""
    if is_asked_for(config) or not any(item.get_closest_marker("cohortprop") for item in items):
        return None
    return asked_of(config).header


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put stories and advice into the report."""
    report = yield
    show_sections(item, report)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell what was not run, the advice of all tests, and which database did not answer; each line once."""
    summarise_not_run(terminalreporter)
    summarise_advice(terminalreporter)
    summarise_database_troubles(terminalreporter)
