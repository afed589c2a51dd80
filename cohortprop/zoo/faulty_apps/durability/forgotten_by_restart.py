"""What was held and acknowledged is not there after a restart."""

from __future__ import annotations

import json

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = "CREATE TABLE snapshot (cohort TEXT PRIMARY KEY, users TEXT) WITHOUT ROWID"


@faulty(
    check="durability",
    cause="forgotten-by-restart",
    design="in memory",
    summary="keeps members in the memory of the process",
)
def members_in_memory() -> Receiver:
    """A dictionary of sets, as in the prototype. The process has not been restarted since.

    After a deploy every cohort is empty, and diffs against a snapshot that the app no longer has come in.
    """
    rosters = [Roster()]

    def restart() -> None:
        rosters[0] = Roster()

    def take(page: Page) -> None:
        rosters[0].take(page)

    def members(cohort: str) -> set[str]:
        return rosters[0].members(cohort)

    return Receiver(webhook(take), members=members, restart=restart)


class _Saving:
    """Sets in memory, written to the database when a full sync is complete."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._staging = Staging()
        rows = database.execute("SELECT cohort, users FROM snapshot")
        self._held: dict[str, set[str]] = {cohort: set(json.loads(users)) for cohort, users in rows}

    def take(self, page: Page) -> None:
        held = self._held.setdefault(page.cohort, set())
        if page.action == "remove_members":
            held.difference_update(page.ids)
        elif page.action == "add_members":
            held.update(page.ids)
        else:
            held.update(page.ids)
            copy = self._staging.add(page)
            if copy is not None:
                self._held[page.cohort] = set(copy)
                with self._db:
                    self._db.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?)", (page.cohort, json.dumps(copy)))

    def members(self, cohort: str) -> set[str]:
        return set(self._held.get(cohort, ()))


@faulty(
    check="durability",
    cause="forgotten-by-restart",
    design="in memory, saved to SQLite after full syncs",
    summary="saves a cohort with each full sync, and not with the diffs between",
)
def saves_full_syncs_only() -> Receiver:
    """Members are held in memory, for speed, and saved to the database when a full sync has come.

    A full sync comes once, and then diffs for months. A restart goes back to the first day.
    """
    database = Database(_SCHEMA)
    apps = [_Saving(database)]

    def restart() -> None:
        apps[0] = _Saving(database)

    def take(page: Page) -> None:
        apps[0].take(page)

    def members(cohort: str) -> set[str]:
        return apps[0].members(cohort)

    return Receiver(webhook(take), members=members, restart=restart)
