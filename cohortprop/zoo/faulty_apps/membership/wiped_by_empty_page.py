"""A page without members is taken for a cohort without members."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page
from cohortprop.zoo.roster import Roster


@faulty(
    check="membership",
    cause="wiped-by-empty-page",
    design="in memory",
    summary="empties the cohort when a diff is empty",
)
def empty_list_wipes() -> Receiver:
    """An empty list of members came when the cohort had run empty, so an empty list empties the cohort.

    A diff in which nothing has changed is sent as two empty lists, twice an hour.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.ids or page.action == "members":
            roster.take(page)
        else:
            roster.replace(page.cohort, ())

    return roster.receiver(take)
