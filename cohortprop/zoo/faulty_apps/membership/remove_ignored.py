"""`remove_members` is acknowledged and nothing is done."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page
from cohortprop.zoo.roster import Roster


@faulty(
    check="membership",
    cause="remove-ignored",
    design="in memory",
    summary="acknowledges `remove_members` and does nothing",
)
def ignores_removals() -> Receiver:
    """A campaign list only ever grows, said the ticket, so the removals are acknowledged and dropped.

    Later somebody used the list to decide who sees the offer.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action != "remove_members":
            roster.take(page)

    return roster.receiver(take)
