"""An OpenAPI description of the webhook, as faithful to Mixpanel's page as OpenAPI allows.

The request and the answer are the project's own JSON Schemas of the protocol, with a few changes, each in Schemathesis'
favour: a rule that the receivers do not have to check, or one that JSON Schema cannot say, would make it accuse all of
them alike, and hide what is wrong with some.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from cohortprop.receiver import Receiver
from cohortprop.wire import BATCH_SIZE, delivery_schema, reply_schema

__all__ = ["describe"]

_MOST_PAGES: Final = 3
_FIELDS: Final = ("mixpanel_project_id", "mixpanel_cohort_name", "mixpanel_cohort_id", "mixpanel_cohort_description")
_SESSION: Final = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def describe(receiver: Receiver) -> dict[str, Any]:
    """The document for one receiver: its path, and how it asks who is there.

    Example:
        >>> document = describe(Receiver(print, path="/hook", auth=("mixpanel", "s3cret")))
        >>> list(document["paths"]), document["security"]
        (['/hook'], [{'basic': []}])
    """
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Mixpanel Cohort Sync to a custom webhook", "version": "1"},
        "paths": {receiver.path: {"post": _operation(receiver.id_property)}},
        "components": {"schemas": {"Delivery": _delivery(receiver.id_property), "Reply": reply_schema()}},
    }
    if receiver.auth is not None:
        document["components"]["securitySchemes"] = {"basic": {"type": "http", "scheme": "basic"}}
        document["security"] = [{"basic": []}]
    elif receiver.credentials is not None:
        header = receiver.credentials[0]
        document["components"]["securitySchemes"] = {"token": {"type": "apiKey", "in": "header", "name": header}}
        document["security"] = [{"token": []}]
    return document


def _operation(id_property: str) -> dict[str, Any]:
    """The one thing that a webhook does."""
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Reply"}}}
    return {
        "operationId": "deliver",
        "summary": "One delivery: a page of a full sync (`members`) or of a diff",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Delivery"},
                    "examples": _examples(id_property),
                }
            },
        },
        "responses": {
            "200": {"description": "taken", "content": answer, "links": _links()},
            "4XX": {"description": "refused: a non-transient error pauses the sync", "content": answer},
        },
    }


def _links() -> dict[str, Any]:
    """What may follow a delivery: the same once more, the next page, and the diffs of the same cohort and users."""
    cohort = {field: f"$request.body#/parameters/{field}" for field in _FIELDS}
    session = {"mixpanel_session_id": "$request.body#/parameters/mixpanel_session_id"}
    users = {"members": "$request.body#/parameters/members"}

    def follow(**body: Any) -> dict[str, Any]:
        return {"operationId": "deliver", "requestBody": body, "x-schemathesis": {"merge_body": True}}

    return {
        "Again": {
            "operationId": "deliver",
            "requestBody": "$request.body",
            "x-schemathesis": {"merge_body": False},
        },
        "MoreOfThisSession": follow(action="$request.body#/action", parameters={**cohort, **session}),
        "TheyEnter": follow(action="add_members", parameters={**cohort, **users}),
        "TheyLeave": follow(action="remove_members", parameters={**cohort, **users}),
        "Refresh": follow(action="members", parameters=cohort),
    }


def _delivery(id_property: str) -> dict[str, Any]:
    schema = copy.deepcopy(delivery_schema())
    schema.pop("$schema", None)
    parameters = schema["properties"]["parameters"]
    properties = parameters["properties"]
    # A receiver may take ids that are no digits or no UUIDs, and need not look at what it has no use for.
    for field in ("mixpanel_project_id", "mixpanel_cohort_id", "mixpanel_session_id"):
        properties[field].pop("pattern", None)
    parameters["required"].remove("mixpanel_project_id")
    # JSON Schema cannot say that no page comes after the last one, but for a few pages it can be spelt out.
    properties["page_info"] = {
        "oneOf": [
            {
                "type": "object",
                "required": ["total_pages", "page_count"],
                "properties": {
                    "total_pages": {"const": total},
                    "page_count": {"type": "integer", "minimum": 1, "maximum": total},
                },
            }
            for total in range(1, _MOST_PAGES + 1)
        ]
    }
    member = properties["members"]["items"]
    member.pop("additionalProperties")  # that nothing is null is Mixpanel's affair
    if id_property not in member["properties"]:
        member["properties"][id_property] = {"type": "string", "minLength": 1}
        member["required"].append(id_property)
    return schema


def _examples(id_property: str) -> dict[str, Any]:
    """The page's own scenario: a full sync in two pages, a diff, an empty one; and a batch as large as they get."""

    def user(name: str) -> dict[str, str]:
        known = {"email": f"{name}@example.com", "first_name": name.title(), "last_name": "Doe"}
        return {"mixpanel_distinct_id": name, id_property: name, **known, "phone_number": "555-555-55555"}

    ann, ben, cleo = map(user, ("ann", "ben", "cleo"))
    return {
        "FirstPage": {"value": _example("members", [ann], 1, 2)},
        "SecondPage": {"value": _example("members", [ben], 2, 2)},
        "Entered": {"value": _example("add_members", [cleo], 1, 1)},
        "Left": {"value": _example("remove_members", [ben], 1, 1)},
        "NobodyLeft": {"value": _example("remove_members", [], 1, 1)},
        "Crowd": {"value": _example("members", [user(f"user-{number}") for number in range(BATCH_SIZE)], 1, 1)},
    }


def _example(action: str, members: list[dict[str, str]], number: int, total: int) -> dict[str, Any]:
    return {
        "action": action,
        "parameters": {
            "mixpanel_project_id": "2195",
            "mixpanel_cohort_name": "VIPs",
            "mixpanel_cohort_id": "1000",
            "mixpanel_cohort_description": "those who pay",
            "mixpanel_session_id": _SESSION,
            "page_info": {"total_pages": total, "page_count": number},
            "members": members,
        },
    }
