"""One thing at a time is wrong with a garbled request, and who may be let in by it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cohortprop.simulation.garbling import UNREADABLE, spoil
from cohortprop.simulation.steps import GARBLINGS
from cohortprop.wire import BATCH_SIZE, Delivery, compose, describe

PAGE: Delivery = compose(
    "add_members",
    [describe("ann", {"first_name": "Ann", "User ID": "u1"}), describe("bob", {"first_name": "Bob", "User ID": "u2"})],
    project_id="1",
    cohort_id="7",
    session_id="s",
    cohort_name="VIPs",
    cohort_description=None,
    page=1,
    total_pages=1,
)


def content(how: str, id_property: str = "mixpanel_distinct_id") -> Any:
    return json.loads(spoil(PAGE, how, id_property).body)


@pytest.mark.parametrize("how", GARBLINGS)
def test_something_differs(how: str) -> None:
    garbled = spoil(PAGE, how)
    assert garbled.body != PAGE.body or garbled.content_type != ""


@pytest.mark.parametrize("how", ["broken JSON", "empty body", "cut short", "not UTF-8"])
def test_some_are_no_json(how: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of either kind
        content(how)


@pytest.mark.parametrize("how", sorted(UNREADABLE))
def test_what_cannot_be_understood_lets_nobody_in(how: str) -> None:
    garbled = spoil(PAGE, how)
    assert garbled.named == garbled.perhaps == ()


def test_what_is_cut_short_says_how_long_it_was() -> None:
    garbled = spoil(PAGE, "cut short")
    assert PAGE.body.startswith(garbled.body)
    assert len(garbled.body) < garbled.length == len(PAGE.body)


@pytest.mark.parametrize(
    ("how", "missing"),
    [("no cohort id", "mixpanel_cohort_id"), ("no members", "members")],
)
def test_one_parameter_is_missing(how: str, missing: str) -> None:
    assert PAGE.payload["parameters"].keys() - content(how)["parameters"].keys() == {missing}
    assert spoil(PAGE, how).named == ()


def test_actions_and_shapes() -> None:
    assert "action" not in content("no action")
    assert "parameters" not in content("no parameters")
    assert content("unknown action")["action"] == "merge_members"
    assert content("action not text")["action"] == ["add_members"]
    assert content("members not a list")["parameters"]["members"] == "ann"
    assert content("not an object") == [PAGE.payload]


@pytest.mark.parametrize(
    ("how", "second", "perhaps"),
    [
        ("member not an object", "bob", ("bob", "bob")),
        ("id not text", {"mixpanel_distinct_id": 6451042}, ("bob", "6451042")),
        ("member without an id", {}, ("bob",)),
    ],
)
def test_only_the_second_member_is_bad(how: str, second: Any, perhaps: tuple[str, ...]) -> None:
    garbled = spoil(PAGE, how)
    first, bad = json.loads(garbled.body)["parameters"]["members"]
    assert first == PAGE.members[0]
    assert (garbled.named, garbled.perhaps) == (("ann",), perhaps)
    if isinstance(second, dict):
        bad = {name: value for name, value in bad.items() if name == "mixpanel_distinct_id"}
    assert bad == second


def test_ids_are_those_of_the_property_that_the_receiver_keys_on() -> None:
    garbled = spoil(PAGE, "wrong content type", "User ID")
    assert garbled.named == ("u1", "u2")
    (_, bad) = content("member without an id", "User ID")["parameters"]["members"]
    assert bad.keys() == {"first_name"}


def test_content_types() -> None:
    assert spoil(PAGE, "wrong content type").content_type == "text/plain"
    assert spoil(PAGE, "no content type").content_type is None
    assert spoil(PAGE, "no content type").body == PAGE.body


def test_odd_values_in_a_property() -> None:
    named = [
        content(how)["parameters"]["members"][0]["first_name"]
        for how in ("NUL in a property", "lone surrogate in a property", "huge number")
    ]
    assert named == ["Zo\x00", "Zo\ud800", int("9" * 400)]
    keyed = content("NUL in a property", "first_name")["parameters"]["members"][0]
    assert (keyed["first_name"], keyed["last_name"]) == ("Ann", "Zo\x00")


def test_deeper_than_any_parser_goes() -> None:
    with pytest.raises(RecursionError):
        content("deep nesting")


def test_one_byte_is_not_utf8() -> None:
    body = spoil(PAGE, "not UTF-8").body
    assert body.count(b"\xeb") == 1
    assert json.loads(body.decode("latin-1"))["parameters"]["members"][1] == PAGE.members[1]


def test_too_many_members_are_all_named() -> None:
    garbled = spoil(PAGE, "too many members")
    members = json.loads(garbled.body)["parameters"]["members"]
    assert len(members) == len(set(garbled.named)) > BATCH_SIZE
    assert garbled.named == tuple(member["mixpanel_distinct_id"] for member in members)
