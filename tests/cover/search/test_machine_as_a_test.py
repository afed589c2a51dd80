"""The search is a state machine of Hypothesis like any other: collected, run and told about by others' means."""

from __future__ import annotations

import unittest
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from cohortprop.machine import ViolationFound, build_machine, fitted_to, violation_error
from cohortprop.profiles import PROFILES
from cohortprop.receiver import Receiver
from cohortprop.trial import Outcome, run
from cohortprop.zoo.envelope import webhook
from tests.cover.search.machines import plan_for, run_machine, settings_for, zoo_kit

SHRINKING = settings_for(100, 15, Phase.generate, Phase.shrink)


def test_it_is_a_rule_based_state_machine_with_a_test_case() -> None:
    with zoo_kit("applies_each_page") as kit:
        machine = build_machine(plan_for(kit), "Hooks")
        assert issubclass(machine, RuleBasedStateMachine)
        assert machine.__name__ == "Hooks"
        case = machine.TestCase
        assert issubclass(case, unittest.TestCase)
        case.settings = settings_for(5, 5)
        result = case("runTest").run()
    assert result is not None
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])


def test_its_test_case_fails_by_the_violation() -> None:
    with zoo_kit("last_page_wins") as kit:
        case = build_machine(plan_for(kit)).TestCase
        case.settings = SHRINKING
        with pytest.raises(ViolationFound) as found:
            case("runTest").debug()
    assert type(found.value) is violation_error("membership", "last-page-wins")
    assert str(found.value).startswith("ann must be held") or "must be held in cohort" in str(found.value)


def test_there_is_one_class_for_each_check_and_cause() -> None:
    one = violation_error("membership", "last-page-wins")
    assert violation_error("membership", "last-page-wins") is one
    others = {violation_error("membership", "stale-pages"), violation_error("arrivals", "last-page-wins")}
    assert len({one, *others}) == 3
    assert all(issubclass(each, ViolationFound) and issubclass(each, AssertionError) for each in (one, *others))
    assert one.__name__ == "MembershipLastPageWins"
    assert violation_error("a-check", "b").__name__ == "ACheckB"


def test_several_causes_are_several_failures() -> None:
    chosen = settings(settings_for(200, 20, Phase.generate, Phase.shrink), report_multiple_bugs=True)
    with zoo_kit("four_bugs") as kit, pytest.raises(BaseException) as found:  # noqa: PT011 - a group, or one failure
        run_machine(build_machine(plan_for(kit)), chosen)
    failures = found.value.exceptions if isinstance(found.value, ExceptionGroup) else (found.value,)
    assert not isinstance(found.value, FlakyFailure)
    assert len({type(each) for each in failures}) == len(failures)
    assert all(isinstance(each, ViolationFound) for each in failures)


def test_the_failure_carries_its_outcome() -> None:
    with zoo_kit("last_page_wins") as kit:
        with pytest.raises(ViolationFound) as found:
            run_machine(build_machine(plan_for(kit)), SHRINKING)
        outcome = found.value.outcome
        assert outcome.violation is not None
        assert f"{outcome.violation.expected}; {outcome.violation.seen}" == str(found.value)
        again = run(kit, outcome.scenario)
    assert again.violation == outcome.violation


def test_whoever_asks_is_called_before_it_is_raised() -> None:
    class Stop(KeyboardInterrupt):
        pass

    seen: list[Outcome] = []

    def stop(outcome: Outcome) -> None:
        seen.append(outcome)
        raise Stop

    with zoo_kit("last_page_wins") as kit, pytest.raises(Stop):
        run_machine(build_machine(plan_for(kit, raising=stop)), SHRINKING)
    assert len(seen) == 1
    assert seen[0].violation is not None


def test_whoever_asks_may_end_it_between_two_trials() -> None:
    class Stop(KeyboardInterrupt):
        pass

    told: list[Outcome] = []

    def may_stop() -> None:
        if len(told) == 3:
            raise Stop

    with zoo_kit("applies_each_page") as kit, pytest.raises(Stop):
        run_machine(build_machine(plan_for(kit, tell=told.append, may_stop=may_stop)), settings_for(50, 5))
    assert len(told) == 3


def test_in_a_run_that_tells_nothing_is_raised() -> None:
    told: list[Outcome] = []
    with zoo_kit("last_page_wins") as kit:
        run_machine(build_machine(plan_for(kit, tell=told.append)), settings_for(20, 10))
    assert len([outcome for outcome in told if outcome.violation is not None]) > 1


def rules_of(machine: type[RuleBasedStateMachine]) -> set[str]:
    return {each.function.__name__ for each in machine.setup_state().rules}


@pytest.mark.parametrize(
    "hooks",
    [(), ("restart",), ("dependency",), ("auth",), ("restart", "dependency"), ("restart", "dependency", "auth")],
)
@pytest.mark.parametrize("profile", PROFILES)
def test_a_machine_with_all_rules_is_fitted_to_a_receiver(hooks: tuple[str, ...], profile: str) -> None:
    given: dict[str, Any] = {hook: ("user", "secret") if hook == "auth" else lambda: None for hook in hooks}
    receiver = Receiver(webhook(lambda page: None), **given)
    with zoo_kit("applies_each_page") as kit:
        plan = plan_for(kit, profile)
        plan.restarts = plan.troubles = plan.credentials = True
        whole = build_machine(plan)
        made_for = build_machine(plan_for(replace(kit, receiver=lambda: receiver), profile))
    fitted = fitted_to(receiver, whole)
    assert {"restart", "restart_inside", "restart_inside_full_sync"} <= rules_of(whole)
    assert rules_of(fitted) == rules_of(made_for)
    assert ("restart" in rules_of(fitted)) == ("restart" in hooks)
    assert ("trouble" in rules_of(fitted)) == ("dependency" in hooks)
    assert ("knock" in rules_of(fitted)) == ("auth" in hooks)
    assert fitted.__name__ == whole.__name__


def test_a_profile_without_faults_has_no_rules_for_them() -> None:
    with zoo_kit("applies_each_page") as kit:
        quiet, loud = (build_machine(plan_for(kit, profile)) for profile in ("documented", "realistic"))
    assert rules_of(loud) - rules_of(quiet) == {"fates", "garble", "lose_last_ack", "replay"}


def test_only_in_the_hostile_profile_there_are_rules_for_requests_at_the_same_moment() -> None:
    with zoo_kit("applies_each_page") as kit:
        calm, wild = (build_machine(plan_for(kit, profile)) for profile in ("realistic", "hostile"))
    assert rules_of(wild) - rules_of(calm) == {"collide", "sync_together"}


def test_a_correct_receiver_passes() -> None:
    with zoo_kit("stages_full_syncs") as kit:
        run_state_machine_as_test(build_machine(plan_for(kit)), settings=settings_for(10, 10))
