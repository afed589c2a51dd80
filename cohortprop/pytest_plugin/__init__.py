"""The pytest plugin: the whole of cohortprop as tests.

There are three ways to use it.

**A class to subclass**, beside a fixture that returns the function which makes your receiver. A whole test file:

    import pytest
    from cohortprop.pytest_plugin import CohortSyncTests
    from shop import create_receiver

    @pytest.fixture
    def cohort_receiver():
        return create_receiver  # not called: each trial wants a fresh one

    class TestWebhook(CohortSyncTests):
        pass

It has a test for each canonical scenario, and `search`, one test in which Hypothesis looks for others.

**No test file at all**: `pytest --cohortprop shop:create_receiver` adds the same tests for what it names.

**A script of your own**: the fixture `cohort_sync`, a `cohortprop.script.Script`, plays what you say, step by step:

    def test_who_left_while_we_were_down_is_gone(cohort_sync):
        cohort_sync.join("ann", "bob")
        cohort_sync.sync()
        cohort_sync.outage(days=4)
        cohort_sync.leave("ann")
        cohort_sync.settle()
        assert cohort_sync.members() == {"bob"}

A test that fails says in one line what is wrong; how it came about is a section of its report. All have the marker
`cohortprop`. What they can be told, and where, is in `cohortprop.pytest_plugin.options`.

This module is imported by every run of pytest, so it imports nothing heavy: no Hypothesis, werkzeug, freezegun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cohortprop.pytest_plugin.fixtures import cohort_receiver, cohort_sync
from cohortprop.pytest_plugin.hooks import (
    pytest_addoption,
    pytest_cmdline_main,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_pycollect_makeitem,
    pytest_report_collectionfinish,
    pytest_report_header,
    pytest_runtest_makereport,
    pytest_sessionstart,
    pytest_terminal_summary,
)

if TYPE_CHECKING:
    from cohortprop.pytest_plugin.bench import ReusedReceiverWarning
    from cohortprop.pytest_plugin.suite import CohortSyncTests

__all__ = [
    "CohortSyncTests",
    "ReusedReceiverWarning",
    "cohort_receiver",
    "cohort_sync",
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


def __getattr__(name: str) -> Any:
    """Import what is heavy when it is first asked for."""
    if name == "CohortSyncTests":
        from cohortprop.pytest_plugin.suite import CohortSyncTests

        return CohortSyncTests
    if name == "ReusedReceiverWarning":
        from cohortprop.pytest_plugin.bench import ReusedReceiverWarning

        return ReusedReceiverWarning
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
