"""A cohort that was renamed is turned away."""

from __future__ import annotations

import json

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster

_SCHEMA = "CREATE TABLE cohort (cohort TEXT PRIMARY KEY, name TEXT, description TEXT, UNIQUE (cohort, description))"
_FILE = """
    INSERT INTO cohort VALUES (?, ?, ?) ON CONFLICT (cohort, description) DO UPDATE SET name = excluded.name
"""


@faulty(
    check="rename",
    cause="refused-rename",
    design="in memory, checks the name",
    summary="409 when a known cohort comes under another name",
)
def refuses_renamed() -> Receiver:
    """Id and name are compared with what was stored, to notice a connection that points at the wrong cohort.

    Names can be edited at any time. After that, no sync of the cohort gets through.
    """
    roster = Roster()
    names: dict[str, str] = {}

    def take(page: Page) -> None:
        known = names.setdefault(page.cohort, page.name)
        if known != page.name:
            raise Refusal(409, f"cohort {page.cohort} is {known!r}, not {page.name!r}")
        roster.take(page)

    return roster.receiver(take)


@faulty(
    check="rename",
    cause="refused-rename",
    design="SQLite, upserts on the wrong key",
    summary="a unique-key error, so a 500, when the description of a cohort was edited",
)
def trips_over_descriptions_sqlite() -> Receiver:
    """The row of the cohort is upserted on the pair of id and description, and the new name is put in.

    With another description the pair is new, the id is not, and the primary key refuses the row at every retry.
    """
    database, roster = Database(_SCHEMA), Roster()

    def take(page: Page) -> None:
        description = json.loads(page.body)["parameters"].get("mixpanel_cohort_description")
        if description is not None:
            with database:
                database.execute(_FILE, (page.cohort, page.name, description))
        roster.take(page)

    return roster.receiver(take)
