"""Users are kept under their e-mail address, which changes."""

from __future__ import annotations

from typing import Any

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.staging import Staging

_SCHEMA = """
    CREATE TABLE person (email TEXT PRIMARY KEY, user TEXT) WITHOUT ROWID;
    CREATE TABLE member (cohort TEXT, email TEXT, PRIMARY KEY (cohort, email)) WITHOUT ROWID;
"""


class _AddressBook:
    """Each cohort is a list of addresses; the distinct id is a mere column. Who has no address is kept by id."""

    def __init__(self) -> None:
        self._cohorts: dict[str, dict[str, str]] = {}
        self._keys: dict[str, str] = {}
        self._staging = Staging()

    def take(self, page: Page) -> None:
        book = self._cohorts.setdefault(page.cohort, {})
        if page.action == "remove_members":
            for member in page.members:
                book.pop(_key(member), None)
            return
        self._keys.update((member["mixpanel_distinct_id"], _key(member)) for member in page.members)
        if page.action == "add_members":
            book.update((self._keys[user], user) for user in page.ids)
            return
        copy = self._staging.add(page)
        if copy is not None:
            self._cohorts[page.cohort] = {self._keys[user]: user for user in copy}

    def members(self, cohort: str) -> set[str]:
        return set(self._cohorts.get(cohort, {}).values())


def _key(member: dict[str, Any]) -> str:
    email: str = member.get("email") or member["mixpanel_distinct_id"]
    return email


@faulty(
    check="membership",
    cause="keyed-by-email",
    design="in memory, keyed on e-mail",
    summary="keeps users under their e-mail: who changes it can no longer be removed",
)
def keyed_by_email() -> Receiver:
    """The mailing tool wants addresses, so users are kept under theirs; the distinct id is stored beside it.

    Somebody changes their address and leaves the cohort. The removal names the new address, which nobody has.
    """
    book = _AddressBook()
    return Receiver(webhook(book.take), members=book.members)


@faulty(
    check="membership",
    cause="keyed-by-email",
    design="SQLite, persons by e-mail",
    summary="one row a person, found by e-mail: two users who share an address become one",
)
def one_person_an_address_sqlite() -> Receiver:
    """Persons are upserted by their e-mail, which is what makes a person in the shop, and memberships point at them.

    A couple shares an address, somebody takes over another one's: the later user takes the place of the earlier.
    """
    database, staging = Database(_SCHEMA), Staging()
    keys: dict[str, str] = {}

    def take(page: Page) -> None:
        keys.update((member["mixpanel_distinct_id"], _key(member)) for member in page.members)
        users = page.ids
        with database:
            if page.action == "remove_members":
                rows = [(page.cohort, keys[user]) for user in users]
                database.executemany("DELETE FROM member WHERE cohort = ? AND email = ?", rows)
                return
            if page.action == "members":
                copy = staging.add(page)
                if copy is None:
                    return
                users = copy
                database.execute("DELETE FROM member WHERE cohort = ?", (page.cohort,))
            persons = [(keys[user], user) for user in users]
            database.executemany("INSERT OR REPLACE INTO person VALUES (?, ?)", persons)
            rows = [(page.cohort, keys[user]) for user in users]
            database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def members(cohort: str) -> list[str]:
        found = "SELECT user FROM member JOIN person USING (email) WHERE cohort = ?"
        return [user for (user,) in database.execute(found, (cohort,))]

    return Receiver(webhook(take), members=members)
