"""Each variant of a refused request lacks exactly one of its peculiarities, and nothing else is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from cohortprop.sender import default_profile
from cohortprop.simulation.variants import VARIANTS, About, variants_of

Payload = dict[str, Any]
Change = Callable[[Payload], None]

ABOUT = About("VIPs", "who buys most", {"ann", "bob"}, "mixpanel_distinct_id")


def member(user: str, **changes: object) -> dict[str, object]:
    described = {"mixpanel_distinct_id": user, **default_profile(user), **changes}
    return {name: value for name, value in described.items() if value is not None}


def request(*members: dict[str, object], action: str = "members", **parameters: object) -> Payload:
    """A request with no peculiarity, unless it is given one; None leaves a parameter out."""
    given = {
        "mixpanel_project_id": "1",
        "mixpanel_cohort_name": "VIPs",
        "mixpanel_cohort_id": "7",
        "mixpanel_cohort_description": "who buys most",
        "mixpanel_session_id": "f7c1bbd5-3e84-4c37-9ba3-58e1ce4b1e8e",
        "page_info": {"total_pages": 1, "page_count": 1},
        "members": list(members) or [member("cy")],
        **parameters,
    }
    return {"action": action, "parameters": {name: value for name, value in given.items() if value is not None}}


def variants(payload: Payload, about: About = ABOUT) -> dict[str, Payload]:
    return dict(variants_of(payload, about))


CROWD = [member("u" * (number + 1)) for number in range(51)]
PECULIAR: dict[str, tuple[Payload, Payload]] = {
    "many members": (request(*CROWD), request(*CROWD[:2])),
    "no members": (request(members=[]), request(member("somebody"))),
    "an extra field": (request(mixpanel_integration_id="0"), request()),
    "a missing field": (request(page_info=None, mixpanel_cohort_description=None), request()),
    "a sparse member": (
        request(member("cy", email=None), member("dan", phone_number=None, last_name=None)),
        request(member("cy"), member("dan")),
    ),
    "a new name": (request(mixpanel_cohort_name="Big spenders", mixpanel_cohort_description="new"), request()),
    "a known member": (request(member("ann"), member("cy")), request(member("annxq"), member("cy"))),
    "an odd id": (
        request(member("Cy"), member("dan"), member("007")),
        request(member("plainaaa"), member("dan"), member("plainaab")),
    ),
    "an unannounced cohort": (request(action="add_members"), request(action="members")),
}  # fmt: skip


def test_there_is_an_example_for_each() -> None:
    assert list(PECULIAR) == list(VARIANTS)


@pytest.mark.parametrize("peculiarity", VARIANTS)
def test_a_request_with_one_peculiarity_has_one_variant_without_it(peculiarity: str) -> None:
    payload, without = PECULIAR[peculiarity]
    assert variants(payload) == {peculiarity: without}


def test_a_request_without_peculiarities_has_no_variants() -> None:
    assert variants(request()) == {}
    assert variants(request(*CROWD[:50])) == {}


def test_the_request_itself_stays_as_it_was() -> None:
    for payload, _ in PECULIAR.values():
        before = copy.deepcopy(payload)
        list(variants_of(payload, ABOUT))
        assert payload == before


def everything() -> Payload:
    """A request with all peculiarities that go together."""
    return request(
        *[member(f"{user}-{number}", email=None) for number in range(20) for user in ("Zed", "yan", "ann")],
        member("ann", phone_number=None),
        member("cy"),
        action="remove_members",
        mixpanel_cohort_name="Big spenders",
        mixpanel_integration_id="0",
        page_info=None,
    )


@pytest.mark.parametrize("peculiarity", [each for each in VARIANTS if each != "no members"])
def test_of_many_peculiarities_it_takes_one_and_keeps_the_others(peculiarity: str) -> None:
    payload = everything()
    variant = variants(payload)[peculiarity]
    parameters = variant["parameters"]
    members = parameters["members"]
    left = {
        "many members": len(members) == 62,
        "an extra field": parameters.get("mixpanel_integration_id") == "0",
        "a missing field": "page_info" not in parameters,
        "a sparse member": "email" not in members[0],
        "a new name": parameters["mixpanel_cohort_name"] == "Big spenders",
        "a known member": any(each["mixpanel_distinct_id"] == "ann" for each in members),
        "an odd id": any(not each["mixpanel_distinct_id"].isalpha() for each in members),
        "an unannounced cohort": variant["action"] == "remove_members",
    }
    lacking = {each for each, there in left.items() if not there}
    # Two of them go along by their nature: a few of the members may be known, and a known id may be odd.
    assert peculiarity in lacking
    assert lacking <= {peculiarity, *({"a known member"} if peculiarity == "many members" else set())}


def test_two_are_left_of_a_crowd() -> None:
    variant = variants(everything())["many members"]
    assert variant["parameters"]["members"] == everything()["parameters"]["members"][:2]


def test_a_whole_page_of_odd_ids_becomes_as_many_plain_ones() -> None:
    page = [member(f"user-{number:04}") for number in range(1000)]
    variant = variants(request(*page))["an odd id"]
    ids = [each["mixpanel_distinct_id"] for each in variant["parameters"]["members"]]
    assert len(set(ids)) == 1000
    assert all(each.isalpha() and each.islower() for each in ids)


@pytest.mark.parametrize("odd", ["Ann", "7", "zoë", "an n", "ann ", "$ann", "n" * 100])
def test_an_odd_id(odd: str) -> None:
    assert list(variants(request(member(odd)))) == ["an odd id"]


def test_a_replaced_member_keeps_what_it_lacks_and_what_was_exported() -> None:
    payload = request(member("Cy", email=None, Plan="Plan of Cy"))
    (replaced,) = variants(payload)["an odd id"]["parameters"]["members"]
    assert replaced == member("plainaaa", email=None, Plan="Plan of Cy")


def test_a_replaced_member_gets_a_new_identity_too() -> None:
    about = About("VIPs", "who buys most", {"ann"}, "User ID")
    payload = request(member("ann", **{"User ID": "User ID of ann"}))
    (replaced,) = variants(payload, about)["a known member"]["parameters"]["members"]
    assert replaced == member("annxq", **{"User ID": "annxq"})


def test_somebody_who_fills_an_empty_page_can_be_told_by_the_key() -> None:
    about = About("VIPs", "who buys most", (), "User ID")
    (somebody,) = variants(request(members=[]), about)["no members"]["parameters"]["members"]
    assert somebody == {"User ID": "somebody", **member("somebody")}


def test_a_new_name_without_a_description_gets_the_old_name_only() -> None:
    payload = request(mixpanel_cohort_name="Big spenders", mixpanel_cohort_description=None)
    assert variants(payload)["a new name"] == request(mixpanel_cohort_description=None)


def test_a_new_description_alone_is_a_new_name_too() -> None:
    assert variants(request(mixpanel_cohort_description="new")) == {"a new name": request()}


def test_either_field_may_be_missing() -> None:
    assert variants(request(page_info=None)) == {"a missing field": request()}
    assert variants(request(mixpanel_cohort_description=None)) == {"a missing field": request()}


def test_a_remove_is_announced_too() -> None:
    assert variants(request(action="remove_members")) == {"an unannounced cohort": request()}


def test_what_announces_the_cohort_comes_last() -> None:
    assert list(variants(everything()))[-1] == "an unannounced cohort"
