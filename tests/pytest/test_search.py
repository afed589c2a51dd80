"""The search as a test: how the machine is fitted to the receiver, and when time is frozen and shrinking ends."""

from __future__ import annotations

import unittest
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis.internal.reflection import function_digest
from hypothesis.stateful import RuleBasedStateMachine

import cohortprop.pytest_plugin
from cohortprop import zoo
from cohortprop.machine import fitted_to
from cohortprop.pytest_plugin import bench, search
from cohortprop.pytest_plugin.options import asked_of
from cohortprop.simulation import Scenario
from cohortprop.simulation.steps import Restart, RestartInside, Step, Trouble
from cohortprop.trial import Trial, TrialKit
from tests.pytest.conftest import INSTALLED, Project
from tests.pytest.counts import ITEMS

RULES_WITH_HOOKS = {"restart", "restart_inside", "restart_inside_full_sync", "trouble"}


def case(project: Project, name: str = "one") -> type[unittest.TestCase]:
    """The test case of a search, as it is collected."""
    if not INSTALLED:
        project.pytester.plugins = [cohortprop.pytest_plugin]
    return search.search_case(name, asked_of(project.pytester.parseconfig("-p", "no:randomly")))


def machine_of(found: type[unittest.TestCase]) -> type[RuleBasedStateMachine]:
    """The machine that Hypothesis knows the test case by."""
    machine: type[RuleBasedStateMachine] = found.runTest._hypothesis_state_machine_class  # type: ignore[attr-defined]
    return machine


def test_what_is_collected_is_the_test_case_of_a_machine(project: Project) -> None:
    found = case(project)
    machine = machine_of(found)
    assert issubclass(machine, RuleBasedStateMachine)
    assert issubclass(found, machine.TestCase)
    assert found.runTest.is_hypothesis_test is True  # type: ignore[attr-defined]


def test_the_machine_is_fitted_to_the_receiver(project: Project) -> None:
    machine = machine_of(case(project))
    whole = zoo.stages_in_sqlite()
    whole.auth = ("mixpanel", "s3cret")
    assert fitted_to(whole, machine) is machine
    bare = zoo.applies_each_page()
    assert bare.restart is bare.dependency is None
    fitted = fitted_to(bare, machine)
    for name in RULES_WITH_HOOKS:
        assert callable(getattr(machine, name))
        assert getattr(fitted, name) is None


def test_what_one_search_keeps_is_not_taken_for_that_of_another(project: Project) -> None:
    digests = [function_digest(machine_of(case(project, name))) for name in ("one", "other", "one")]
    assert digests[0] == digests[2] != digests[1]
    fitted = fitted_to(zoo.applies_each_page(), machine_of(case(project, "one")))
    other = fitted_to(zoo.applies_each_page(), machine_of(case(project, "other")))
    assert function_digest(fitted) != function_digest(other)


SPY = """
    import json
    from datetime import datetime, timezone
    from cohortprop import Receiver

    made = []

    def app(environ, start_response):
        try:
            message = json.loads(environ["wsgi.input"].read())
            action = message["action"]
            assert isinstance(message["parameters"]["members"], list)
            assert action in ("members", "add_members", "remove_members")
        except Exception:
            start_response("400 Bad Request", [("Content-Type", "application/json")])
            return [b'{{"action": "unknown", "status": "failure"}}']
        start_response("200 OK" if action != {refused!r} else "400 Bad Request", [("Content-Type", "application/json")])
        return [json.dumps({{"action": action, "status": "success" if action != {refused!r} else "failure"}}).encode()]

    def create_receiver():
        made.append(datetime.now(timezone.utc))
        return Receiver(app, excludes={excludes!r})
"""

TESTS = """
    import pytest, spy
    from datetime import datetime, timezone
    from cohortprop.pytest_plugin import CohortSyncTests

    @pytest.fixture
    def cohort_receiver():
        yield spy.create_receiver
        print()
        print("time:", datetime.now(timezone.utc).date())
        print("made:", len(spy.made))
        print("first:", spy.made[0].date())
        print("others:", *sorted({each.date() for each in spy.made[1:]}))

    class TestIt(CohortSyncTests):
        pass
"""


def spied(project: Project, *arguments: str, refused: str = "", excludes: tuple[str, ...] = ()) -> dict[str, str]:
    """What the tests of a project with a spy print in the end."""
    project.write(spy=SPY.format(refused=refused, excludes=excludes), test_it=TESTS)
    result = project.run("-s", "-k", "search", "--cohortprop-seed=1", *arguments)
    return {name: value for name, colon, value in (line.partition(": ") for line in result.outlines) if colon}


def test_time_is_frozen_after_the_first_look_at_the_receiver_and_until_the_test_is_over(project: Project) -> None:
    today = str(datetime.now(UTC).date())
    told = spied(project, "--cohortprop-trials=2")
    assert (told["first"], told["time"]) == (today, today)
    others = set(told["others"].split())  # whichever trial it is: before that nothing has happened yet
    assert others <= {"2026-01-05", "2026-01-31", "2026-12-31"}
    assert today not in others
    assert told["made"] == "3"


class Drawn:
    """What trials are drawn, while they are spied on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.readings: set[str] = set()
        self.steps: set[type[Step]] = set()
        begin, apply = Trial.__init__, Trial.apply

        def spy_on_beginning(trial: Trial, kit: TrialKit, scenario: Scenario, *others: Any) -> None:
            self.readings.add(scenario.dialect.optional_fields)
            begin(trial, kit, scenario, *others)

        def spy_on_step(trial: Trial, step: Step) -> Any:
            self.steps.add(type(step))
            return apply(trial, step)

        monkeypatch.setattr(Trial, "__init__", spy_on_beginning)
        monkeypatch.setattr(Trial, "apply", spy_on_step)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    return Drawn(monkeypatch)


def test_readings_that_the_receiver_excludes_are_not_drawn(project: Project, drawn: Drawn) -> None:
    spied(project, "--cohortprop-trials=20")
    assert len(drawn.readings) > 2
    excluded = max(drawn.readings - {"all"})
    drawn.readings.clear()
    spied(project, "--cohortprop-trials=20", excludes=(f"optional_fields={excluded}",))
    assert len(drawn.readings) > 1
    assert excluded not in drawn.readings


@pytest.mark.parametrize(
    ("receiver", "are_drawn"), [("applies_each_page", set()), ("stages_in_sqlite", {Restart, RestartInside, Trouble})]
)
def test_steps_for_which_the_receiver_has_no_hook_are_not_drawn(
    project: Project, drawn: Drawn, receiver: str, are_drawn: set[type[Step]]
) -> None:
    project.webhook_tests(receiver)
    project.run("-k", "search", "--cohortprop-trials=10", "--cohortprop-seed=1").assert_outcomes(
        passed=1, deselected=ITEMS - 1
    )
    assert drawn.steps & {Restart, RestartInside, Trouble} == are_drawn
    assert len(drawn.steps) > 10


def test_shrinking_ends_after_some_seconds(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    patiently = int(spied(project, refused="remove_members")["made"])
    monkeypatch.setattr(search, "_SHRINK_SECONDS", 0.0)
    monkeypatch.setattr(bench, "_SHRINK_SECONDS", 0.0)
    hastily = int(spied(project, refused="remove_members")["made"])
    assert hastily < 10 < patiently
