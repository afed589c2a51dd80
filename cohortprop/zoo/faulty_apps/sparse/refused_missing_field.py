"""A delivery is turned away because a field is missing that is not always there."""

from __future__ import annotations

import json

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page
from cohortprop.zoo.roster import Roster

_SCHEMA = """
    CREATE TABLE cohort (cohort TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL) WITHOUT ROWID;
"""


@faulty(
    check="sparse",
    cause="refused-missing-field",
    design="in memory, subscript",
    summary="a KeyError, so a 500, on a delivery without page_info",
)
def insists_on_page_info() -> Receiver:
    """The number of the page is read from `page_info`, which is in the document's example.

    Some deliveries of a single page come without it, and the handler dies of a KeyError at every retry.
    """
    roster = Roster()
    pages: dict[str, int] = {}

    def take(page: Page) -> None:
        pages[page.session] = json.loads(page.body)["parameters"]["page_info"]["page_count"]
        roster.take(page)

    return roster.receiver(take)


@faulty(
    check="sparse",
    cause="refused-missing-field",
    design="SQLite, NOT NULL",
    summary="a constraint fails, so a 500, for a cohort without a description",
)
def insists_on_description_sqlite() -> Receiver:
    """Name and description of a cohort go into columns that are NOT NULL, since both are in the document's table.

    Somebody left the description empty, and then the field is not sent.
    """
    roster, database = Roster(), Database(_SCHEMA)

    def take(page: Page) -> None:
        description = json.loads(page.body)["parameters"].get("mixpanel_cohort_description")
        with database:
            row = (page.cohort, page.name, description)
            database.execute("INSERT OR REPLACE INTO cohort VALUES (?, ?, ?)", row)
        roster.take(page)

    return roster.receiver(take)
