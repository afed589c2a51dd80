"""How long a page of a thousand members takes, in real time, whatever the virtual clock shows."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from cohortprop import stopwatch, zoo
from cohortprop.campaign import Campaign, CampaignPlan, Report
from cohortprop.checks import BUILT_IN
from cohortprop.reports.machine_readable import report_as_json
from cohortprop.reports.terminal import show_report
from cohortprop.simulation import Attempted, CohortSeed, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Sync
from cohortprop.trial import Outcome, open_kit, run

SLOW = ("full_page", "slow-page")


def outcome_of(scenario: Scenario, name: str = "counts_in_bits") -> Outcome:
    with open_kit(zoo.find(name).factory, BUILT_IN) as kit:
        return run(kit, scenario)


def each_call_takes(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    moments: Iterator[float] = itertools.count(0.0, seconds)
    monkeypatch.setattr(stopwatch, "real_seconds", lambda: next(moments))


def sizes(count: int) -> Scenario:
    members = tuple(f"user-{number:04}" for number in range(count))
    return Scenario((CohortSeed("7", "VIPs", members),), (Sync("7"),), page_size=1000)


def test_a_full_page_that_takes_long_is_worth_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    each_call_takes(3.5, monkeypatch)
    outcome = outcome_of(CANONICAL["a-full-page"])
    assert outcome.violation is None
    (advice,) = [each for each in outcome.advice if each.key == SLOW]
    assert advice.severity == "advice"
    assert advice.seen == "it took 3.5 seconds"


@pytest.mark.parametrize(("seconds", "count"), [(3.0, 1000), (0.1, 1000), (20.0, 999), (20.0, 3)])
def test_no_word_of_pages_that_are_fast_enough_or_small(
    seconds: float, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    each_call_takes(seconds, monkeypatch)
    assert SLOW not in [each.key for each in outcome_of(sizes(count)).advice]


def test_the_real_time_of_a_call_is_in_the_history_while_time_is_frozen() -> None:
    attempts = [event for event in outcome_of(sizes(1000)).history if isinstance(event, Attempted)]
    assert all(0.00001 < event.took < 10 for event in attempts)


def test_a_history_does_not_differ_by_it() -> None:
    attempt = next(event for event in outcome_of(sizes(3)).history if isinstance(event, Attempted))
    assert attempt._replace(took=attempt.took + 1) == attempt
    assert attempt._replace(attempt=attempt.attempt + 1) != attempt
    assert hash(attempt._replace(took=attempt.took + 1)) == hash(attempt)


def test_an_attempt_that_was_refused_on_the_way_took_no_time() -> None:
    attempts = [event for event in outcome_of(CANONICAL["from-the-top"]).history if isinstance(event, Attempted)]
    refused = [event.took for event in attempts if not event.reached]
    assert refused
    assert set(refused) == {0.0}


def report_of(**plan: Any) -> Report:
    with open_kit(zoo.counts_in_bits, BUILT_IN) as kit:
        return Campaign(kit, CampaignPlan(trials=2, **plan)).run()


def shown(report: Report) -> str:
    console = Console(file=io.StringIO(), width=100)
    show_report(console, report)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(("seconds", "words"), [(0.012, "12 ms"), (0.0001, "1 ms"), (2.5, "2.5 s")])
def test_a_run_says_how_long_a_full_page_took(seconds: float, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    each_call_takes(seconds, monkeypatch)
    report = report_of()
    assert f"a full page of 1000 members took {words}" in shown(report)
    assert report_as_json(report)["full_page_seconds"] == pytest.approx(seconds)


def test_a_run_without_a_full_page_says_nothing() -> None:
    report = report_of(canonical=False)
    assert "a full page" not in shown(report)
    assert report_as_json(report)["full_page_seconds"] is None


def test_a_page_with_twenty_properties_is_near_a_megabyte() -> None:
    outcome = outcome_of(CANONICAL["a-full-page-of-properties"])
    assert outcome.violation is None
    attempt = next(event for event in outcome.history if isinstance(event, Attempted))
    assert attempt.delivery.size == 1000
    assert 700_000 < len(attempt.delivery.body) < 1_500_000
    assert len(attempt.delivery.members[0]) == 25
