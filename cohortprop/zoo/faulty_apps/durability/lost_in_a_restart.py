"""A page is acknowledged while it lives in the memory of the process only, and a restart loses it."""

from __future__ import annotations

from collections import deque

from cohortprop.receiver import Receiver
from cohortprop.zoo.database import Database
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging

_SCHEMA = """
    CREATE TABLE member (cohort TEXT, user TEXT, session TEXT, PRIMARY KEY (cohort, user)) WITHOUT ROWID;
    CREATE TABLE page (cohort TEXT, session TEXT, number INT, PRIMARY KEY (cohort, session, number)) WITHOUT ROWID;
"""


@faulty(
    check="durability",
    cause="queued-work-lost",
    design="queue and worker",
    summary="acknowledges a page before it is done, and forgets it in a restart",
)
def acks_before_work() -> Receiver:
    """Webhooks must answer fast, so the page goes to a background task and the answer goes out.

    The queue of the background task is a list in memory. A deploy between answer and work loses the page; it was
    acknowledged, so nobody sends it again.
    """
    durable = Roster()
    queue: deque[Page] = deque()

    def drain() -> None:
        while queue:
            durable.take(queue.popleft())

    return Receiver(webhook(queue.append), members=durable.members, drain=drain, restart=queue.clear)


@faulty(
    check="durability",
    cause="staged-pages-lost",
    design="in memory, staged",
    summary="stages a full sync in memory: a restart between two pages loses the first",
)
def stages_in_memory() -> Receiver:
    """The pages of a session are collected in memory, written with the last one, and each is acknowledged.

    The last page is told by its number. After a restart between two pages, the rest is written as if it were all.
    """
    durable = Roster()
    staged: dict[tuple[str, str], dict[int, list[str]]] = {}

    def take(page: Page) -> None:
        if page.action != "members":
            durable.take(page)
            return
        pages = staged.setdefault((page.cohort, page.session), {})
        pages[page.number] = page.ids
        if page.number == page.total:
            durable.replace(page.cohort, set().union(*pages.values()))

    return Receiver(webhook(take), members=durable.members, restart=staged.clear)


@faulty(
    check="durability",
    cause="queued-work-lost",
    design="SQLite, one commit for many pages",
    summary="answers before the commit, which waits until there is more to commit",
)
def commits_in_batches_sqlite() -> Receiver:
    """A commit costs a write to the disk, so pages are only executed, and committed when somebody reads.

    Executed is not committed: what was acknowledged since the last commit is rolled back by a restart.
    """
    database = Database(_SCHEMA)

    def take(page: Page) -> None:
        rows = [(page.cohort, user) for user in page.ids]
        if page.action == "remove_members":
            database.executemany("DELETE FROM member WHERE cohort = ? AND user = ?", rows)
            return
        database.executemany("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", [(*row, page.session) for row in rows])
        if page.action == "members":
            key = (page.cohort, page.session)
            database.execute("INSERT OR IGNORE INTO page VALUES (?, ?, ?)", (*key, page.number))
            count = "SELECT count(*) FROM page WHERE cohort = ? AND session = ?"
            if database.execute(count, key).fetchone()[0] >= page.total:
                database.execute("DELETE FROM member WHERE cohort = ? AND session <> ?", key)

    def members(cohort: str) -> list[str]:
        return [user for (user,) in database.execute("SELECT user FROM member WHERE cohort = ?", (cohort,))]

    return Receiver(webhook(take), members=members, drain=database.commit, restart=database.rollback)


@faulty(
    check="durability",
    cause="staged-pages-lost",
    design="in memory, waits for all pages",
    summary="collects the pages of a full sync in memory: after a restart it is never complete",
)
def waits_for_lost_pages() -> Receiver:
    """Pages wait in the process until all of a session are there, and only then the cohort is replaced.

    After a restart between two pages the first one is missing for good, though it was acknowledged, and so is the copy.
    """
    durable = Roster()
    stagings = [Staging()]

    def take(page: Page) -> None:
        if page.action != "members":
            durable.take(page)
            return
        copy = stagings[0].add(page)
        if copy is not None:
            durable.replace(page.cohort, copy)

    def restart() -> None:
        stagings[0] = Staging()

    return Receiver(webhook(take), members=durable.members, restart=restart)
