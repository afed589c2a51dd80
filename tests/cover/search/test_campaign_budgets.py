"""A campaign keeps to its budgets, and says which of them ended it."""

from __future__ import annotations

import pytest

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Progress, Report, canonical_for
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.reach import SITUATIONS
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import open_kit
from tests.cover.search.machines import zoo_kit


def report_on(name: str, plan: CampaignPlan) -> Report:
    with zoo_kit(name) as kit:
        return Campaign(kit, plan).run()


@pytest.mark.parametrize("trials", [0, 1, 55])
def test_as_many_trials_are_drawn_as_asked_for(trials: int) -> None:
    report = report_on("stages_full_syncs", CampaignPlan(trials=trials, canonical=False, seconds=60))
    assert report.progress.trials == trials
    assert report.stopped_by == "trials"
    assert not report.interrupted
    assert not report.findings


def test_a_finding_does_not_shorten_the_search() -> None:
    report = report_on("last_page_wins", CampaignPlan(trials=30, canonical=False, seconds=60))
    assert [finding.key for finding in report.findings] == [("membership", "last-page-wins")]
    assert report.progress.trials == 30
    assert report.stopped_by == "trials"


def test_canonical_scenarios_are_not_drawn_trials() -> None:
    report = report_on("stages_full_syncs", CampaignPlan(trials=3, seconds=60))
    assert report.progress.trials == len(canonical_for(zoo.stages_full_syncs())) + 3


def test_seconds_end_it_between_two_trials() -> None:
    watch = Stopwatch()
    report = report_on("stages_full_syncs", CampaignPlan(trials=100_000, canonical=False, seconds=0.5))
    assert report.stopped_by == "seconds"
    assert 0.5 <= watch.seconds < 10
    assert 0.5 <= report.progress.seconds <= watch.seconds
    assert report.progress.trials > 0


def test_without_seconds_there_is_no_search() -> None:
    report = report_on("stages_full_syncs", CampaignPlan(canonical=False, seconds=0))
    assert report.progress.trials == 0


@pytest.mark.parametrize("canonical", [True, False])
def test_the_first_finding_may_be_enough(canonical: bool) -> None:
    plan = CampaignPlan(first_only=True, canonical=canonical, seconds=60, shrink_seconds=1)
    report = report_on("four_bugs", plan)
    assert len(report.findings) == 1
    assert report.stopped_by == "first finding"
    assert (report.findings[0].origin in CANONICAL) is canonical


def test_two_hangs_are_enough() -> None:
    with open_kit(zoo.hangs, BUILT_IN, clock="none", time_limit=0.2) as kit:
        report = Campaign(kit, CampaignPlan(seconds=60, shrink_seconds=1)).run()
    assert [finding.key for finding in report.findings] == [("acceptance", "hangs")]
    assert report.stopped_by == "the receiver hangs"
    assert report.progress.trials < len(CANONICAL)


def test_progress_is_told_after_each_trial() -> None:
    told: list[tuple[str, int]] = []

    def hear(progress: Progress) -> None:
        told.append((progress.phase, progress.trials))

    with zoo_kit("stages_full_syncs") as kit:
        report = Campaign(kit, CampaignPlan(trials=4, seconds=60), on_progress=hear).run()
    assert [trials for _, trials in told] == list(range(1, report.progress.trials + 1))
    phases = [phase for phase, _ in told]
    assert phases == ["canonical scenarios"] * len(canonical_for(zoo.stages_full_syncs())) + ["search"] * 4
    assert report.progress.deliveries > report.progress.syncs > report.progress.trials
    assert report.progress.virtual_seconds > 3 * 86_400 * report.progress.trials


def test_what_was_never_reached_is_told() -> None:
    few = report_on("stages_full_syncs", CampaignPlan(trials=0, seconds=60))
    assert set(few.never_reached) | set(few.reach) == set(SITUATIONS)
    assert not set(few.never_reached) & {name for name, count in few.reach.items() if count}
    assert "restarted" in few.never_reached
    assert set(few.lacks) == {"restart", "dependency", "auth"}


def test_a_documented_world_is_searched_without_faults() -> None:
    plan = CampaignPlan(PROFILES["documented"], trials=10, canonical=False, seconds=60)
    report = report_on("stages_full_syncs", plan)
    assert not {"immediate-duplicate", "late-replay"} & set(report.reach)
