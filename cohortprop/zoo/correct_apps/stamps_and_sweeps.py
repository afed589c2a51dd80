"""Stamp each row with the session that named it last; a full sync ends with a sweep of the rows of older stamps."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook


class _Stamping:
    def __init__(self) -> None:
        self._stamps: dict[str, dict[str, str]] = {}
        self._pages: dict[str, tuple[str, set[int]]] = {}
        self._mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        rows = self._stamps.setdefault(page.cohort, {})
        if page.action == "remove_members":
            for user in page.ids:
                rows.pop(user, None)
            return
        for user in page.ids:
            if user not in rows:
                self._mails.append((page.cohort, user))
            rows[user] = page.session
        if page.action == "members" and self._is_complete(page):
            for user in [user for user, stamp in rows.items() if stamp != page.session]:
                del rows[user]

    def _is_complete(self, page: Page) -> bool:
        session, pages = self._pages.get(page.cohort, (page.session, set()))
        if session != page.session:
            pages = set()
        pages.add(page.number)
        if len(pages) < page.total:
            self._pages[page.cohort] = page.session, pages
            return False
        self._pages.pop(page.cohort, None)
        return True

    def members(self, cohort: str) -> set[str]:
        return set(self._stamps.get(cohort, ()))

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@correct(design="in memory, stamps", summary="stamps rows with their session and sweeps the rest on completion")
def stamps_and_sweeps() -> Receiver:
    """Mark and sweep: while a full sync runs, old and new members are held; its last page sweeps the old ones.

    Completion is counted over distinct pages, not read off the last page's number.
    """
    app = _Stamping()
    return Receiver(webhook(app.take), members=app.members, arrivals=app.mails)
