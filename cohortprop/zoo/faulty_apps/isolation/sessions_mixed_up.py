"""The pages of different cohorts are collected in one place."""

from __future__ import annotations

import json

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_SCHEMA = """
    CREATE TABLE staged (project TEXT, number INT, user TEXT);
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


@faulty(
    check="isolation",
    cause="sessions-mixed-up",
    design="in memory, one pile of pages",
    summary="collects the pages of all full syncs in one list: two cohorts at once get each other's members",
)
def one_pile_of_pages() -> Receiver:
    """The pages of a full sync are put on a pile, and with the last one the pile becomes the cohort.

    Page 1 empties the pile, in case something was left over. Two connections send in turns, and share the pile.
    """
    roster = Roster()
    pile: list[str] = []

    def take(page: Page) -> None:
        if page.action != "members":
            roster.take(page)
            return
        if page.number == 1:
            pile.clear()
        pile.extend(page.ids)
        if page.number == page.total:
            roster.replace(page.cohort, pile)

    return Receiver(webhook(take), members=roster.members)


@faulty(
    check="isolation",
    cause="sessions-mixed-up",
    design="SQLite, staging table by project",
    summary="stages pages under the project, of which all cohorts are",
)
def stages_by_project_sqlite() -> Receiver:
    """Rows wait in a staging table under their project, and move into the cohort once all page numbers are there.

    Several cohorts of a project sync at once, over several connections, and their rows wait together.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            elif page.action == "add_members":
                database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)
            else:
                stage(page, json.loads(page.body)["parameters"].get("mixpanel_project_id", ""))

    def stage(page: Page, project: str) -> None:
        if page.number == 1:
            database.execute("DELETE FROM staged WHERE project = ?", (project,))
        database.executemany("INSERT INTO staged VALUES (?, ?, ?)", [(project, page.number, user) for user in page.ids])
        if page.number == page.total:
            database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            database.execute(
                "INSERT OR IGNORE INTO member SELECT ?, user FROM staged WHERE project = ?", (page.cohort, project)
            )

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
