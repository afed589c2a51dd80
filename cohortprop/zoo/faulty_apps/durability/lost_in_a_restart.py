"""A page is acknowledged while it lives in the memory of the process only, and a restart loses it."""

from __future__ import annotations

from collections import deque

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster


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
