"""Write every page to a log and nothing else; whoever asks gets the fold of the log."""

from __future__ import annotations

from dataclasses import dataclass, field

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook


@dataclass(slots=True)
class _View:
    """What the log says of one cohort."""

    held: set[str] = field(default_factory=set)
    session: str | None = None  # of the full sync that is under way
    copy: set[str] = field(default_factory=set)
    pages: set[int] = field(default_factory=set)


class _Log:
    def __init__(self) -> None:
        self._pages: list[Page] = []
        self._folded = 0  # how far the views go: a checkpoint, no more
        self._views: dict[str, _View] = {}
        self._mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        self._pages.append(page)

    def _fold(self) -> None:
        for page in self._pages[self._folded :]:
            view = self._views.setdefault(page.cohort, _View())
            if page.action == "remove_members":
                view.held.difference_update(page.ids)
                continue
            self._mails.extend((page.cohort, user) for user in page.ids if user not in view.held)
            view.held.update(page.ids)
            if page.action == "members":
                self._fold_copy(view, page)
        self._folded = len(self._pages)

    def _fold_copy(self, view: _View, page: Page) -> None:
        if view.session != page.session:
            view.session, view.copy, view.pages = page.session, set(), set()
        view.copy.update(page.ids)
        view.pages.add(page.number)
        if len(view.pages) >= page.total:
            view.held, view.session = view.copy, None

    def members(self, cohort: str) -> set[str]:
        self._fold()
        view = self._views.get(cohort)
        return set(view.held) if view else set()

    def mails(self) -> list[tuple[str, str]]:
        self._fold()
        return list(self._mails)


@correct(design="event log, folded on read", summary="writes every page to a log and derives members and mails from it")
def folds_a_log() -> Receiver:
    """Event sourcing: the log is the truth, members and mails are a pure function of it.

    A page that comes twice is in the log twice, and the fold does not care.
    """
    log = _Log()
    return Receiver(webhook(log.take), members=log.members, arrivals=log.mails)
