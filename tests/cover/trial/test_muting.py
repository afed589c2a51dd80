"""A cause that is known is counted and accepted, and what else is wrong comes to light behind it."""

from __future__ import annotations

import pytest

from cohortprop.simulation import PhaseBegan, Stepped
from cohortprop.simulation.steps import ExpireSnapshot, Join, Leave, Step, Sync, Wait
from cohortprop.trial import Trial, run
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster
from tests.cover.trial.apps import VIPS, ignores_removals, kit_for, merges_full_syncs, outcome_of, scenario

IGNORED = ("membership", "remove-ignored")
MERGED = ("membership", "ghost-after-full-sync")
CROWDED = ("acceptance", "refused-full-page")
LEAVING: tuple[Step, ...] = (Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS), Wait(3600))


def test_a_cause_that_is_not_muted_ends_the_trial() -> None:
    outcome = outcome_of(ignores_removals, *LEAVING)
    assert outcome.violation is not None
    assert outcome.violation.key == IGNORED
    assert not outcome.muted
    assert outcome.scenario.steps == LEAVING[:3]
    assert not [event for event in outcome.history if isinstance(event, PhaseBegan) and event.phase == "way home"]


def test_a_muted_cause_is_counted_and_the_trial_goes_on_to_its_end() -> None:
    outcome = outcome_of(ignores_removals, *LEAVING, muted=frozenset({IGNORED}))
    assert outcome.violation is None
    assert outcome.muted[IGNORED] >= 1
    assert set(outcome.muted) == {IGNORED}
    assert outcome.scenario.steps == LEAVING
    phases = [(event.phase, event.stage) for event in outcome.history if isinstance(event, PhaseBegan)]
    assert phases == [("way home", 1), ("way home", 2), ("way home", 3)]


def test_what_is_accepted_is_not_met_again_until_something_settles_it() -> None:
    muted = frozenset({IGNORED})
    once = outcome_of(ignores_removals, *LEAVING, muted=muted).muted[IGNORED]
    looks: list[Step] = [
        Join(VIPS, ("dan",)),
        Sync(VIPS),
        Join(VIPS, ("eve",)),
        Sync(VIPS),
        Join(VIPS, ("fay",)),
        Sync(VIPS),
    ]
    assert outcome_of(ignores_removals, *LEAVING, *looks, muted=muted).muted[IGNORED] == once


def refuses_crowds(roster: Roster, page: Page) -> None:
    if len(page.ids) > 55:
        raise Refusal(413, "too large")
    ignores_removals(roster, page)


def test_another_bug_behind_a_muted_one_is_found() -> None:
    crowd = tuple(f"user-{number}" for number in range(60))
    steps = (*LEAVING, Join(VIPS, crowd), Sync(VIPS))
    with kit_for(refuses_crowds) as kit:
        large = scenario(*steps, page_size=1000)
        first = run(kit, large)
        second = run(kit, large, {IGNORED})
        third = run(kit, large, {IGNORED, CROWDED})
    assert first.violation is not None
    assert first.violation.key == IGNORED
    assert second.violation is not None
    assert second.violation.key == CROWDED
    assert second.muted[IGNORED] >= 1
    assert third.violation is None
    assert third.muted.keys() == {IGNORED, CROWDED}


def ignores_removals_and_wipes(roster: Roster, page: Page) -> None:
    ignores_removals(roster, page)
    if page.action == "add_members" and not page.ids:
        roster.replace(page.cohort, [])


def test_a_bug_of_the_same_check_behind_a_muted_one_is_found() -> None:
    app = ignores_removals_and_wipes
    first = outcome_of(app, *LEAVING[:2], Join(VIPS, ("dan",)), *LEAVING[2:], Sync(VIPS))
    assert first.violation is not None
    assert first.violation.key == IGNORED
    second = outcome_of(app, *LEAVING[:2], Join(VIPS, ("dan",)), *LEAVING[2:], Sync(VIPS), muted=frozenset({IGNORED}))
    assert second.violation is not None
    assert second.violation.key == ("membership", "wiped-by-empty-page")


@pytest.mark.parametrize("order", [(IGNORED,), (MERGED,)])
def test_muting_one_cause_does_not_mute_another(order: tuple[tuple[str, str], ...]) -> None:
    app, other = (merges_full_syncs, MERGED) if order == (IGNORED,) else (ignores_removals, IGNORED)
    outcome = outcome_of(app, *LEAVING[:3], ExpireSnapshot(VIPS, leaves=("bob",)), muted=frozenset(order))
    assert outcome.violation is not None
    assert outcome.violation.key == other
    assert not outcome.muted


def test_a_set_of_muted_causes_may_grow_while_a_trial_runs() -> None:
    muted: set[tuple[str, str]] = set()
    with kit_for(ignores_removals) as kit:
        trial = Trial(kit, scenario(), muted)
        assert trial.apply(LEAVING[0]) is None
        muted.add(IGNORED)
        assert all(trial.apply(step) is None for step in LEAVING[1:])
        assert trial.finish() is None
    assert trial.outcome.muted[IGNORED]


def test_steps_after_the_end_are_not_taken() -> None:
    with kit_for(ignores_removals) as kit:
        trial = Trial(kit, scenario())
        found = [trial.apply(step) for step in LEAVING]
        events = len(trial.outcome.history)
        assert found[2] is not None
        assert found[3] is found[2]
        assert trial.apply(Sync(VIPS)) is found[2]
        assert trial.finish() is found[2]
        assert len(trial.outcome.history) == events
    assert sum(isinstance(event, Stepped) for event in trial.outcome.history) == 3
