"""The seed decides what a campaign does; neither Hypothesis' settings nor the machine it runs on have a say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.database import InMemoryExampleDatabase

from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.simulation import scenario_to_json
from tests.cover.search.machines import zoo_kit

KNOWN = [("envelope", "action-not-echoed"), ("membership", "ghost-after-full-sync")]


def story_of(findings: list[Finding]) -> list[Any]:
    return [(found.key, found.origin, found.trials, scenario_to_json(found.scenario)) for found in findings]


def campaign(seed: int, name: str = "last_page_wins", *, canonical: bool = False) -> tuple[list[Any], Any]:
    plan = CampaignPlan(seed=seed, trials=20, seconds=120, canonical=canonical, shrink_seconds=60)
    with zoo_kit(name) as kit:
        report = Campaign(kit, plan).run()
    return story_of(report.findings), (report.reach, report.progress.deliveries, report.muted)


@pytest.fixture(scope="module")
def plain() -> tuple[list[Any], Any]:
    """What a campaign comes to in these tests' own settings."""
    return campaign(5)


@pytest.fixture
def loaded(request: pytest.FixtureRequest) -> Iterator[InMemoryExampleDatabase]:
    """A profile of Hypothesis as a project or a CI has it."""
    database = InMemoryExampleDatabase()
    before = settings.default
    settings.register_profile(
        "theirs", max_examples=3, database=database if not request.param else None, derandomize=request.param
    )
    settings.load_profile("theirs")
    yield database
    settings.register_profile("before", before)
    settings.load_profile("before")


def test_the_same_seed_finds_the_same_at_the_same_place(plain: tuple[list[Any], Any]) -> None:
    assert campaign(5) == plain
    assert plain[0]


def test_another_seed_draws_something_else(plain: tuple[list[Any], Any]) -> None:
    assert campaign(6)[1] != plain[1]


@pytest.mark.parametrize("loaded", [True, False], indirect=True)
def test_settings_of_hypothesis_do_not_matter(plain: tuple[list[Any], Any], loaded: InMemoryExampleDatabase) -> None:
    assert campaign(5) == plain
    assert not loaded.data, "nothing is kept"


def test_a_ci_does_not_matter(plain: tuple[list[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    settings.load_profile("ci")
    try:
        assert campaign(5) == plain
    finally:
        settings.load_profile("tests")


def test_the_canonical_scenarios_come_first() -> None:
    found, _ = campaign(5, "four_bugs", canonical=True)
    origins = [origin for _, origin, _, _ in found]
    assert origins[0] != "search"
    assert origins == sorted(origins, key=lambda origin: origin == "search")
    assert {(check, cause) for (check, cause), *_ in found} >= set(KNOWN)
