"""The shrinker on its own: what is left still fails, and nothing more can go."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortprop.sender import Dialect
from cohortprop.shrink import shrink
from cohortprop.simulation import CohortSeed, Scenario, scenario_from_json, scenario_to_json
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    Edit,
    ExpireSnapshot,
    Fates,
    Join,
    Leave,
    Merge,
    Outage,
    Rename,
    Replay,
    Settle,
    Step,
    Sync,
    Wait,
)
from cohortprop.simulation.universe import ODD_CAST
from tests.cover.simulation.strategies import SCENARIOS

Judge = Callable[[Scenario], bool]
SEEDS = (
    CohortSeed("7", "VIPs", ("ann", "bob", "cy", "dan"), one_time=True),
    CohortSeed("8", "Trials", ("eve", "zoë"), connection="second"),
)
BUSY: tuple[Step, ...] = (
    *(Sync("7"), Sync("8"), Join("7", ("eve", "fay", "gus")), Wait(7200), Leave("8", ("eve",)), Sync("8")),
    *(Outage(86_400, 429, 3), Wait(90_000), Rename("7", "Big"), Edit("ann", "email", None), Settle(), Sync("7")),
    *(Fates(("deliver", "lose", "duplicate")), Sync("7"), Replay(5), AbortSync("8", 2, 404), Settle(), Wait(600)),
    *(BackAndForth("7", ("bob", "cy")), ExpireSnapshot("8", ("hal",), ("zoë",)), Merge("dan", "ida"), Sync("8")),
)
BUSIEST = Scenario(SEEDS, BUSY, Dialect(empty_diff="silent", halves="removes_first"), 1, "seldom", True, ("Plan",))


def shrunk(scenario: Scenario, judge: Judge, *, seconds: float = 60.0) -> Scenario:
    """The result, which must fail, and must have been run."""
    assert judge(scenario)
    tried = [scenario]

    def fails(candidate: Scenario) -> Scenario | None:
        tried.append(candidate)
        assert scenario_from_json(scenario_to_json(candidate)) == candidate, "each candidate can be saved"
        return candidate if judge(candidate) else None

    found = shrink(scenario, fails, seconds=seconds)
    assert judge(found)
    assert found in tried
    return found


def has(kind: type[Step], number: int = 1) -> Judge:
    return lambda scenario: sum(isinstance(step, kind) for step in scenario.steps) >= number


@pytest.mark.parametrize("kind", list(dict.fromkeys(type(step) for step in BUSY)))
def test_one_step_is_all_that_is_left(kind: type[Step]) -> None:
    found = shrunk(BUSIEST, has(kind))
    assert [type(step) for step in found.steps] == [kind]


@pytest.mark.parametrize("number", [2, 3, 4])
def test_as_many_as_it_takes_are_left(number: int) -> None:
    assert [type(step) for step in shrunk(BUSIEST, has(Sync, number)).steps] == [Sync] * number


def test_two_that_belong_together_are_found_far_apart() -> None:
    def judge(scenario: Scenario) -> bool:
        kinds = [type(step) for step in scenario.steps]
        return Join in kinds and Merge in kinds[kinds.index(Join) :]

    assert [type(step) for step in shrunk(BUSIEST, judge).steps] == [Join, Merge]


def test_all_else_is_as_plain_as_can_be() -> None:
    found = shrunk(BUSIEST, has(Settle))
    assert len(found.cohorts) == 1
    assert found.cohorts[0].members == ()
    assert not found.cohorts[0].one_time
    assert found.dialect == Dialect()
    assert found.page_size == 1000
    assert (found.probing, found.strict_replays, found.exported) == ("delivery", False, ())


def test_what_is_the_point_stays() -> None:
    def judge(scenario: Scenario) -> bool:
        return scenario.dialect.halves == "removes_first" and scenario.page_size == 1 and scenario.strict_replays

    found = shrunk(BUSIEST, judge)
    assert not found.steps
    assert found.dialect == Dialect(halves="removes_first")
    assert found.page_size == 1


def test_numbers_become_small() -> None:
    step = shrunk(BUSIEST, lambda each: any(isinstance(step, Wait) and step.seconds > 100 for step in each.steps)).steps
    assert isinstance(step[0], Wait)
    assert 100 < step[0].seconds <= 200

    def lost_twice(scenario: Scenario) -> bool:
        return any(isinstance(step, Outage) and step.lost >= 2 for step in scenario.steps)

    assert shrunk(BUSIEST, lost_twice).steps == (Outage(0, 503, 2),)


def test_whole_situations_become_single_moves_where_those_will_do() -> None:
    def leaves(scenario: Scenario) -> bool:
        return any(isinstance(step, (Leave, BackAndForth)) and "bob" in step.users for step in scenario.steps)

    assert shrunk(BUSIEST, leaves).steps == (Leave("7", ("bob",)),)


def test_a_cohort_goes_with_its_steps() -> None:
    def judge(scenario: Scenario) -> bool:
        return any(isinstance(step, AbortSync) for step in scenario.steps)

    found = shrunk(BUSIEST, judge)
    assert [cohort.id for cohort in found.cohorts] == ["8"]
    assert found.steps == (AbortSync("8", 0, 503),)
    assert found.cohorts[0].connection == "second", "there is no other to compare with"


def test_two_cohorts_stay_where_it_takes_two() -> None:
    found = shrunk(BUSIEST, lambda each: len({getattr(step, "cohort", "") for step in each.steps} & {"7", "8"}) == 2)
    assert [cohort.id for cohort in found.cohorts] == ["7", "8"]
    assert len(found.steps) == 2
    assert len({cohort.connection for cohort in found.cohorts}) == 1


@pytest.mark.parametrize("place", [0, 3, 6])
def test_odd_names_become_plain_ones(place: int) -> None:
    scenario = Scenario((CohortSeed("7", "VIPs", ODD_CAST),), (Leave("7", (ODD_CAST[place + 1],)), Sync("7")))
    found = shrunk(scenario, lambda each: has(Leave)(each) and bool(each.cohorts[0].members))
    assert found.cohorts[0].members in {("ann",), ("bob",)}
    (leave,) = found.steps
    assert isinstance(leave, Leave)
    assert set(leave.users) <= {"ann", "bob"}


def test_an_odd_name_that_is_the_point_stays() -> None:
    scenario = Scenario((CohortSeed("7", "VIPs", ODD_CAST),), (Sync("7"),))
    found = shrunk(scenario, lambda each: {"7", "007"} <= set(each.cohorts[0].members))
    assert set(found.cohorts[0].members) == {"7", "007"}


def test_nobody_is_renamed_to_somebody_who_is_there() -> None:
    scenario = Scenario((CohortSeed("7", "VIPs", ("zoë", "ann")),), (Merge("zoë", "Ann"), Join("7", ("ann",))))

    def judge(each: Scenario) -> bool:
        merged = [step for step in each.steps if isinstance(step, Merge)]
        return bool(merged) and merged[0].old != merged[0].new and merged[0].old in each.cohorts[0].members

    found = shrunk(scenario, judge)
    (merge,) = found.steps
    assert isinstance(merge, Merge)
    assert len({merge.old, merge.new} & {"ann", "bob", "cy", "dan"}) == 2


def test_a_crowd_is_cut_down_by_halves() -> None:
    crowd = tuple(f"user-{number:04}" for number in range(1000))
    scenario = Scenario((CohortSeed("7", "VIPs", crowd),), (Sync("7"),))
    tries = 0

    def judge(each: Scenario) -> bool:
        nonlocal tries
        tries += 1
        return len(each.cohorts[0].members) >= 51

    found = shrunk(scenario, judge)
    assert 51 <= len(found.cohorts[0].members) <= 120
    assert tries < 2000


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_time_is_kept(seconds: float) -> None:
    tries: list[Scenario] = []

    def slow(candidate: Scenario) -> Scenario | None:
        tries.append(candidate)
        time.sleep(0.02)
        return candidate if has(Sync, 5)(candidate) else None

    began = time.perf_counter()
    found = shrink(replace(BUSIEST, steps=BUSY * 3), slow, seconds=seconds)
    assert time.perf_counter() - began < seconds + 2
    assert bool(tries) == bool(seconds)
    assert has(Sync, 5)(found)
    assert len(tries) <= 30


def test_nothing_is_tried_twice() -> None:
    tries: list[str] = []

    def fails(candidate: Scenario) -> Scenario | None:
        tries.append(repr(candidate))
        return candidate if has(Sync, 2)(candidate) else None

    shrink(BUSIEST, fails, seconds=60)
    assert len(set(tries)) == len(tries)


def test_what_was_run_counts_and_not_what_was_tried() -> None:
    """A trial that ends early leaves the rest of its steps out."""

    def fails(candidate: Scenario) -> Scenario | None:
        kinds = [type(step) for step in candidate.steps]
        return candidate.with_steps(candidate.steps[: kinds.index(Leave) + 1]) if Leave in kinds else None

    found = shrink(BUSIEST, fails, seconds=60)
    assert [type(step) for step in found.steps] == [Leave]


@given(SCENARIOS, st.integers(0, 3), st.integers(0, 4))
@settings(max_examples=40)
def test_whatever_is_asked_for_the_result_has_it_and_not_more(scenario: Scenario, steps: int, members: int) -> None:
    def judge(each: Scenario) -> bool:
        return len(each.steps) >= steps and sum(len(cohort.members) for cohort in each.cohorts) >= members

    if judge(scenario):
        found = shrunk(scenario, judge)
        assert len(found.steps) == steps
        assert sum(len(cohort.members) for cohort in found.cohorts) == members
        assert found.dialect == Dialect()
