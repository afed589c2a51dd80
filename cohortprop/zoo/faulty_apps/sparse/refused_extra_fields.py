"""A delivery with a field that the document does not list is turned away."""

from __future__ import annotations

import json
from typing import Any, Final

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster

_SCHEMA = """
    CREATE TABLE delivery (
        mixpanel_project_id, mixpanel_cohort_id, mixpanel_cohort_name, mixpanel_cohort_description,
        mixpanel_session_id, page_info, members
    )
"""

_FIELDS: Final = {
    "body": {"action", "parameters"},
    "parameters": {
        "mixpanel_project_id",
        "mixpanel_cohort_id",
        "mixpanel_cohort_name",
        "mixpanel_cohort_description",
        "mixpanel_session_id",
        "page_info",
        "members",
    },
    "page_info": {"total_pages", "page_count"},
    "member": {"mixpanel_distinct_id", "email", "first_name", "last_name", "phone_number"},
}


def _expect(place: str, content: dict[str, Any]) -> None:
    unknown = content.keys() - _FIELDS[place]
    if unknown:
        raise Refusal(400, f"{place}: unknown field {min(unknown)!r}")


@faulty(
    check="sparse",
    cause="refused-extra-fields",
    design="in memory, strict schema",
    summary="400 for a field that the document does not list",
)
def refuses_extra_fields() -> Receiver:
    """The schema was written from the document, with `additionalProperties: false` to catch mistakes early.

    Real deliveries hold an integration id and exported properties, and whatever Mixpanel adds next.
    """
    roster = Roster()

    def take(page: Page) -> None:
        body = json.loads(page.body)
        _expect("body", body)
        _expect("parameters", body["parameters"])
        _expect("page_info", body["parameters"].get("page_info") or {})
        for member in page.members:
            _expect("member", member)
        roster.take(page)

    return roster.receiver(take)


@faulty(
    check="sparse",
    cause="refused-extra-fields",
    design="SQLite, columns by the names of fields",
    summary="an unknown column, so a 500, when a parameter is new",
)
def columns_by_field_sqlite() -> Receiver:
    """Every delivery is kept for the record in a table, whose columns are called as the parameters are.

    A parameter that the table does not know makes the INSERT fail, at every retry.
    """
    roster, database = Roster(), Database(_SCHEMA)

    def take(page: Page) -> None:
        parameters = json.loads(page.body)["parameters"]
        columns, marks = ", ".join(parameters), ", ".join("?" * len(parameters))
        with database:
            values = [json.dumps(value) for value in parameters.values()]
            database.execute(f"INSERT INTO delivery ({columns}) VALUES ({marks})", values)  # noqa: S608 - by design
        roster.take(page)

    return roster.receiver(take)
