"""Members without a certain property are dropped without a word."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster


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
