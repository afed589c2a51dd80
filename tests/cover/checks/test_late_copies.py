"""Late copies that still act: advice in the hostile profile, silence elsewhere, a bug under strict replays."""

from __future__ import annotations

from dataclasses import replace

from cohortprop import zoo
from cohortprop.checks import select
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import Join, Leave, Replay, Step, Sync
from cohortprop.trial import Outcome, open_kit, run

VIPS = "1001"
ACTS = ("replay", "late-copy-acts")
BACK_IN: tuple[Step, ...] = (Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), Leave(VIPS, ("dan",)), Sync(VIPS), Replay(3))
"""The copy is of the page that let dan in, who has left since."""


def told(*steps: Step, name: str = "stages_full_syncs", profile: str = "hostile", **changes: object) -> Outcome:
    scenario = Scenario((CohortSeed(VIPS, "VIPs", ("ann", "bob")),), steps, page_size=2)
    checks = select(profile=profile)  # type: ignore[arg-type]  # one of the three
    with open_kit(zoo.find(name).factory, checks) as kit:
        return run(kit, replace(scenario, **changes))  # type: ignore[arg-type]  # of a Scenario


def test_one_that_acts_is_advised_on() -> None:
    outcome = told(*BACK_IN)
    assert outcome.violation is None
    (advice,) = outcome.advice
    assert advice.key == ACTS
    assert advice.seen == "the members of cohort 1001 change"


def test_only_in_the_hostile_profile() -> None:
    assert not told(*BACK_IN, profile="realistic").advice
    assert not told(*BACK_IN, profile="documented").advice


def test_who_remembers_what_was_taken_is_not_advised() -> None:
    assert not told(*BACK_IN, name="skips_seen_pages").advice


def test_a_copy_that_changes_nothing_is_not_advised_on() -> None:
    assert not told(Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), Replay(1)).advice


def test_a_copy_of_a_sync_that_failed_is_news_to_the_receiver() -> None:
    from cohortprop.simulation.steps import LoseLastAck

    steps = (Sync(VIPS), Join(VIPS, ("dan",)), LoseLastAck(VIPS), Leave(VIPS, ("dan",)), Sync(VIPS))
    assert not told(*steps, Replay(len(steps) - 2)).advice


def test_where_nobody_looked_right_before_nothing_can_be_told() -> None:
    assert not told(*BACK_IN, probing="seldom").advice


def test_under_strict_replays_it_is_a_bug() -> None:
    outcome = told(*BACK_IN, strict_replays=True)
    assert outcome.violation is not None
    assert outcome.violation.key == ("replay", "replay-overwrites")
    assert ACTS not in [advice.key for advice in outcome.advice]
