"""A cause that is known is counted and accepted, and what else is wrong comes to light behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN, Evidence, Judge, Violation, select
from cohortprop.receiver import Receiver
from cohortprop.sender import Dialect
from cohortprop.simulation import Event, PhaseBegan, Scenario, Stepped
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import ExpireSnapshot, Join, Leave, Step, Sync, Wait
from cohortprop.trial import Outcome, Trial, open_kit, run
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster
from tests.cover.trial.apps import VIPS, ignores_removals, kit_for, merges_full_syncs, outcome_of, scenario

IGNORED = ("membership", "remove-ignored")
MERGED = ("membership", "ghost-after-full-sync")
CROWDED = ("full_page", "refused-full-page")
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


def examined(name: str, told: Scenario, muted: set[tuple[str, str]]) -> tuple[Outcome, int]:
    """The outcome, and how often a receiver was built for it."""
    built = []

    def factory() -> Receiver:
        built.append(name)
        return zoo.find(name).factory()

    with open_kit(factory, BUILT_IN) as kit:
        return run(kit, told, muted), len(built)


def test_a_muted_cause_that_only_an_examination_tells_does_not_end_the_trial() -> None:
    told = CANONICAL["a-plain-diff"]
    inverted = ("membership", "remove-inverted")
    outcome, built = examined("removals_add", told, {inverted})
    assert outcome.violation is None
    assert outcome.muted == {inverted: 1}
    assert outcome.scenario.steps == told.steps
    assert built == 2, "it was examined once, and the trial started over"
    phases = [(event.phase, event.stage) for event in outcome.history if isinstance(event, PhaseBegan)]
    assert phases == [("way home", 1), ("way home", 2), ("way home", 3)], "no trace of the examination is left"


def test_a_bug_behind_one_that_only_an_examination_tells_is_found() -> None:
    told = replace(CANONICAL["a-rename"], dialect=Dialect(optional_fields="extra"))
    outcome, _ = examined("refuses_renamed", told, {("rename", "refused-rename")})
    assert outcome.violation is None
    outcome, _ = examined("four_bugs", told, {("rename", "refused-rename")})
    assert outcome.violation is not None
    assert outcome.violation.key != ("rename", "refused-rename")


def test_a_trial_that_starts_over_too_often_is_given_up() -> None:
    outcome, built = examined("refuses_empty_page", CANONICAL["two-cohorts"], {("acceptance", "refused-empty-page")})
    assert outcome.violation is None
    assert built <= 5


def test_what_belongs_to_a_check_that_nobody_asked_for_is_accepted() -> None:
    told = CANONICAL["two-cohorts"]
    for asked, expected in ((["isolation"], ("isolation", "cross-cohort-damage")), (["membership"], None)):
        with open_kit(zoo.leaves_everywhere, select(asked)) as kit:
            outcome = run(kit, told)
        assert (outcome.violation.key if outcome.violation else None) == expected
        assert not outcome.muted


def test_what_belongs_to_a_check_that_lacks_a_hook_is_told_all_the_same() -> None:
    def observe(event: Event, evidence: Evidence) -> Iterator[Violation]:
        if isinstance(event, PhaseBegan):
            yield Violation("membership", evidence.place, "nothing", "something", cohort=VIPS)

    seen = Judge("membership", observe, lambda violation, evidence: "queued-work-lost")
    checks = tuple(replace(each, judges=(seen,)) for each in BUILT_IN if each.name in ("membership", "durability"))
    for restart, check in ((None, "membership"), (lambda: None, "durability")):
        with open_kit(lambda restart=restart: Receiver(lambda *_: [], restart=restart), checks) as kit:  # type: ignore[misc]
            violation = run(kit, scenario()).violation
        assert violation is not None
        assert violation.key == (check, "queued-work-lost")


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
