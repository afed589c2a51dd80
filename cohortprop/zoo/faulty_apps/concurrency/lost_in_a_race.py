"""Two requests at the same moment overwrite each other's work."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.staging import Staging


class _Store:
    """A key-value store: each call is safe by itself."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        with self._lock:
            return self._values.get(key)

    def put(self, key: str, value: str) -> None:
        with self._lock:
            self._values[key] = value


class _OneBlob:
    def __init__(self) -> None:
        self._store = _Store()
        self._staging = Staging()
        self._staging_lock = threading.Lock()

    def take(self, page: Page) -> None:
        ids: list[str] | None = page.ids
        if page.action == "members":
            with self._staging_lock:
                ids = self._staging.add(page)
            if ids is None:
                return
        cohorts = self._load()
        held = cohorts.get(page.cohort, [])
        if page.action == "members":
            held = []
        if page.action == "remove_members":
            held = [user for user in held if user not in page.ids]
        else:
            held += [user for user in ids or () if user not in held]
        cohorts[page.cohort] = held
        self._store.put("cohorts", json.dumps(cohorts))

    def _load(self) -> dict[str, list[str]]:
        text = self._store.get("cohorts")
        cohorts: dict[str, list[str]] = json.loads(text) if text else {}
        return cohorts

    def members(self, cohort: str) -> list[str]:
        return self._load().get(cohort, [])


@faulty(
    check="concurrency",
    cause="lost-in-a-race",
    design="JSON in a key-value store",
    summary="reads, changes and writes one value for all cohorts: of two pages at once the later write wins",
)
def overwrites_one_blob() -> Receiver:
    """All cohorts are one JSON text in a store that knows get and put.

    Each call is atomic, and what lies between the two is not: the other cohort's page is overwritten.
    """
    app = _OneBlob()
    return Receiver(webhook(app.take, lock=nullcontext()), members=app.members)


class _Tables:
    """Two tables: a row for each cohort, found by Mixpanel's id, and the members by the number of that row."""

    def __init__(self) -> None:
        self._rows: list[str] = []
        self._held: set[tuple[int, str]] = set()
        self._staging = Staging()
        self._lock = threading.Lock()

    def take(self, page: Page) -> None:
        row = self._find(page.cohort)
        if row is None:
            row = self._create(page.cohort)
        with self._lock:
            self._apply(row, page)

    def _find(self, cohort: str) -> int | None:
        return self._rows.index(cohort) if cohort in self._rows else None

    def _create(self, cohort: str) -> int:
        with self._lock:
            self._rows.append(cohort)
            return len(self._rows) - 1

    def _apply(self, row: int, page: Page) -> None:
        if page.action == "remove_members":
            self._held.difference_update((row, user) for user in page.ids)
            return
        self._held.update((row, user) for user in page.ids)
        if page.action == "members":
            copy = self._staging.add(page)
            if copy is not None:
                self._held = {(other, user) for other, user in self._held if other != row or user in copy}

    def members(self, cohort: str) -> set[str]:
        return {user for row, user in self._held if self._rows[row] == cohort}


@faulty(
    check="concurrency",
    cause="lost-in-a-race",
    design="in memory, tables with a surrogate key",
    summary="two first deliveries of a cohort at once make two cohorts: whoever leaves the one stays in the other",
)
def creates_cohort_twice() -> Receiver:
    """Look for the cohort by its Mixpanel id, and make it if it is not there; there is no unique key on that id.

    Both halves of a pair find nothing, and both make a row. From then on the first one is synced, and the other one's
    members are there for ever.
    """
    app = _Tables()
    return Receiver(webhook(app.take, lock=nullcontext()), members=app.members)
