"""A trial is taken home at its end, and left as it is when something went wrong: what is told is what came first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cohortprop.errors import UsageError
from cohortprop.machine import build_machine, violation_error
from cohortprop.simulation import CohortSeed, PhaseBegan, Scenario
from cohortprop.simulation.steps import ExpireSnapshot, FlipFailed, Settle, Sync
from cohortprop.trial import Outcome, Trial
from tests.cover.search.machines import drawn, plan_for, zoo_kit

VIPS = "1001"
SEEDS = (CohortSeed(VIPS, "VIPs", ("ann", "bob")),)


def machine_with(kit: Any, **changes: Any) -> Any:
    """A machine in the middle of a run, as Hypothesis would have it."""
    made: Any = build_machine(plan_for(kit, **changes))()
    made.cast, made.ending, made.probing = ("ann", "bob", "cy", "dan", "eve", "fay"), (0,), "delivery"
    made.trial = Trial(kit, Scenario(SEEDS, (Sync(VIPS),)))
    return made


def break_down(machine: Any) -> None:
    """What Hypothesis does when a rule raises."""
    try:
        raise ZeroDivisionError("theirs")
    finally:
        machine.teardown()


def test_the_original_failure_is_what_is_reported() -> None:
    with zoo_kit("applies_each_page") as kit:
        machine = machine_with(kit)
        machine.trial.apply(Sync(VIPS))
        events = len(machine.trial.outcome.history)
        with pytest.raises(ZeroDivisionError, match="theirs"):
            break_down(machine)
    assert len(machine.trial.outcome.history) == events, "nothing was healed, nobody was asked"
    assert not machine.trial.over


def test_nobody_is_told_of_a_trial_that_broke() -> None:
    told: list[Outcome] = []
    with zoo_kit("applies_each_page") as kit:
        machine = machine_with(kit, tell=told.append)
        with pytest.raises(ZeroDivisionError):
            break_down(machine)
        assert not told
        machine.teardown()
    assert len(told) == 1


def test_whoever_asks_hears_of_a_trial_that_broke() -> None:
    faults: list[Exception] = []

    def members(cohort: str) -> list[str]:
        if asked:
            raise LookupError("their database is gone")
        asked.append(cohort)
        return []

    with zoo_kit("applies_each_page") as kit:
        asked: list[str] = []
        receiver = kit.receiver()
        receiver.members = members
        machine = machine_with(replace(kit, receiver=lambda: receiver), broken=faults.append)
        with pytest.raises(UsageError, match="their database is gone") as error:
            machine.sync(0)
        assert faults == [error.value]
        with pytest.raises(UsageError, match="their database is gone"):
            machine.teardown()
    assert len(faults) == 2


def test_without_a_failure_the_world_goes_home_through_the_dark() -> None:
    with zoo_kit("applies_each_page") as kit:
        machine = machine_with(kit, tell=lambda outcome: None)
        machine.trial.apply(Sync(VIPS))
        machine.teardown()
    outcome = machine.trial.outcome
    kinds = [type(step) for step in outcome.scenario.steps]
    assert kinds[0] is Sync
    assert kinds[1] is Settle
    assert kinds.count(ExpireSnapshot) == 2
    assert kinds[-1] is FlipFailed
    stages = [event.stage for event in outcome.history if isinstance(event, PhaseBegan)]
    assert stages == [1, 2, 3]


def test_a_machine_that_never_began_is_torn_down_without_a_word() -> None:
    with zoo_kit("applies_each_page") as kit:
        build_machine(plan_for(kit))().teardown()


def test_a_violation_on_the_way_home_is_raised_from_the_teardown() -> None:
    with zoo_kit("merges_full_sync") as kit:
        machine = machine_with(kit)
        machine.trial.apply(Sync(VIPS))
        with pytest.raises(violation_error("membership", "ghost-after-full-sync")):
            machine.teardown()


def test_every_drawn_trial_that_holds_ends_on_the_way_home() -> None:
    with zoo_kit("applies_each_page") as kit:
        outcomes = drawn(kit, 10)
    assert len(outcomes) >= 5
    for outcome in outcomes:
        assert outcome.violation is None
        assert [event.stage for event in outcome.history if isinstance(event, PhaseBegan)] == [1, 2, 3]
