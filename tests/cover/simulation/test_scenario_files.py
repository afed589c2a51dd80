"""A scenario is plain data: written to a file, read back, and run without Hypothesis."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Scenario, load_scenario, scenario_from_json, scenario_to_json
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Join, Probe, Sync
from tests.cover.simulation.strategies import SCENARIOS


@given(SCENARIOS)
def test_any_scenario_comes_back_as_it_was(scenario: Scenario) -> None:
    written = json.dumps(scenario_to_json(scenario))
    assert scenario_from_json(json.loads(written)) == scenario


@pytest.mark.parametrize("name", CANONICAL)
def test_the_canonical_ones_come_back_from_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(scenario_to_json(CANONICAL[name])), "utf-8")
    assert load_scenario(path) == CANONICAL[name]


def test_a_scenario_in_json() -> None:
    scenario = Scenario(
        (CohortSeed("7", "VIPs", ("ann",)),),
        (Sync("7"),),
        Dialect(full_sync="add_members"),
        page_size=2,
        probing="seldom",
        strict_replays=True,
        exported=("Plan",),
    )
    assert scenario_to_json(scenario) == {
        "version": 1,
        "dialect": {"full_sync": "add_members"},
        "page_size": 2,
        "probing": "seldom",
        "strict_replays": True,
        "exported": ["Plan"],
        "start": "2026-01-05T09:00:00+00:00",
        "cohorts": [
            {
                "id": "7",
                "name": "VIPs",
                "members": ["ann"],
                "description": "a cohort",
                "project_id": "1",
                "connection": "webhook",
                "one_time": False,
            }
        ],
        "steps": [{"step": "Sync", "cohort": "7"}],
    }


def test_what_has_a_default_may_be_missing() -> None:
    read = scenario_from_json({"version": 1, "cohorts": [{"id": "7", "name": "VIPs"}]})
    assert read == Scenario((CohortSeed("7", "VIPs"),))
    assert (read.page_size, read.probing, read.strict_replays, read.dialect) == (1000, "delivery", False, Dialect())
    assert (read.cohorts[0].description, read.cohorts[0].project_id) == ("a cohort", "1")


def test_a_cohort_may_have_no_description() -> None:
    read = scenario_from_json({"version": 1, "cohorts": [{"id": "7", "name": "VIPs", "description": None}]})
    assert read.cohorts[0].description is None


def test_a_file_may_have_a_scenario_in_any_language(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_bytes('{"version": 1, "cohorts": [{"id": "7", "name": "Öl", "members": ["zoë"]}]}'.encode())
    assert load_scenario(path).cohorts == (CohortSeed("7", "Öl", ("zoë",)),)


@pytest.mark.parametrize(
    ("start", "moment"),
    [
        ("2026-01-05T09:00:00+00:00", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("2026-03-29T02:30:00+02:00", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("2026-01-05T09:00:00Z", datetime(2026, 1, 5, 9, tzinfo=UTC)),
    ],
)
def test_it_begins_at_a_moment_in_any_zone(start: str, moment: datetime) -> None:
    read = scenario_from_json({"version": 1, "cohorts": [{"id": "7", "name": "VIPs"}], "start": start})
    assert read.started_at == moment
    assert read.started_at.tzinfo is UTC


def test_the_same_scenario_with_other_steps() -> None:
    scenario = Scenario((CohortSeed("7", "VIPs"),), (Sync("7"),), page_size=3)
    other = scenario.with_steps((Join("7", ("ann",)), Probe()))
    assert other == Scenario((CohortSeed("7", "VIPs"),), (Join("7", ("ann",)), Probe()), page_size=3)
    assert scenario.steps == (Sync("7"),)
