"""The schemas of request and answer: they take what the document shows, and nothing that it rules out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cohortprop.wire import delivery_schema, reply_schema

SESSION = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

REQUEST: dict[str, Any] = {
    "action": "members",
    "parameters": {
        "mixpanel_project_id": "1",
        "mixpanel_cohort_name": "VIPs",
        "mixpanel_cohort_id": "7",
        "mixpanel_cohort_description": "description",
        "mixpanel_session_id": SESSION,
        "page_info": {"total_pages": 10, "page_count": 6},
        "members": [
            {
                "email": "string",
                "mixpanel_distinct_id": "string",
                "first_name": "string",
                "last_name": "string",
                "phone_number": "xxx-xxx-xxxxx",
            }
        ],
    },
}

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    request = copy.deepcopy(REQUEST)
    change(request["parameters"])
    return request


def is_request(data: object) -> bool:
    return bool(Draft202012Validator(delivery_schema()).is_valid(data))


def is_answer(data: object) -> bool:
    return bool(Draft202012Validator(reply_schema()).is_valid(data))


@pytest.mark.parametrize("schema", [delivery_schema(), reply_schema()], ids=["request", "answer"])
def test_is_a_schema_of_the_draft_it_names(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_the_documents_example_is_a_request() -> None:
    assert is_request(REQUEST)


LOOSER: dict[str, Change] = {
    "no description": lambda p: p.pop("mixpanel_cohort_description"),
    "no page_info": lambda p: p.pop("page_info"),
    "the integration id": lambda p: p.update(mixpanel_integration_id="0"),
    "an unknown field": lambda p: p.update(anything=[1]),
    "nobody": lambda p: p.update(members=[]),
    "a member with nothing but the id": lambda p: p.update(members=[{"mixpanel_distinct_id": "ann"}]),
    "a raw property": lambda p: p["members"][0].update({"$email": "x", "Prénom usuel": 1}),
    "a thousand": lambda p: p.update(members=[{"mixpanel_distinct_id": "ann"}] * 1000),
    "an empty name": lambda p: p.update(mixpanel_cohort_name=""),
}


@pytest.mark.parametrize("change", LOOSER.values(), ids=LOOSER.keys())
def test_what_was_seen_in_the_wild_is_a_request(change: Change) -> None:
    assert is_request(changed(change))


WRONG: dict[str, Change] = {
    "no project": lambda p: p.pop("mixpanel_project_id"),
    "a project that is no digits": lambda p: p.update(mixpanel_project_id="x1"),
    "a project that is a number": lambda p: p.update(mixpanel_project_id=1),
    "no cohort": lambda p: p.pop("mixpanel_cohort_id"),
    "a cohort that is no digits": lambda p: p.update(mixpanel_cohort_id="7a"),
    "no name": lambda p: p.pop("mixpanel_cohort_name"),
    "no session": lambda p: p.pop("mixpanel_session_id"),
    "a session that is no UUID": lambda p: p.update(mixpanel_session_id="s-1"),
    "a UUID of another version": lambda p: p.update(mixpanel_session_id=SESSION.replace("-4", "-1")),
    "a UUID of another variant": lambda p: p.update(mixpanel_session_id=SESSION.replace("-9", "-c")),
    "no members": lambda p: p.pop("members"),
    "no list of members": lambda p: p.update(members={}),
    "more than a thousand": lambda p: p.update(members=[{"mixpanel_distinct_id": "ann"}] * 1001),
    "a member without an id": lambda p: p["members"][0].pop("mixpanel_distinct_id"),
    "an empty id": lambda p: p["members"][0].update(mixpanel_distinct_id=""),
    "an id that is a number": lambda p: p["members"][0].update(mixpanel_distinct_id=1),
    "a null e-mail": lambda p: p["members"][0].update(email=None),
    "a null exported property": lambda p: p["members"][0].update(plan=None),
    "a null description": lambda p: p.update(mixpanel_cohort_description=None),
    "page 0": lambda p: p["page_info"].update(page_count=0),
    "no pages": lambda p: p["page_info"].update(total_pages=0),
    "half a page_info": lambda p: p["page_info"].pop("total_pages"),
    "a page_info without the page": lambda p: p["page_info"].pop("page_count"),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_anything_else_is_none(change: Change) -> None:
    assert not is_request(changed(change))


def test_the_action_is_one_of_three() -> None:
    assert not is_request({**REQUEST, "action": "add"})
    assert not is_request({"parameters": REQUEST["parameters"]})
    assert not is_request({"action": "members"})
    assert all(is_request({**REQUEST, "action": action}) for action in ("members", "add_members", "remove_members"))


@pytest.mark.parametrize(
    "answer",
    [
        {"action": "add_members", "status": "failure", "error": {"message": "some error message", "code": 400}},
        {"action": "members", "status": "success"},
        {"action": "members", "status": "success", "error": None},
        {"action": "members", "status": "failure", "error": {}},
        {"action": "anything", "status": "success", "took": 3},
    ],
)
def test_answers(answer: object) -> None:
    assert is_answer(answer)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        "success",
        {},
        {"action": "members"},
        {"status": "success"},
        {"action": None, "status": "success"},
        {"action": "members", "status": "ok"},
        {"action": "members", "status": "failure", "error": "no"},
        {"action": "members", "status": "failure", "error": {"code": "400"}},
        {"action": "members", "status": "failure", "error": {"code": True}},
        {"action": "members", "status": "failure", "error": {"message": 400}},
    ],
)
def test_no_answers(answer: object) -> None:
    assert not is_answer(answer)
