"""Skip every page that was seen before, told by session, action and page number."""

from __future__ import annotations

from dataclasses import dataclass

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook


@dataclass(slots=True)
class _FullSync:
    session: str
    unnamed: set[str]  # in before the sync, and not named by it so far
    pages: int = 0


class _Deduplicating:
    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}
        self._running: dict[str, _FullSync] = {}
        self._seen: set[tuple[str, str, str, int]] = set()
        self._mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        key = (page.cohort, page.session, page.action, page.number)
        if key in self._seen:
            return
        held = self._held.setdefault(page.cohort, set())
        if page.action == "remove_members":
            held.difference_update(page.ids)
        else:
            self._mails.extend((page.cohort, user) for user in page.ids if user not in held)
            held.update(page.ids)
        if page.action == "members":
            self._sweep(page, held)
        self._seen.add(key)  # last: a page on which the work failed has not been seen

    def _sweep(self, page: Page, held: set[str]) -> None:
        """Once all pages of a full sync are through, drop those whom none of them named."""
        sync = self._running.get(page.cohort)
        if sync is None or sync.session != page.session:
            sync = self._running[page.cohort] = _FullSync(page.session, held.copy())
        sync.unnamed.difference_update(page.ids)
        sync.pages += 1  # each counts once, since a page that comes again is skipped
        if sync.pages >= page.total:
            held -= sync.unnamed
            del self._running[page.cohort]

    def members(self, cohort: str) -> set[str]:
        return set(self._held.get(cohort, ()))

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@correct(design="in memory, idempotency keys", summary="does the work of each page of a session once, and no more")
def skips_seen_pages() -> Receiver:
    """The idempotency key is cohort, session, action and page, and is kept only after the work is done.

    A sync sent again under its old id is skipped as well, which is right: the same id brings the same pages.
    """
    app = _Deduplicating()
    return Receiver(webhook(app.take), members=app.members, arrivals=app.mails)
