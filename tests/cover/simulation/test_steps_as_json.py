"""Each step can be written down as JSON and read back; what cannot be a step is refused in one line."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given

from cohortprop.errors import UsageError
from cohortprop.simulation.steps import (
    STEPS,
    AbortSync,
    Edit,
    ExpireSnapshot,
    Fates,
    Join,
    Outage,
    Probe,
    Step,
    Wait,
    check_fate,
    step_from_json,
    step_to_json,
)
from tests.cover.simulation.strategies import STEPS as DRAWN


@given(DRAWN)
def test_any_step_comes_back_as_it_was(step: Step) -> None:
    written = json.dumps(step_to_json(step))
    assert step_from_json(json.loads(written)) == step


@pytest.mark.parametrize(
    ("step", "data"),
    [
        (Probe(), {"step": "Probe"}),
        (Join("7", ("ann", "bob")), {"step": "Join", "cohort": "7", "users": ["ann", "bob"]}),
        (Edit("ann", "email", None), {"step": "Edit", "user": "ann", "property": "email", "value": None}),
        (Outage(60, None, 1), {"step": "Outage", "seconds": 60, "status": None, "lost": 1}),
        (
            ExpireSnapshot("7", leaves=("ann",)),
            {"step": "ExpireSnapshot", "cohort": "7", "joins": [], "leaves": ["ann"], "synced": True},
        ),
    ],
)
def test_a_step_in_json(step: Step, data: dict[str, Any]) -> None:
    assert step_to_json(step) == data
    assert step_from_json(data) == step


def test_what_has_a_default_may_be_missing() -> None:
    assert step_from_json({"step": "Outage", "seconds": 60}) == Outage(60, 503, 0)
    assert step_from_json({"step": "AbortSync", "cohort": "7", "after": 1}) == AbortSync("7", 1, 503)
    assert step_from_json({"step": "ExpireSnapshot", "cohort": "7"}) == ExpireSnapshot("7", (), (), synced=True)


@pytest.mark.parametrize("fate", ["deliver", "lose", "duplicate", "refuse", "refuse 300", "refuse 599"])
def test_a_fate(fate: str) -> None:
    check_fate(fate, "here")
    assert step_from_json({"step": "Fates", "fates": [fate]}) == Fates((fate,))


@pytest.mark.parametrize(
    "fate",
    ["", "vanish", "Deliver", "lose 503", "lose ", "refuse ", "refuse 299", "refuse 600", "refuse 50", "refuse 5030",
     "refuse  503", "refuse ²00", "refuse ٥٠٣", "refuse x", "refuse 503\n", "deliver\n"],
)  # fmt: skip
def test_no_fate(fate: str) -> None:
    expected = f"here.fates: {fate!r} is no fate; there are deliver, lose, duplicate, refuse, and 'refuse 503'"
    assert refusal({"step": "Fates", "fates": ["deliver", fate]}) == expected


def refusal(data: object) -> str:
    with pytest.raises(UsageError) as fault:
        step_from_json(data, "here")
    assert len(str(fault.value).splitlines()) == 1
    return str(fault.value)


@pytest.mark.parametrize("data", [None, [], "Probe", 7, {}, {"cohort": "7"}])
def test_it_must_be_an_object_that_names_its_step(data: object) -> None:
    assert refusal(data) == "here: expected an object with a 'step'"


@pytest.mark.parametrize("name", ["Explode", "probe", "Step", "", 7, None, ["Probe"], {}])
def test_the_step_must_exist(name: object) -> None:
    assert refusal({"step": name}) == f"here.step: {name!r} is no step; there are {', '.join(STEPS)}"


def test_all_steps_have_names() -> None:
    assert list(STEPS) == [kind.__name__ for kind in STEPS.values()]
    assert tuple(STEPS.values()) == get_args(Step)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"step": "Probe", "cohort": "7"}, "here: Probe has no 'cohort'"),
        ({"step": "Wait", "seconds": 1, "z": 1, "a": 1}, "here: Wait has no 'a'"),
        ({"step": "Wait"}, "here: Wait needs 'seconds'"),
        ({"step": "Join", "users": []}, "here: Join needs 'cohort'"),
        ({"step": "Edit", "user": "ann", "property": "email"}, "here: Edit needs 'value'"),
    ],
)
def test_a_field_too_many_or_too_few(data: object, expected: str) -> None:
    assert refusal(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"step": "Wait", "seconds": "1"}, "here.seconds: expected int, got '1'"),
        ({"step": "Wait", "seconds": True}, "here.seconds: expected int, got True"),
        ({"step": "Wait", "seconds": 1.5}, "here.seconds: expected int, got 1.5"),
        ({"step": "Wait", "seconds": None}, "here.seconds: expected int, got None"),
        ({"step": "Sync", "cohort": 7}, "here.cohort: expected str, got 7"),
        ({"step": "Join", "cohort": "7", "users": "ann"}, "here.users: expected a list of strings, got 'ann'"),
        (
            {"step": "Join", "cohort": "7", "users": ["ann", 7]},
            "here.users: expected a list of strings, got ['ann', 7]",
        ),
        ({"step": "Fates", "fates": {"lose": 1}}, "here.fates: expected a list of strings, got {'lose': 1}"),
        (
            {"step": "Edit", "user": "ann", "property": "email", "value": 7},
            "here.value: expected str or null, got 7",
        ),
        ({"step": "Describe", "cohort": "7", "description": []}, "here.description: expected str or null, got []"),
        ({"step": "Outage", "seconds": 1, "status": True}, "here.status: expected int or null, got True"),
        ({"step": "ExpireSnapshot", "cohort": "7", "synced": 1}, "here.synced: expected bool, got 1"),
    ],
)
def test_a_wrong_type(data: object, expected: str) -> None:
    assert refusal(data) == expected


CENTURY = 3_153_600_000


@pytest.mark.parametrize(
    ("data", "field", "least"),
    [
        ({"step": "Wait"}, "seconds", 0),
        ({"step": "Outage"}, "seconds", 0),
        ({"step": "Outage", "seconds": 1}, "lost", 0),
        ({"step": "AbortSync", "cohort": "7"}, "after", 0),
        ({"step": "RestartInside", "cohort": "7"}, "after", 0),
        ({"step": "Replay"}, "back", 0),
        ({"step": "Trouble"}, "attempts", 1),
    ],
)
def test_a_number_out_of_range(data: dict[str, object], field: str, least: int) -> None:
    for number in (least - 1, CENTURY + 1):
        assert (
            refusal({**data, field: number})
            == f"here.{field}: expected a number from {least} to {CENTURY}, got {number}"
        )
    for number in (least, CENTURY):
        assert getattr(step_from_json({**data, field: number}), field) == number


@pytest.mark.parametrize("data", [{"step": "Outage", "seconds": 1}, {"step": "AbortSync", "cohort": "7", "after": 1}])
def test_a_proxy_answers_with_an_error_or_not_at_all(data: dict[str, object]) -> None:
    for status in (299, 600, 0, -1, 200):
        expected = f"here.status: expected an HTTP error status, 300 to 599, got {status}"
        assert refusal({**data, "status": status}) == expected
    for allowed in (300, 599, None):
        step = step_from_json({**data, "status": allowed})
        assert isinstance(step, (Outage, AbortSync))
        assert step.status == allowed


def test_a_step_that_is_read_by_itself_is_called_a_step() -> None:
    with pytest.raises(UsageError, match=r"^step: expected an object with a 'step'$"):
        step_from_json(None)


def test_no_upper_bound_but_the_century_stands_in_the_way_of_a_long_wait() -> None:
    assert step_from_json({"step": "Wait", "seconds": CENTURY}) == Wait(CENTURY)
