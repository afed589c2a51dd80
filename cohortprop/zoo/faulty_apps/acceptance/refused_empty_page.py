"""A page without members is turned away."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster


@faulty(
    check="acceptance",
    cause="refused-empty-page",
    design="in memory",
    summary="400 for a page whose list of members is empty",
)
def refuses_empty_page() -> Receiver:
    """`if not members: return 400` was meant for requests that lack the field.

    A diff without changes is two empty lists, and an empty cohort is one. The first quiet half hour pauses the sync.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if not page.members:
            raise Refusal(400, "members is required")
        roster.take(page)

    return roster.receiver(take)
