"""`remove_members` lets users in."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page
from cohortprop.zoo.roster import Roster


@faulty(
    check="membership",
    cause="remove-inverted",
    design="in memory",
    summary="puts whoever `remove_members` names into the cohort",
)
def removals_add() -> Receiver:
    """There are two kinds of messages, the full copy and the users that changed; both come as a list of members.

    What changed is upserted. That the action also says in which direction was overlooked.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action == "members":
            roster.refill(page)
        else:
            roster.add(page.cohort, page.ids)

    return roster.receiver(take)


@faulty(
    check="membership",
    cause="remove-inverted",
    design="in memory",
    summary="flips the membership of whoever `remove_members` names: a repeat lets them in again",
)
def removals_toggle() -> Receiver:
    """Only members are ever removed, so the removal is a symmetric difference, a neat one-liner.

    When the same page comes a second time, its users are no members any more, and the one-liner lets them in.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action == "remove_members":
            roster.replace(page.cohort, roster.members(page.cohort) ^ set(page.ids))
        else:
            roster.take(page)

    return roster.receiver(take)
