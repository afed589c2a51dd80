"""Members without a certain property are dropped without a word."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_SCHEMA = """
    CREATE TABLE member (
        cohort TEXT, user TEXT, email TEXT NOT NULL, session TEXT, PRIMARY KEY (cohort, user)
    ) WITHOUT ROWID;
    CREATE TABLE page (cohort TEXT, session TEXT, number INT, PRIMARY KEY (cohort, session, number)) WITHOUT ROWID;
"""
_KEEP = "INSERT OR IGNORE INTO member VALUES (?, ?, ?, ?)"
_STAMP = "UPDATE member SET session = ? WHERE cohort = ? AND user = ?"


@faulty(
    check="sparse",
    cause="sparse-member-dropped",
    design="in memory",
    summary="passes over members without an e-mail",
)
def drops_sparse_members() -> Receiver:
    """Rows without an address were noise in the first export, so they are passed over.

    A property that is not populated is absent from the member. The user is in the cohort all the same.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action == "remove_members":
            roster.take(page)
            return
        known = [member["mixpanel_distinct_id"] for member in page.members if member.get("email")]
        roster.take(page._replace(ids=known))

    return Receiver(webhook(take), members=roster.members)


@faulty(
    check="sparse",
    cause="sparse-member-dropped",
    design="SQLite, inserts that ignore conflicts",
    summary="inserts with OR IGNORE into a table where an e-mail is NOT NULL",
)
def ignores_rows_without_email_sqlite() -> Receiver:
    """`INSERT OR IGNORE` makes every page safe to repeat: a row that is there already is passed over.

    It passes over every row that breaks a constraint, and a member without an e-mail breaks one.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        with database:
            if page.action == "remove_members":
                database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
                return
            emails = [member.get("email") for member in page.members]
            database.executemany(_KEEP, [(*row, mail, page.session) for row, mail in zip(rows, emails, strict=True)])
            database.executemany(_STAMP, [(page.session, *row) for row in rows])
            if page.action == "members":
                key = (page.cohort, page.session)
                database.execute("INSERT OR IGNORE INTO page VALUES (?, ?, ?)", (*key, page.number))
                count = "SELECT count(*) FROM page WHERE cohort = ? AND session = ?"
                if database.execute(count, key).fetchone()[0] >= page.total:
                    database.execute("DELETE FROM member WHERE cohort = ? AND session <> ?", key)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members)
