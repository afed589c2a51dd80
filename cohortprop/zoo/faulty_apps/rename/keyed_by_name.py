"""Cohorts are kept under their name, which anybody can edit."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster


@faulty(
    check="rename",
    cause="keyed-by-name",
    design="in memory, keyed on the cohort's name",
    summary="keeps cohorts under their name: a rename starts an empty one",
)
def keyed_by_name() -> Receiver:
    """The names in our system are the names in Mixpanel, so a cohort is filed under its name.

    After a rename the next diff opens a new file, which holds that diff and nothing else.
    """
    roster = Roster()
    names: dict[str, str] = {}  # for the reports, which know cohorts by their id

    def take(page: Page) -> None:
        names[page.cohort] = page.name
        roster.take(page._replace(cohort=page.name))

    return Receiver(webhook(take), members=lambda cohort: roster.members(names.get(cohort, "")))
