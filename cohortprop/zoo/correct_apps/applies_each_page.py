"""Apply every page the moment it comes: the first page of a full sync empties the cohort, each page refills it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook


@dataclass(slots=True)
class _Cohort:
    held: set[str] = field(default_factory=set)
    carried: set[str] = field(default_factory=set)  # emptied out by a full sync that has not named them (yet)
    session: str | None = None
    pages: set[int] = field(default_factory=set)


class _Mailing:
    def __init__(self) -> None:
        self._cohorts: dict[str, _Cohort] = {}
        self._mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        cohort = self._cohorts.get(page.cohort)
        if cohort is None:
            cohort = self._cohorts[page.cohort] = _Cohort()
        if page.action == "remove_members":
            cohort.held.difference_update(page.ids)
            cohort.carried.difference_update(page.ids)
            return
        if page.action == "members" and page.session != cohort.session:
            # A full sync that was aborted leaves its own `carried` behind: who was in before it is still no news.
            cohort.carried |= cohort.held
            cohort.held, cohort.pages, cohort.session = set(), set(), page.session
        for user in page.ids:
            if user not in cohort.held and user not in cohort.carried:
                self._mails.append((page.cohort, user))
            cohort.held.add(user)
        if page.action == "members":
            cohort.pages.add(page.number)
            if len(cohort.pages) >= page.total:
                cohort.carried.clear()  # whoever the whole copy does not name has left, and may arrive anew

    def members(self, cohort_id: str) -> set[str]:
        cohort = self._cohorts.get(cohort_id)
        return set(cohort.held) if cohort else set()

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@correct(
    design="in memory, page by page", summary="empties at the first page of a full sync, refills, mails on entry only"
)
def applies_each_page() -> Receiver:
    """The plainest receiver that is right: no staging, no queue, no deduplication.

    What takes thought is the welcome mail: emptying the cohort must not make news of those who were in it.
    """
    app = _Mailing()
    return Receiver(webhook(app.take), members=app.members, arrivals=app.mails)
