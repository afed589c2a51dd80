"""A full page of a thousand members is turned away."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster

_LIMIT = 100_000


@faulty(
    check="full_page",
    cause="refused-full-page",
    design="in memory, body limit",
    summary="413 for a body of more than 100 kB",
)
def refuses_full_page() -> Receiver:
    """The framework's limit of 100 kB a body was left as it is; test deliveries had three kilobytes.

    A page holds up to a thousand members, which makes 175 kB. The first large cohort does not get through.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if len(page.body) > _LIMIT:
            raise Refusal(413, f"body exceeds {_LIMIT} bytes")
        roster.take(page)

    return roster.receiver(take)
