"""A receiver on the bench, for as long as one test runs: kit open, time frozen, and whatever is found told to pytest.

Time is frozen inside the test's own call, so that fixtures and other tests see none of it. Before that the receiver is
made once and only looked at, which imports whatever its function imports.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

import pytest

from cohortprop.campaign import CampaignPlan, Finding, shrink_finding
from cohortprop.checks import BUILT_IN, Check, Evidence, Judge, Violation, missing_for
from cohortprop.errors import UsageError
from cohortprop.findings import load_baseline, save
from cohortprop.pytest_plugin.options import Asked, asked_of
from cohortprop.pytest_plugin.telling import add_advice, add_not_run, add_section
from cohortprop.receiver import Receiver
from cohortprop.script import short
from cohortprop.simulation import Event
from cohortprop.target import Target, target_from
from cohortprop.trial import Outcome, TrialKit, open_kit

__all__ = ["Bench", "ReusedReceiverWarning", "checks_for", "muted_by", "on_bench", "receiver_from", "tell_finding"]

_SHRINK_SECONDS: Final = 2.0
_FIXTURE: Final = "cohort_receiver"


class ReusedReceiverWarning(pytest.PytestWarning):
    """One receiver has to serve for many trials, and nothing empties it in between."""


@dataclass(slots=True)
class Bench:
    """What a test works with.

    Args:
        item: the test.
        asked: what is in force.
        kit: what trials share.
        sample: a receiver to look at, never run.
        reusable: whether another trial can be run after the first: each has a receiver of its own, or empties it.
        muted: causes that are accepted.
    """

    item: pytest.Item
    asked: Asked
    kit: TrialKit
    sample: Receiver
    reusable: bool
    muted: frozenset[tuple[str, str]]

    def shrunk(self, outcome: Outcome, origin: str, trials: int = 1) -> Finding:
        """A failed trial's finding, shrunk where that is possible, and does not take the time limit at each attempt."""
        assert outcome.violation is not None
        worthwhile = self.reusable and outcome.violation.signature != "hang"
        plan = CampaignPlan(shrink_seconds=_SHRINK_SECONDS if worthwhile else 0.0, pins=self.asked.settings.dialect)
        excludes = tuple(self.sample.excludes)
        return shrink_finding(self.kit, outcome, origin, trials, self.muted, plan, excludes=excludes)

    def fail(self, finding: Finding, note: str = "", again: str = "") -> NoReturn:
        """Fail the test, with one line; how it came about is a section of its report.

        Args:
            finding: the reason.
            note: said at the end of the line.
            again: how to draw the same once more.
        """
        from cohortprop.reports.readings import under

        tell_finding(self.item, finding, again)
        reading = under(finding)
        line = f"{short(finding.violation)}{f'; {reading}' if reading else ''}{note}"
        raise pytest.fail.Exception(line, pytrace=False)

    def advise(self, outcome: Outcome) -> None:
        """Put advice into the report of the test, which does not fail for it."""
        for each in outcome.advice:
            if each.key not in self.muted:
                add_advice(self.item, short(each))


def receiver_from(found: object, asked: Asked) -> Target:
    """What the fixture `cohort_receiver` returned, as a target.

    Raises:
        UsageError: it is neither a Receiver, nor a function that returns one, nor an app.
    """
    return target_from(found, _FIXTURE, **asked.settings.overrides())


def muted_by(asked: Asked) -> frozenset[tuple[str, str]]:
    """The findings that are accepted, by check and cause."""
    baseline = asked.settings.baseline
    return frozenset() if baseline is None else load_baseline(Path(baseline))


def checks_for(asked: Asked) -> tuple[Check, ...]:
    """The checks to judge by; advice counts as a bug if so asked."""
    checks = asked.settings.checks()
    return tuple(map(_in_earnest, checks)) if asked.settings.fail_on_advice else checks


def _in_earnest(each: Check) -> Check:
    causes = tuple(replace(cause, severity="bug") for cause in each.causes)
    judges = (
        each.judges if each.name in {known.name for known in BUILT_IN} else tuple(map(_in_earnest_judge, each.judges))
    )
    return replace(each, causes=causes, judges=judges)


def _in_earnest_judge(judge: Judge) -> Judge:
    """Of a check that was made by `check`: it has no causes, and says itself how severe a violation is."""

    def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
        for violation in judge.observe(event, evidence):
            yield replace(violation, severity="bug")

    return replace(judge, observe=observe)


@contextlib.contextmanager
def on_bench(item: pytest.Item, found: object, *, many: bool) -> Iterator[Bench]:
    """Set up for a test; what the user got wrong fails it with one line.

    Args:
        item: the test.
        found: what the fixture `cohort_receiver` returned.
        many: whether many trials are to be run.
    """
    try:
        asked = asked_of(item.config)
        settings = asked.settings
        muted = muted_by(asked)
        make = receiver_from(found, asked).make
        sample = make()
        for each in checks_for(asked):
            add_not_run(item, each, missing_for(each, sample))
        with open_kit(make, checks_for(asked), clock=settings.clock_for(sample), time_limit=settings.time_limit) as kit:
            first = make()
            reusable = first is not sample or first.reset is not None or first.live
            if many and not reusable:
                item.warn(ReusedReceiverWarning(_REUSED))
            handing_out = replace(kit, receiver=_handing_out(first, make))
            with _unlogged():
                yield Bench(item, asked, handing_out, sample, reusable, muted)
    except (UsageError, pytest.UsageError, ReusedReceiverWarning) as fault:
        raise pytest.fail.Exception(" ".join(str(fault).split()), pytrace=False) from None


_REUSED: Final = (
    f"{_FIXTURE} gives the same Receiver for every trial, and nothing empties it in between: return the function that "
    "makes it (`return create_receiver`, without calling it), or give Receiver(reset=...)"
)


def _handing_out(first: Receiver, make: Callable[[], Receiver]) -> Callable[[], Receiver]:
    """A factory whose first receiver is made already."""
    waiting = [first]
    return lambda: waiting.pop() if waiting else make()


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """Keep what the app logs in all those trials out of pytest's own report; the story has the lines that matter."""
    root = logging.getLogger()
    aside = [each for each in root.handlers if type(each).__module__ == "_pytest.logging"]
    for handler in aside:
        root.removeHandler(handler)
    try:
        yield
    finally:
        for handler in aside:
            root.addHandler(handler)


def tell_finding(item: pytest.Item, finding: Finding, again: str = "") -> None:
    """Put a finding's story into the report of a test, and save the finding if so asked.

    Args:
        item: the test.
        finding: to be told.
        again: how to draw the same once more.
    """
    from cohortprop.reports.story import tell

    lines = [tell(finding).rstrip()]
    asked = asked_of(item.config)
    if asked.findings is not None:
        path = save(finding, asked.findings, item.nodeid)
        lines.append(f"Saved as {path}")
        if asked.html:
            lines.append(f"To read: {_page_beside(path, finding, item.nodeid)}")
    if again:
        lines.append(again)
    add_section(item, "cohortprop: " + "/".join(finding.key), "\n\n".join(lines))


def _page_beside(path: Path, finding: Finding, target: str) -> Path:
    """Write the page of a saved finding; the head of its requests is left out, for the receiver is the test's own."""
    from cohortprop.reports.html import page_of_finding

    page = path.with_suffix(".html")
    page.write_text(page_of_finding(finding, target), "utf-8")
    return page
