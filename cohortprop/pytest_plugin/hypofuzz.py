"""What is different in a run of HypoFuzz, `hypothesis fuzz`. It need not be installed."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.database import ExampleDatabase

__all__ = ["in_hypofuzz_run", "look_at_the_app_only", "share_one_database"]


def in_hypofuzz_run() -> bool:
    """Whether it is HypoFuzz that collects and runs tests here."""
    detection = sys.modules.get("hypofuzz.detection")
    return detection is not None and detection.in_hypofuzz_run()


def share_one_database(database: ExampleDatabase | None) -> None:
    """Before tests are imported: HypoFuzz has one database for all of them, that of Hypothesis' profile."""
    if database is None or not in_hypofuzz_run():
        return
    from hypothesis import settings

    settings.register_profile("cohortprop", settings.default, database=database, derandomize=False)
    settings.load_profile("cohortprop")


@cache
def look_at_the_app_only() -> None:
    """Let HypoFuzz be guided by the branches of the app, and not by those of who plays Mixpanel and judges.

    As it leaves out Hypothesis and pytest, and there is no public way to name others: all that it sees of cohortprop
    costs ten times what the trial does, from Python 3.12 on. The zoo's receivers are apps.
    """
    coverage = sys.modules.get("hypofuzz.coverage")
    traced = getattr(coverage, "should_trace", None)
    if coverage is None or traced is None:
        return
    ours = f"{Path(__file__).parents[1]}{os.sep}"
    theirs = f"{ours}zoo{os.sep}"

    @cache
    def should_trace(name: str) -> bool:
        return bool(traced(name)) and (not name.startswith(ours) or name.startswith(theirs))

    coverage.should_trace = should_trace  # type: ignore[attr-defined]
