"""Whatever is wrong with a scenario file is said in one line that names the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortprop.errors import UsageError
from cohortprop.simulation import Scenario, load_scenario, scenario_from_json

COHORT: dict[str, Any] = {"id": "7", "name": "VIPs"}
GOOD: dict[str, Any] = {"version": 1, "cohorts": [COHORT]}


def refusal(data: object) -> str:
    with pytest.raises(UsageError) as fault:
        scenario_from_json(data, "it")
    assert len(str(fault.value).splitlines()) == 1
    return str(fault.value)


@pytest.mark.parametrize("data", [None, [], "scenario", 1, [GOOD]])
def test_it_is_an_object(data: object) -> None:
    assert refusal(data) == "it: expected an object"


@pytest.mark.parametrize("version", [2, 0, "1", None, True, [1]])
def test_another_version(version: object) -> None:
    assert refusal({**GOOD, "version": version}) == f"it.version: this cohortprop reads version 1, not {version!r}"


def test_no_version() -> None:
    assert refusal({"cohorts": [COHORT]}) == "it.version: this cohortprop reads version 1, not None"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seed": 1}, "it: there is no 'seed' in a scenario"),
        ({"dialect": []}, "it.dialect: expected dict, got []"),
        ({"dialect": {"full_sync": "all"}}, "it.dialect: full_sync='all': choose one of members, add_members"),
        ({"dialect": {"full_sync": ["members"]}}, "it.dialect.full_sync: expected str, got ['members']"),
        ({"dialect": {"full_sync": None}}, "it.dialect.full_sync: expected str, got None"),
        ({"page_size": 0}, "it.page_size: expected 1 to 1000, got 0"),
        ({"page_size": 1001}, "it.page_size: expected 1 to 1000, got 1001"),
        ({"page_size": True}, "it.page_size: expected int, got True"),
        ({"page_size": "2"}, "it.page_size: expected int, got '2'"),
        ({"page_size": 2.0}, "it.page_size: expected int, got 2.0"),
        ({"page_size": None}, "it.page_size: expected int, got None"),
        ({"probing": "always"}, "it.probing: choose one of delivery, step, seldom, not 'always'"),
        ({"probing": []}, "it.probing: choose one of delivery, step, seldom, not []"),
        ({"probing": None}, "it.probing: choose one of delivery, step, seldom, not None"),
        ({"strict_replays": 1}, "it.strict_replays: expected bool, got 1"),
        ({"strict_replays": "no"}, "it.strict_replays: expected bool, got 'no'"),
        ({"exported": "Plan"}, "it.exported: expected a list of strings, got 'Plan'"),
        ({"exported": [1]}, "it.exported: expected a list of strings, got [1]"),
        ({"start": 0}, "it.start: expected str, got 0"),
        ({"start": "noon"}, "it.start: 'noon' is not a moment such as 2026-01-05T09:00:00+00:00"),
        ({"start": "2026-01-05"}, "it.start: '2026-01-05' lacks its zone, as in 2026-01-05T09:00:00+00:00"),
        ({"start": "1970-12-31T09:00:00Z"}, "it.start: expected a year from 1971 to 2999, got '1970-12-31T09:00:00Z'"),
        ({"start": "3000-01-01T00:00:00Z"}, "it.start: expected a year from 1971 to 2999, got '3000-01-01T00:00:00Z'"),
        ({"start": "0001-01-01T00:00:00Z"}, "it.start: expected a year from 1971 to 2999, got '0001-01-01T00:00:00Z'"),
        ({"cohorts": {}}, "it.cohorts: expected list, got {}"),
        ({"cohorts": []}, "it.cohorts: there must be one at least"),
        ({"cohorts": [COHORT, {"id": "8", "name": "x"}, COHORT]}, "it.cohorts: an id occurs twice"),
        ({"steps": None}, "it.steps: expected list, got None"),
        ({"steps": [{"step": "Probe"}, {"step": "Jump"}]}, "it.steps[1].step: 'Jump' is no step; there are "),
        ({"steps": [{"step": "Probe"}, {"step": "Wait", "seconds": -1}]}, "it.steps[1].seconds: expected a "),
        ({"steps": [{"step": "Probe"}, "Probe"]}, "it.steps[1]: expected an object with a 'step'"),
        ({"steps": [{"step": "Probe"}, {"step": "Sync", "cohort": "8"}]}, "it.steps[1].cohort: there is no cohort '8'"),
    ],
)  # fmt: skip
def test_a_bad_scenario(changes: dict[str, object], expected: str) -> None:
    said = refusal({**GOOD, **changes})
    assert said == expected or (expected.endswith(" ") and said.startswith(expected))


def test_an_unknown_question() -> None:
    assert refusal({**GOOD, "dialect": {"colour": "red"}}).startswith(
        "it.dialect: no question is called 'colour'; there are full_sync, "
    )


def test_no_cohorts() -> None:
    assert refusal({"version": 1}) == "it.cohorts: there must be one at least"


@pytest.mark.parametrize(
    ("cohort", "expected"),
    [
        ("7", "it.cohorts[1]: expected an object"),
        ({"name": "x"}, "it.cohorts[1]: a cohort needs 'id'"),
        ({"id": "8"}, "it.cohorts[1]: a cohort needs 'name'"),
        ({"id": "8", "name": "x", "size": 1}, "it.cohorts[1]: there is no 'size' in a cohort"),
        ({"id": 8, "name": "x"}, "it.cohorts[1].id: expected str, got 8"),
        ({"id": None, "name": "x"}, "it.cohorts[1].id: expected str, got None"),
        ({"id": "VIPs", "name": "x"}, "it.cohorts[1].id: expected a string of digits, got 'VIPs'"),
        ({"id": "", "name": "x"}, "it.cohorts[1].id: expected a string of digits, got ''"),
        ({"id": "٨", "name": "x"}, "it.cohorts[1].id: expected a string of digits, got '٨'"),
        ({"id": "²", "name": "x"}, "it.cohorts[1].id: expected a string of digits, got '²'"),
        ({"id": "8", "name": None}, "it.cohorts[1].name: expected str, got None"),
        ({"id": "8", "name": "x", "members": "ann"}, "it.cohorts[1].members: expected a list of strings, got 'ann'"),
        ({"id": "8", "name": "x", "members": [7]}, "it.cohorts[1].members: expected a list of strings, got [7]"),
        ({"id": "8", "name": "x", "description": 1}, "it.cohorts[1].description: expected str or null, got 1"),
        ({"id": "8", "name": "x", "project_id": 1}, "it.cohorts[1].project_id: expected str, got 1"),
        ({"id": "8", "name": "x", "project_id": "p"}, "it.cohorts[1].project_id: expected a string of digits, got 'p'"),
        ({"id": "8", "name": "x", "connection": 1}, "it.cohorts[1].connection: expected str, got 1"),
        ({"id": "8", "name": "x", "one_time": 1}, "it.cohorts[1].one_time: expected bool, got 1"),
        ({"id": "8", "name": "x", "one_time": None}, "it.cohorts[1].one_time: expected bool, got None"),
    ],
)
def test_a_bad_cohort(cohort: object, expected: str) -> None:
    assert refusal({**GOOD, "cohorts": [COHORT, cohort]}) == expected


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    assert in_file(path) == f"{path}: cannot be read: No such file or directory"


def test_a_folder(tmp_path: Path) -> None:
    assert in_file(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text("{'version': 1}", "utf-8")
    said = in_file(path)
    assert said.startswith(f"{path}: is not JSON: ")
    assert "line 1 column 2" in said


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_bytes(b'{"version": "\xff"}')
    assert in_file(path).startswith(f"{path}: is not JSON: 'utf-8' codec can't decode byte 0xff")


def test_a_file_without_bottom(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text("[" * 100_000, "utf-8")
    assert in_file(path) == f"{path}: is nested too deeply to be read"


def test_the_place_begins_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({**GOOD, "steps": [{"step": "Replay", "back": "1"}]}), "utf-8")
    assert in_file(path) == f"{path}.steps[0].back: expected int, got '1'"


def in_file(path: Path) -> str:
    with pytest.raises(UsageError) as fault:
        load_scenario(path)
    assert len(str(fault.value).splitlines()) == 1
    return str(fault.value)


def test_the_place_is_the_scenario_where_there_is_no_file() -> None:
    with pytest.raises(UsageError, match=r"^scenario: expected an object$"):
        scenario_from_json(None)


SCRAPS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["7", "Sync", "members"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["dialect", "page_size", "probing", "strict_replays", "exported", "start", "cohorts", "steps", "other"]


@given(
    st.dictionaries(st.sampled_from(FIELDS), SCRAPS),
    st.dictionaries(st.sampled_from(["id", "name", "members", "description", "one_time"]), SCRAPS),
    st.dictionaries(st.sampled_from(["step", "cohort", "users", "seconds", "fates", "status"]), SCRAPS),
)
def test_whatever_stands_in_it_is_read_or_refused_in_one_line(
    scraps: dict[str, object], cohort: dict[str, object], step: dict[str, object]
) -> None:
    for data in (
        {**GOOD, **scraps},
        {**GOOD, "cohorts": [{**COHORT, **cohort}]},
        {**GOOD, "steps": [{"step": "Join", "cohort": "7", "users": [], **step}]},
    ):
        said = "scenario"
        try:
            assert isinstance(scenario_from_json(data), Scenario)
        except UsageError as fault:
            said = str(fault)
        assert said.startswith("scenario")
        assert len(said.splitlines()) == 1
