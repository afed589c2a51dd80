"""Receivers in miniature: correct ones of different design, and faulty ones with one bug each.

Each takes pages and shows whom it holds and how often each user has arrived. They know nothing of the oracle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from cohortprop.oracle import Page

Key = tuple[str, str]


class Miniature:
    """What all have in common: cohorts of users, and a mail to whoever comes in."""

    def __init__(self) -> None:
        self.cohorts: defaultdict[str, set[str]] = defaultdict(set)
        self.arrivals: Counter[Key] = Counter()
        self._pages: defaultdict[tuple[str, ...], dict[int, tuple[str, ...]]] = defaultdict(dict)

    def take(self, page: Page) -> None:
        """One request, whatever is answered."""
        if page.action == "add_members":
            self.add(page.cohort, page.users)
        elif page.action == "remove_members":
            self.remove(page.cohort, page.users)
        else:
            self.replace(page)

    def members(self, cohort: str) -> set[str]:
        """Whom it holds."""
        return self.cohorts[cohort]

    def add(self, cohort: str, users: Iterable[str]) -> None:
        held = self.cohorts[cohort]
        self.arrivals.update((cohort, user) for user in dict.fromkeys(users) if user not in held)
        held.update(users)

    def remove(self, cohort: str, users: Iterable[str]) -> None:
        self.cohorts[cohort].difference_update(users)

    def complete(self, page: Page, *key: str) -> list[str] | None:
        """Put a page to those of its kind; everyone on them, once all have come."""
        pages = self._pages[key]
        pages[page.number] = page.users
        return [user for users in pages.values() for user in users] if len(pages) >= page.total else None

    def become(self, cohort: str, users: list[str]) -> None:
        self.remove(cohort, self.cohorts[cohort] - set(users))
        self.add(cohort, users)

    def replace(self, page: Page) -> None:
        raise NotImplementedError


# Correct ones


class StagesFullSyncs(Miniature):
    """Diffs apply at once; the pages of a full sync are staged by session, and committed when all are there."""

    def replace(self, page: Page) -> None:
        users = self.complete(page, page.cohort, page.session)
        if users is not None:
            self.become(page.cohort, users)


class AddsAtOnceAndSweeps(Miniature):
    """Each page of a full sync applies at once; who was not on any is removed when the last has come."""

    def replace(self, page: Page) -> None:
        self.add(page.cohort, page.users)
        users = self.complete(page, page.cohort, page.session)
        if users is not None:
            self.remove(page.cohort, self.cohorts[page.cohort] - set(users))


class StampsAndSweeps(Miniature):
    """Each row carries the session that wrote it last; a complete full sync deletes the rows of any other."""

    def __init__(self) -> None:
        super().__init__()
        self.stamps: dict[Key, str] = {}

    def take(self, page: Page) -> None:
        if page.action != "remove_members":
            self.stamps.update({(page.cohort, user): page.session for user in page.users})
        super().take(page)

    def replace(self, page: Page) -> None:
        self.add(page.cohort, page.users)
        if self.complete(page, page.cohort, page.session) is not None:
            held = self.cohorts[page.cohort]
            self.remove(page.cohort, {user for user in held if self.stamps[page.cohort, user] != page.session})


class StagesEverything(Miniature):
    """The pages of each action of a session are committed when all are there. (Needs halves numbered on their own.)"""

    def take(self, page: Page) -> None:
        users = self.complete(page, page.cohort, page.session, page.action)
        if users is None:
            return
        if page.action == "add_members":
            self.add(page.cohort, users)
        elif page.action == "remove_members":
            self.remove(page.cohort, users)
        else:
            self.become(page.cohort, users)


class SkipsSeenPages(StagesFullSyncs):
    """Takes each (session, action, page) once."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str, str, int]] = set()

    def take(self, page: Page) -> None:
        key = (page.cohort, page.session, page.action, page.number)
        if key not in self.seen:
            self.seen.add(key)
            super().take(page)


class SkipsOldSessions(AddsAtOnceAndSweeps):
    """Once a new session has begun, what comes of an older one is ignored."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: defaultdict[str, list[str]] = defaultdict(list)

    def take(self, page: Page) -> None:
        sessions = self.sessions[page.cohort]
        if page.session not in sessions:
            sessions.append(page.session)
        if page.session == sessions[-1]:
            super().take(page)


class FoldsItsLog(Miniature):
    """Keeps the requests, and reads them when it is asked, each at the place where it last came."""

    def __init__(self) -> None:
        super().__init__()
        self.log: dict[Page, None] = {}

    def take(self, page: Page) -> None:
        self.log.pop(page, None)
        self.log[page] = None

    def members(self, cohort: str) -> set[str]:
        reader = StagesFullSyncs()
        for page in self.log:
            reader.take(page)
        return reader.members(cohort)


class EmptiesAndRefills(Miniature):
    """The first page of a full sync empties the cohort, and each page adds its own."""

    def __init__(self) -> None:
        super().__init__()
        self.filling: dict[str, str] = {}

    def replace(self, page: Page) -> None:
        if self.filling.get(page.cohort) != page.session:
            self.filling[page.cohort] = page.session
            self.cohorts[page.cohort].clear()
        self.add(page.cohort, page.users)


MAILING = (
    StagesFullSyncs,
    AddsAtOnceAndSweeps,
    StampsAndSweeps,
    StagesEverything,
    SkipsSeenPages,
    SkipsOldSessions,
)
"""Correct in whom they hold and in whom they mail."""
SILENT = (FoldsItsLog, EmptiesAndRefills)
"""Correct in whom they hold; they mail nobody."""


# Faulty ones


class Merges(Miniature):
    """A full sync only adds."""

    def replace(self, page: Page) -> None:
        self.add(page.cohort, page.users)


class LastPageWins(Miniature):
    """Each page of a full sync is taken as the whole cohort."""

    def replace(self, page: Page) -> None:
        self.become(page.cohort, list(page.users))


class StagesByCohort(Miniature):
    """Pages are staged by cohort, so that those of an aborted sync are taken for the next one's."""

    def replace(self, page: Page) -> None:
        users = self.complete(page, page.cohort)
        if users is not None:
            self._pages.clear()
            self.become(page.cohort, users)


class IgnoresRemovals(StagesFullSyncs):
    def remove(self, cohort: str, users: Iterable[str]) -> None:
        return


class RemovalAdds(StagesFullSyncs):
    def take(self, page: Page) -> None:
        if page.action == "remove_members":
            self.add(page.cohort, page.users)
        else:
            super().take(page)


class LosesSecondPages(StagesFullSyncs):
    """Acknowledges the second page of a diff and drops it."""

    def take(self, page: Page) -> None:
        if page.action == "members" or page.number == 1:
            super().take(page)


class OneCohortForAll(StagesFullSyncs):
    """Leaving one cohort is leaving all."""

    def remove(self, cohort: str, users: Iterable[str]) -> None:
        for each in self.cohorts.values():
            each.difference_update(users)


class MailsOnEachMention(StagesFullSyncs):
    def add(self, cohort: str, users: Iterable[str]) -> None:
        self.arrivals.update((cohort, user) for user in users)
        self.cohorts[cohort].update(users)


class MailsAgainOnFullSyncs(StagesFullSyncs):
    def become(self, cohort: str, users: list[str]) -> None:
        self.cohorts[cohort].clear()
        self.add(cohort, users)


class NeverMailsTwice(StagesFullSyncs):
    """Correct under `once_per_user` only."""

    def add(self, cohort: str, users: Iterable[str]) -> None:
        self.arrivals.update((cohort, user) for user in users if (cohort, user) not in self.arrivals)
        self.cohorts[cohort].update(users)


class MailsNobodyOnFullSyncs(StagesFullSyncs):
    """Correct for whom `arrives_on` is `add_members`."""

    def become(self, cohort: str, users: list[str]) -> None:
        self.cohorts[cohort] = set(users)


class MailsNobody(StagesFullSyncs):
    def add(self, cohort: str, users: Iterable[str]) -> None:
        self.cohorts[cohort].update(users)
