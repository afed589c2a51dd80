"""Every faulty receiver is found, and named for what it is: the small version of `nox -s zoo`."""

from __future__ import annotations

import pytest

from cohortprop import zoo
from cohortprop.campaign import CampaignPlan
from cohortprop.profiles import PROFILES
from cohortprop.reports import regression_test
from cohortprop.zoo import Entry
from measure.zoo import CANONICAL_ONLY, profile_for
from tests.quality.emitted import fails_on, passes_on_a_correct_one
from tests.quality.hunting import hunt, time_limit_for, verdict_on

PATIENT = 120.0
"""Seconds: a slow machine must not fail a test. The default number of trials is the budget here."""

MOST_STEPS = 6


@pytest.mark.parametrize("entry", zoo.faulty(), ids=lambda entry: entry.name)
def test_faulty_receiver_is_found_and_named_its_story_is_short_and_makes_a_test(entry: Entry) -> None:
    profile = PROFILES[profile_for(entry.bugs[0][0])]
    findings = hunt(entry, CampaignPlan(profile, seed=1, seconds=PATIENT), until=entry.bugs)
    assert entry.bugs[0] in [finding.key for finding in findings]
    found = findings[-1].scenario
    assert len(found.steps) <= MOST_STEPS
    assert verdict_on(entry, found) == entry.bugs[0]
    source = regression_test(findings[-1], f"cohortprop.zoo:{entry.name}")
    assert fails_on(source, entry.factory, time_limit=time_limit_for(entry)) == "/".join(entry.bugs[0])
    assert passes_on_a_correct_one(source)


@pytest.mark.parametrize("name", ["merges_full_sync", "merges_full_sync_sqlite"])
@pytest.mark.parametrize("seed", range(3))
def test_merging_a_full_sync_is_found_and_shrunk_by_the_search_alone(name: str, seed: int) -> None:
    entry = zoo.find(name)
    findings = hunt(entry, CampaignPlan(seed=seed, canonical=False, seconds=PATIENT), until=entry.bugs)
    assert findings[-1].key == ("membership", "ghost-after-full-sync")
    assert len(findings[-1].scenario.steps) <= MOST_STEPS


@pytest.mark.parametrize("canonical", [True, False])
def test_four_bugs_in_one_receiver_are_four_findings(canonical: bool) -> None:
    entry = zoo.find("four_bugs")
    findings = hunt(entry, CampaignPlan(seed=3, canonical=canonical, seconds=PATIENT), until=entry.bugs)
    assert sorted(finding.key for finding in findings) == sorted(entry.bugs)


def test_four_bugs_are_all_there_is_to_find() -> None:
    entry = zoo.find("four_bugs")
    findings = hunt(entry, CampaignPlan(seed=4, trials=100, seconds=PATIENT))
    assert sorted(finding.key for finding in findings) == sorted(entry.bugs)


@pytest.mark.parametrize("canonical", [True, False])
def test_two_bugs_that_seem_to_mend_each_other_are_two_findings(canonical: bool) -> None:
    entry = zoo.find("two_bugs")
    findings = hunt(entry, CampaignPlan(seed=1, canonical=canonical, trials=150, seconds=PATIENT))
    assert sorted(finding.key for finding in findings) == sorted(entry.bugs), "these two, and no third"


@pytest.mark.parametrize("canonical", [True, False])
def test_of_five_bugs_at_least_four_are_found(canonical: bool) -> None:
    entry = zoo.find("five_bugs")
    findings = hunt(entry, CampaignPlan(seed=2, canonical=canonical, seconds=PATIENT), until=entry.bugs)
    assert len({finding.key for finding in findings} & set(entry.bugs)) >= 4


def test_exceptions_to_the_search_are_faulty_receivers() -> None:
    assert CANONICAL_ONLY.keys() <= {entry.name for entry in zoo.faulty()}
