"""A diff for a cohort that is not known yet is turned away."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster


@faulty(
    check="acceptance",
    cause="refused-delta",
    design="in memory",
    summary="404 for `add_members` of a cohort that no `members` has announced",
)
def refuses_unknown_cohort() -> Receiver:
    """A cohort is created by `members`; a diff for one that does not exist is answered 404, as REST has it.

    The first sync may well come as `add_members`, as in the document's own scenario. A 404 pauses it for ever.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if page.action != "members" and not roster.knows(page.cohort):
            raise Refusal(404, f"no cohort {page.cohort}")
        roster.take(page)

    return roster.receiver(take)
