"""A plain, correct core in SQLite, for receivers whose one bug lies elsewhere: members, staged pages and mails."""

from __future__ import annotations

from typing import Final

from cohortprop.zoo.database import Database
from cohortprop.zoo.envelope import Page

__all__ = ["Tables"]

_SCHEMA: Final = """
    CREATE TABLE member (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE mail (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE seen (cohort TEXT, session TEXT, number INT, PRIMARY KEY (cohort, session, number)) WITHOUT ROWID;
    CREATE TABLE staged (cohort TEXT, user TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
"""


class Tables:
    """Who is in which cohort, and who was mailed: once a user and cohort, ever (`once_per_user`).

    Args:
        more: further tables, as SQL.
    """

    __slots__ = ("database",)

    def __init__(self, more: str = "") -> None:
        self.database = Database(_SCHEMA + more)

    def take(self, page: Page) -> None:
        """Do all that a page asks for, in one transaction."""
        with self.database:
            self.apply(page)

    def apply(self, page: Page) -> None:
        """Do all that a page asks for, in the transaction of whoever calls."""
        rows = [(page.cohort, user) for user in page.ids]
        if page.action == "remove_members":
            self.database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            return
        self.database.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)
        self.database.executemany("INSERT OR IGNORE INTO mail VALUES (?, ?)", rows)
        if page.action == "members":
            self._stage(page, rows)

    def _stage(self, page: Page, rows: list[tuple[str, str]]) -> None:
        """Remember whom a full sync has named; with its last page, those whom none of them named go out."""
        run, cohort = self.database.execute, (page.cohort,)
        if run("SELECT 1 FROM seen WHERE cohort = ? AND session <> ?", (page.cohort, page.session)).fetchone():
            run("DELETE FROM seen WHERE cohort = ?", cohort)
            run("DELETE FROM staged WHERE cohort = ?", cohort)
        run("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (page.cohort, page.session, page.number))
        self.database.executemany("INSERT OR IGNORE INTO staged VALUES (?, ?)", rows)
        (pages,) = run("SELECT count(*) FROM seen WHERE cohort = ?", cohort).fetchone()
        if pages < page.total:
            return
        run(
            "DELETE FROM member WHERE cohort = ? AND user NOT IN (SELECT user FROM staged WHERE cohort = ?)",
            cohort * 2,
        )
        # who went out since their page had come is named by this copy all the same
        run("INSERT OR IGNORE INTO member SELECT cohort, user FROM staged WHERE cohort = ?", cohort)
        run("DELETE FROM seen WHERE cohort = ?", cohort)
        run("DELETE FROM staged WHERE cohort = ?", cohort)

    def members(self, cohort: str) -> list[str]:
        """Probe: the users held in a cohort."""
        found = self.database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))
        return [user for (user,) in found]

    def mails(self) -> list[tuple[str, str]]:
        """Probe: the mails sent."""
        return self.database.execute("SELECT cohort, user FROM mail").fetchall()
