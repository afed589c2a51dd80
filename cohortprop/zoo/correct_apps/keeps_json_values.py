"""Sets in a key-value store: one JSON value a cohort, read, changed and written back as a whole."""

from __future__ import annotations

import json
from typing import Any

from cohortprop.receiver import Receiver
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook


class _Store:
    """Keys and values, both text, that outlive the process; it may be down."""

    def __init__(self) -> None:
        self.server = Dependency("store")
        self._values: dict[str, str] = {}

    def get(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._values.get(key, "{}"))
        return found

    def put(self, key: str, value: dict[str, Any]) -> None:
        self.server.use()
        self._values[key] = json.dumps(value)


class _Cohorts:
    """Each value holds all that is known of a cohort, so one write changes all of it or nothing."""

    def __init__(self, store: _Store) -> None:
        self._store = store

    def take(self, page: Page) -> None:
        value = self._store.get(page.cohort)
        held = value.setdefault("held", {})  # as a dict, since a set is no JSON
        mailed = value.setdefault("mailed", [])
        if page.action == "remove_members":
            for user in page.ids:
                held.pop(user, None)
        else:
            mailed += [user for user in dict.fromkeys(page.ids) if user not in held]
            held.update(dict.fromkeys(page.ids, True))
        if page.action == "members":
            self._gather(page, value)
        self._store.put(page.cohort, value)

    def _gather(self, page: Page, value: dict[str, Any]) -> None:
        """Note whom the session names; once all its pages are there, nobody else is held."""
        copy = value.get("copy", {})
        if copy.get("session") != page.session:
            copy = {"session": page.session, "pages": {}}
        copy["pages"][str(page.number)] = page.ids
        value["copy"] = copy
        if len(copy["pages"]) >= page.total:
            value["held"] = {user: True for users in copy["pages"].values() for user in users}
            del value["copy"]

    def members(self, cohort: str) -> list[str]:
        return list(self._store.get(cohort).get("held", {}))


@correct(
    design="key-value store, one JSON value a cohort",
    summary="keeps members, mails and the pages under way of a cohort in one value",
)
def keeps_json_values() -> Receiver:
    """No transactions are to be had across keys, so everything that must change together is under one key.

    What is under way in a full sync is part of the value, and so survives a restart.
    """
    store = _Store()
    known: dict[str, None] = {}  # for the reports: a key-value store does not list its keys

    def take(page: Page) -> None:
        known.setdefault(page.cohort)
        _Cohorts(store).take(page)

    def mails() -> list[tuple[str, str]]:
        return [(cohort, user) for cohort in known for user in store.get(cohort).get("mailed", [])]

    return Receiver(
        webhook(take),
        members=_Cohorts(store).members,
        arrivals=mails,
        restart=lambda: webhook(take),
        dependency=store.server.fails,
    )
