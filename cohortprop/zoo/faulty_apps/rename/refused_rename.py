"""A cohort that was renamed is turned away."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster


@faulty(
    check="rename",
    cause="refused-rename",
    design="in memory, checks the name",
    summary="409 when a known cohort comes under another name",
)
def refuses_renamed() -> Receiver:
    """Id and name are compared with what was stored, to notice a connection that points at the wrong cohort.

    Names can be edited at any time. After that, no sync of the cohort gets through.
    """
    roster = Roster()
    names: dict[str, str] = {}

    def take(page: Page) -> None:
        known = names.setdefault(page.cohort, page.name)
        if known != page.name:
            raise Refusal(409, f"cohort {page.cohort} is {known!r}, not {page.name!r}")
        roster.take(page)

    return roster.receiver(take)
