"""A step never fails for lack of sense, so any sublist of a scenario's steps is a scenario: shrinking relies on it."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from cohortprop.simulation import History, NoClock, Scenario, World, go_home, take
from cohortprop.simulation.steps import STEPS
from cohortprop.transport import WsgiTransport
from tests.cover.simulation.sandbox import Shop
from tests.cover.simulation.strategies import SCENARIOS, STEPS_BY_KIND

ANSWERS = st.lists(st.sampled_from([200, 200, 201, 302, 400, 404, 409, 429, 500]), max_size=12)


def test_there_is_a_strategy_for_each_kind_of_step() -> None:
    assert list(STEPS_BY_KIND) == list(STEPS.values())


def run(scenario: Scenario, answers: list[int]) -> World:
    shop = Shop()
    shop.answers = answers[:]
    receiver = shop.receiver()
    world = World(receiver, WsgiTransport(receiver), scenario, NoClock(), History())
    for step in scenario.steps:
        before = world.now
        take(world, step)
        assert world.now >= before
        if scenario.probing == "step":
            world.probe()
    shop.answers.clear()
    go_home(world)
    return world


@given(SCENARIOS, ANSWERS)
@settings(max_examples=150)
def test_any_steps_run_and_lead_home(scenario: Scenario, answers: list[int]) -> None:
    world = run(scenario, answers)
    shop = world.receiver.app
    assert isinstance(shop, Shop)
    for cohort, subscription in world.sender.subscriptions.items():
        if not subscription.one_time:
            assert shop.held.get(cohort, set()) == set(world.source.members(cohort))


@given(SCENARIOS, ANSWERS, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_any_sublist_runs_too(scenario: Scenario, answers: list[int], draw: random.Random) -> None:
    run(scenario.with_steps(tuple(step for step in scenario.steps if draw.random() < 0.5)), answers)


@given(SCENARIOS, ANSWERS)
@settings(max_examples=50)
def test_the_same_scenario_gives_the_same_history(scenario: Scenario, answers: list[int]) -> None:
    assert run(scenario, answers).history.events == run(scenario, answers).history.events


@given(SCENARIOS, ANSWERS)
@settings(max_examples=50)
def test_the_history_is_in_order(scenario: Scenario, answers: list[int]) -> None:
    moments = [event.at for event in run(scenario, answers).history]
    assert moments == sorted(moments)
