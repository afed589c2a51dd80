"""A request: the document's fields in the document's shape, encoded once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortprop.wire import DISTINCT_ID, Action, Delivery, Member, compose, describe, encode

ANN = describe("ann", {"email": "ann@example.com", "User ID": 12})
BOB = describe("bob")


def request(
    members: list[Member],
    *,
    action: Action = "add_members",
    description: str | None = "who buys most",
    page: int = 2,
    numbered: bool = True,
    extra: bool = False,
) -> Delivery:
    return compose(
        action,
        members,
        project_id="41",
        cohort_id="7",
        cohort_name="VIPs",
        cohort_description=description,
        session_id="s-1",
        page=page,
        total_pages=3,
        numbered=numbered,
        extra=extra,
    )


def parameters(delivery: Delivery) -> Mapping[str, Any]:
    found: Mapping[str, Any] = delivery.payload["parameters"]
    return found


def test_every_field_of_the_document() -> None:
    assert json.loads(request([ANN, BOB]).body) == {
        "action": "add_members",
        "parameters": {
            "mixpanel_project_id": "41",
            "mixpanel_cohort_name": "VIPs",
            "mixpanel_cohort_id": "7",
            "mixpanel_cohort_description": "who buys most",
            "mixpanel_session_id": "s-1",
            "page_info": {"total_pages": 3, "page_count": 2},
            "members": [
                {"mixpanel_distinct_id": "ann", "email": "ann@example.com", "User ID": 12},
                {"mixpanel_distinct_id": "bob"},
            ],
        },
    }


def test_the_value_says_what_the_body_says() -> None:
    delivery = request([ANN, BOB], action="remove_members")
    assert delivery._replace(body=b"") == Delivery("remove_members", "7", "VIPs", "s-1", 2, 3, ("ann", "bob"), b"")
    assert delivery.size == 2
    assert delivery.payload == json.loads(delivery.body)
    assert delivery.members == delivery.payload["parameters"]["members"]


def test_the_order_of_the_fields_is_the_documents() -> None:
    assert list(parameters(request([ANN], extra=True))) == [
        "mixpanel_project_id",
        "mixpanel_cohort_name",
        "mixpanel_cohort_id",
        "mixpanel_cohort_description",
        "mixpanel_session_id",
        "page_info",
        "mixpanel_integration_id",
        "members",
    ]


def test_no_description_leaves_the_field_out() -> None:
    assert "mixpanel_cohort_description" not in parameters(request([], description=None))
    assert parameters(request([], description=""))["mixpanel_cohort_description"] == ""


def test_page_info_can_be_left_out() -> None:
    delivery = request([ANN], numbered=False)
    assert "page_info" not in parameters(delivery)
    assert (delivery.page, delivery.total_pages) == (2, 3)


def test_numbered_and_without_extra_fields_unless_told_otherwise() -> None:
    delivery = compose(
        "members",
        [],
        project_id="1",
        cohort_id="7",
        cohort_name="VIPs",
        cohort_description=None,
        session_id="s",
        page=1,
        total_pages=1,
    )
    assert set(parameters(delivery)) == {
        "mixpanel_project_id",
        "mixpanel_cohort_name",
        "mixpanel_cohort_id",
        "mixpanel_session_id",
        "page_info",
        "members",
    }


def test_the_extra_field_is_the_one_that_was_seen() -> None:
    assert parameters(request([], extra=True))["mixpanel_integration_id"] == "0"
    assert "mixpanel_integration_id" not in parameters(request([]))


def test_no_property_overwrites_the_id() -> None:
    delivery = request([describe("ann", {"email": "a@example.com", DISTINCT_ID: "somebody else"})])
    assert delivery.members == [{DISTINCT_ID: "ann", "email": "a@example.com"}]
    assert next(iter(delivery.members[0])) == DISTINCT_ID
    assert delivery.ids == ("ann",)


def test_encoding_is_compact_ascii_json() -> None:
    assert encode({"a": [1, None, "é"]}) == b'{"a":[1,null,"\\u00e9"]}'


@pytest.mark.parametrize("odd", ["007", "Ann ", "ann", "zoë", "名前", "a\x00b", "\ud800", "\U0001d49c", '"quoted"\\'])
def test_odd_ids_come_through_as_they_are(odd: str) -> None:
    delivery = request([describe(odd)])
    assert delivery.members == [{DISTINCT_ID: odd}]
    assert delivery.ids == (odd,)


class TestIdentities:
    """By which property the receiver keys its users."""

    def test_the_distinct_ids_are_at_hand(self) -> None:
        delivery = request([ANN, BOB])
        assert delivery.identities(DISTINCT_ID) is delivery.ids

    def test_another_property_is_read_from_the_body_and_those_without_it_are_left_out(self) -> None:
        delivery = request([ANN, BOB, describe("cy", {"email": "cy@example.com"}), describe("di", {"email": None})])
        assert delivery.identities("email") == ("ann@example.com", "cy@example.com")

    def test_numbers_become_text(self) -> None:
        assert request([ANN, describe("zed", {"User ID": 0})]).identities("User ID") == ("12", "0")

    def test_a_body_without_members_names_nobody(self) -> None:
        delivery = Delivery("members", "7", "VIPs", "s", 1, 1, (), b'{"action":"members","parameters":{}}')
        assert delivery.members == []
        assert delivery.identities("email") == ()


class TestInWords:
    def test_a_single_page(self) -> None:
        assert str(request([ANN, BOB])._replace(page=1, total_pages=1)) == "add_members(ann, bob)"

    def test_nobody(self) -> None:
        assert str(request([])._replace(total_pages=1)) == "add_members()"

    def test_one_of_several_pages(self) -> None:
        assert str(request([BOB], action="members")) == "members(bob) page 2 of 3"

    def test_six_are_named_and_seven_are_counted(self) -> None:
        users = [describe(letter) for letter in "abcdefg"]
        one_page = request(users[:6])._replace(total_pages=1)
        assert str(one_page) == "add_members(a, b, c, d, e, f)"
        one_page = request(users)._replace(total_pages=1)
        assert str(one_page) == "add_members(a, b, c, d, e, f, … 7 in all)"

    def test_the_bytes_are_not_in_the_repr(self) -> None:
        assert repr(request([ANN])) == "<Delivery add_members(ann) page 2 of 3>"


def test_a_member_is_its_id_and_what_is_said_of_it() -> None:
    assert describe("ann", {"User ID": 12}) == Member("ann", '{"mixpanel_distinct_id":"ann","User ID":12}')
    assert describe("bob") == Member("bob", '{"mixpanel_distinct_id":"bob"}')


@given(*[st.text()] * 6, st.dictionaries(st.text(), st.text() | st.integers()))
def test_the_body_is_what_encoding_it_as_a_whole_gives(
    project: str, cohort: str, name: str, description: str, session: str, user: str, properties: dict[str, object]
) -> None:
    delivery = compose(
        "members",
        [describe(user, properties), describe("bob")],
        project_id=project,
        cohort_id=cohort,
        cohort_name=name,
        cohort_description=description,
        session_id=session,
        page=1,
        total_pages=2,
        extra=True,
    )
    assert delivery.body == encode(delivery.payload)
    fields = parameters(delivery)
    assert (fields["mixpanel_project_id"], fields["mixpanel_cohort_id"]) == (project, cohort)
    assert (fields["mixpanel_cohort_name"], fields["mixpanel_cohort_description"]) == (name, description)
    assert fields["mixpanel_session_id"] == session
    assert fields["members"] == [{**properties, DISTINCT_ID: user}, {DISTINCT_ID: "bob"}]
