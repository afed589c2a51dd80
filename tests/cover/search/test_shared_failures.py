"""What failed elsewhere is run first, by each block anew; what is found is kept there, what is mended forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis.database import InMemoryExampleDatabase

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Progress, Report
from cohortprop.memory import Memory, Remembered
from cohortprop.receiver import Receiver
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import ExpireSnapshot, Sync
from tests.cover.search.machines import zoo_kit

PLAN = CampaignPlan(seed=3, trials=0, seconds=60, shrink_seconds=5)
GHOST = Remembered(
    "membership",
    "ghost-after-full-sync",
    Scenario((CohortSeed("1001", "VIPs", ("ann",)),), (Sync("1001"), ExpireSnapshot("1001", (), ("ann",)))),
)


def run(database: InMemoryExampleDatabase, name: str, plan: CampaignPlan = PLAN, excludes: str | None = None) -> Report:
    with zoo_kit(name) as kit:
        used = kit if excludes is None else replace(kit, receiver=excluding(kit.receiver, excludes))
        return Campaign(used, plan, memory=Memory(database, name)).run()


def excluding(build: Any, reading: str) -> Any:
    def built() -> Receiver:
        receiver: Receiver = build()
        receiver.excludes = (reading,)
        return receiver

    return built


def kept(database: InMemoryExampleDatabase, name: str) -> list[Remembered]:
    return Memory(database, name).news()


def test_what_one_run_finds_the_next_tries_first() -> None:
    database = InMemoryExampleDatabase()
    first = run(database, "merges_full_sync", replace(PLAN, first_only=True))
    assert [each.key for each in kept(database, "merges_full_sync")] == [first.findings[0].key]
    second = run(database, "merges_full_sync", replace(PLAN, first_only=True))
    assert second.findings[0].key == first.findings[0].key
    assert (second.findings[0].origin, second.findings[0].trials) == ("a shared failure", 1)
    assert len(kept(database, "merges_full_sync")) == 1, "and it is not kept twice"


def test_what_does_not_fail_any_more_is_forgotten() -> None:
    database = InMemoryExampleDatabase()
    Memory(database, "stages_full_syncs").keep(GHOST)
    report = run(database, "stages_full_syncs")
    assert not report.findings
    assert not kept(database, "stages_full_syncs")


def test_what_is_accepted_is_neither_told_nor_forgotten() -> None:
    database = InMemoryExampleDatabase()
    Memory(database, "merges_full_sync").keep(GHOST)
    report = run(database, "merges_full_sync", replace(PLAN, muted=frozenset({GHOST.key})))
    assert not report.findings
    assert len(kept(database, "merges_full_sync")) == 1


def test_what_comes_in_during_a_run_is_tried_by_the_next_block() -> None:
    database = InMemoryExampleDatabase()
    elsewhere = Memory(database, "merges_full_sync")

    def meanwhile(progress: Progress) -> None:
        if progress.trials == 3:
            elsewhere.keep(GHOST)

    plan = replace(PLAN, trials=120, canonical=False, muted=frozenset({("replay", "late-copy-acts")}))
    with zoo_kit("merges_full_sync") as kit:
        # The search would find it itself, sooner or later, if the receiver did wrong in drawn trials, too.
        campaign = Campaign(
            replace(kit, receiver=wrong_later(kit.receiver)),
            plan,
            memory=Memory(database, "merges_full_sync"),
            on_progress=meanwhile,
        )
        report = campaign.run()
    assert [finding.origin for finding in report.findings] == ["a shared failure"]
    assert report.findings[0].trials == 51, "the first trial of the second block"


def wrong_later(build: Any) -> Any:
    """Receivers that are right for the first fifty trials, and wrong from then on."""
    built = 0

    def receiver() -> Receiver:
        nonlocal built
        built += 1
        return zoo.stages_full_syncs() if built <= 51 else build()

    return receiver


def test_what_rests_on_a_reading_that_does_not_apply_is_left_alone() -> None:
    database = InMemoryExampleDatabase()
    other = replace(GHOST, scenario=replace(GHOST.scenario, dialect=Dialect(empty_diff="silent")), value=b"")
    Memory(database, "merges_full_sync").keep(other)
    excluded = run(database, "merges_full_sync", replace(PLAN, first_only=True), excludes="empty_diff=silent")
    assert excluded.findings[0].origin != "a shared failure"
    pinned = run(database, "merges_full_sync", replace(PLAN, first_only=True, pins=("empty_diff=sent",)))
    assert pinned.findings[0].origin == "a shared failure", "the one that was found under that reading"
    assert pinned.findings[0].scenario.dialect.empty_diff == "sent"
