"""A page with a member whose id looks unusual is turned away."""

from __future__ import annotations

import re

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster

_ID = re.compile(r"[A-Za-z0-9$:._@-]{1,64}")


@faulty(
    check="sparse",
    cause="refused-odd-id",
    design="in memory, validated",
    summary="422 for a page with an id that has a blank or an accent in it",
)
def refuses_odd_ids() -> Receiver:
    """Ids are validated at the door by a pattern that fits all ids of the first export.

    A distinct id is whatever the site chose, blanks and accents included. One of them refuses the whole page.
    """
    roster = Roster()

    def take(page: Page) -> None:
        for user in page.ids:
            if not _ID.fullmatch(user):
                raise Refusal(422, f"mixpanel_distinct_id: {user!r} does not match {_ID.pattern}")
        roster.take(page)

    return roster.receiver(take)
