"""What the machine draws: everything there is, as scenarios that run again without it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cohortprop import zoo
from cohortprop.sender import QUESTIONS
from cohortprop.simulation import Scenario, scenario_from_json, scenario_to_json
from cohortprop.simulation.steps import (
    STEPS,
    AbortSync,
    BackAndForth,
    ExpireSnapshot,
    Fates,
    Garble,
    Knock,
    LoseLastAck,
    Replay,
    Restart,
    RestartInside,
    Step,
    Sync,
    Trouble,
)
from cohortprop.trial import Outcome, TrialKit, run
from tests.cover.search.machines import drawn, drawn_until, hooked, zoo_kit

HOOKED: frozenset[type[Step]] = frozenset({Knock, Restart, RestartInside, Trouble})
FAULTS: frozenset[type[Step]] = frozenset({Fates, Garble, LoseLastAck, Replay})


@pytest.fixture(scope="module")
def kit() -> Iterator[TrialKit]:
    with zoo_kit("applies_each_page") as opened:
        yield replace(opened, receiver=lambda: hooked(zoo.applies_each_page()))


@pytest.fixture(scope="module")
def hostile(kit: TrialKit) -> list[Outcome]:
    """Trials in which everything was drawn that there is, unless that takes more than any search should."""
    return drawn_until(kit, lambda told: len(told) >= 30 and not missing_in(told), trials=800, steps=30)


def missing_in(outcomes: list[Outcome]) -> set[object]:
    """What was not drawn yet."""
    scenarios = [outcome.scenario for outcome in outcomes]
    readings = {(name, reading) for name, question in QUESTIONS.items() for reading in question.readings}
    connections = {"webhook", "second", "one-time"}
    return (
        (set(STEPS.values()) - {type(step) for scenario in scenarios for step in scenario.steps})
        | (readings - {(name, getattr(each.dialect, name)) for each in scenarios for name in QUESTIONS})
        | ({1, 2} - {len(each.cohorts) for each in scenarios})
        | ({1, 2, 3, 1000} - {each.page_size for each in scenarios})
        | ({"delivery", "step", "seldom"} - {each.probing for each in scenarios})
        | (connections - {each.cohorts[-1].connection for each in scenarios} - one_time_in(scenarios))
    )


def one_time_in(scenarios: list[Scenario]) -> set[str]:
    return {"one-time" for each in scenarios if each.cohorts[0].one_time}


def test_thirty_trials_run_again_event_by_event(kit: TrialKit, hostile: list[Outcome]) -> None:
    for outcome in hostile[:30]:
        repeated = run(kit, scenario_from_json(json.loads(json.dumps(scenario_to_json(outcome.scenario)))))
        assert repeated.history.events == outcome.history.events
        assert repeated.scenario == outcome.scenario


def test_trials_of_a_faulty_receiver_run_again_likewise() -> None:
    with zoo_kit("last_page_wins") as kit:
        outcomes = drawn(kit, 30, number=2)
        assert any(outcome.violation is not None for outcome in outcomes)
        for outcome in outcomes:
            repeated = run(kit, outcome.scenario)
            assert repeated.violation == outcome.violation
            assert repeated.history.events == outcome.history.events


def test_running_again_loads_no_hypothesis(hostile: list[Outcome], tmp_path: Path) -> None:
    saved = tmp_path / "scenario.json"
    saved.write_text(json.dumps(scenario_to_json(hostile[0].scenario)))
    code = f"""
import json, pathlib, sys
from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.simulation import scenario_from_json
from cohortprop.trial import open_kit, run
scenario = scenario_from_json(json.loads(pathlib.Path({str(saved)!r}).read_text()))
with open_kit(zoo.find("applies_each_page").factory, BUILT_IN) as kit:
    assert run(kit, scenario).violation is None
assert "hypothesis" not in sys.modules, "hypothesis was loaded"
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def steps_of(outcomes: list[Outcome]) -> Counter[type[Step]]:
    return Counter(type(step) for outcome in outcomes for step in outcome.scenario.steps)


def test_every_step_reading_and_shape_is_drawn(hostile: list[Outcome]) -> None:
    assert not missing_in(hostile)


def test_steps_are_sensible_when_they_are_drawn(hostile: list[Outcome]) -> None:
    """Nobody leaves who is not there, and nobody joins who is."""
    for outcome in hostile:
        for step in outcome.scenario.steps:
            if isinstance(step, BackAndForth):
                assert step.users
            if isinstance(step, (AbortSync, ExpireSnapshot, Sync)):
                assert step.cohort in {cohort.id for cohort in outcome.scenario.cohorts}


def test_a_receiver_without_hooks_is_spared_the_steps_for_them() -> None:
    with zoo_kit("stages_full_syncs") as kit:
        assert kit.receiver().restart is None
        assert not HOOKED & set(steps_of(drawn(kit, 30, steps=20)))


def test_the_documented_world_has_no_faults_and_no_second_reading() -> None:
    with zoo_kit("stages_full_syncs") as kit:
        outcomes = drawn(kit, 30, steps=20, profile="documented")
    assert not FAULTS & set(steps_of(outcomes))
    assert not any(outcome.scenario.dialect.departures for outcome in outcomes)


def test_the_realistic_world_draws_the_open_questions_only() -> None:
    with zoo_kit("stages_full_syncs") as kit:
        outcomes = drawn(kit, 60, steps=8, profile="realistic")
    drawn_questions = {name for outcome in outcomes for name in outcome.scenario.dialect.departures}
    assert drawn_questions == {name for name, question in QUESTIONS.items() if question.open}


def test_strict_replays_are_in_every_scenario_when_they_are_asked_for() -> None:
    with zoo_kit("remembers_bodies") as kit:
        scenarios: list[Scenario] = [outcome.scenario for outcome in drawn(kit, 5, strict_replays=True)]
    assert all(scenario.strict_replays for scenario in scenarios)


def test_the_seed_decides_all_draws() -> None:
    with zoo_kit("stages_full_syncs") as kit:
        first, second, other = ([outcome.scenario for outcome in drawn(kit, 10, number=number)] for number in (1, 1, 2))
    assert first == second
    assert first != other
