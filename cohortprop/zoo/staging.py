"""The pages of full syncs, kept until a copy is whole: the plain way to replace a cohort by a copy in several pages."""

from __future__ import annotations

from cohortprop.zoo.envelope import Page

__all__ = ["Staging"]


class Staging:
    """Collects `members` pages by cohort and session.

    A page of another session throws away what an aborted sync has left behind. A page that comes again takes its own
    place; after the last page nothing is kept, so a sync sent again under the same id is collected again.
    """

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, dict[int, list[str]]]] = {}

    def add(self, page: Page) -> list[str] | None:
        """The whole copy, in the order of its pages, if `page` was the last one missing, else None."""
        session, pages = self._open.get(page.cohort, (page.session, {}))
        if session != page.session:
            pages = {}
        pages[page.number] = page.ids
        if len(pages) < page.total:
            self._open[page.cohort] = page.session, pages
            return None
        self._open.pop(page.cohort, None)
        return [user for number in sorted(pages) for user in pages[number]]
