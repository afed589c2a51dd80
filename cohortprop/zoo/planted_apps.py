"""Several bugs in one receiver, as in real life: each must come to light, whatever the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import planted
from cohortprop.zoo.envelope import Page, Refusal, fail, guarded, read, succeed, webhook

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class _Hasty:
    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        self._mails: list[tuple[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        try:
            self._take(page)
        except Refusal as refusal:
            return fail(start_response, page.action, refusal.code, str(refusal))
        # Bug 1: only the two actions that let users in are echoed.
        return succeed(start_response, "members" if page.action == "members" else "add_members")

    def _take(self, page: Page) -> None:
        # Bug 2: a name that was edited counts as a mix-up.
        if self._names.setdefault(page.cohort, page.name) != page.name:
            raise Refusal(409, f"cohort {page.cohort} has another name")
        held = self._held.setdefault(page.cohort, set())
        if page.action == "remove_members":
            held.difference_update(page.ids)
            return
        # Bug 3: whoever comes with a full sync gets no mail.
        if page.action == "add_members":
            self._mails.extend((page.cohort, user) for user in page.ids if user not in held)
        # Bug 4: a full sync lets users in and nobody out.
        held.update(page.ids)

    def members(self, cohort: str) -> set[str]:
        return set(self._held.get(cohort, ()))

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@planted(
    ("membership", "ghost-after-full-sync"),
    ("arrivals", "lost-arrival"),
    ("rename", "refused-rename"),
    ("envelope", "action-not-echoed"),
    design="in memory",
    summary="merges full syncs, is silent on them, refuses renamed cohorts, echoes the wrong action",
)
def four_bugs() -> Receiver:
    """Written in an afternoon. One campaign must report four findings, and none may hide another."""
    app = _Hasty()
    return Receiver(guarded(app), members=app.members, arrivals=app.mails)


@planted(
    ("isolation", "cross-cohort-damage"),
    ("membership", "ghost-after-full-sync"),
    design="in memory",
    summary="takes who leaves one cohort out of all, and merges full syncs",
)
def two_bugs() -> Receiver:
    """One bug loses members and the other keeps too many, so that they seem to mend each other now and then."""
    held: dict[str, set[str]] = {}

    def take(page: Page) -> None:
        members = held.setdefault(page.cohort, set())
        if page.action == "remove_members":
            # Bug 1: not from this cohort alone.
            for each in held.values():
                each.difference_update(page.ids)
        else:
            # Bug 2: a full sync lets users in and nobody out.
            members.update(page.ids)

    return Receiver(webhook(take), members=lambda cohort: held.get(cohort, ()))


class _Grown:
    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}
        self._staged: dict[tuple[str, str], dict[int, list[str]]] = {}
        self._mails: list[tuple[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        page = read(environ)
        # Bug 1: ids are "cleaned".
        users = [user.strip().lower() for user in page.ids]
        if b"mixpanel_integration_id" in page.body:
            # Bug 3: what was not there in the beginning cannot be right.
            return fail(start_response, page.action, 422, "unknown field mixpanel_integration_id")
        if page.action == "remove_members":
            # Bug 2: whoever leaves one cohort leaves all.
            for held in self._held.values():
                held.difference_update(users)
        elif page.action == "add_members":
            self._let_in(page.cohort, users)
        else:
            self._refill(page, users)
        return succeed(start_response, page.action)

    def _let_in(self, cohort: str, users: list[str]) -> None:
        held = self._held.setdefault(cohort, set())
        self._mails.extend((cohort, user) for user in dict.fromkeys(users) if user not in held)
        held.update(users)

    def _refill(self, page: Page, users: list[str]) -> None:
        pages = self._staged.setdefault((page.cohort, page.session), {})
        pages[page.number] = users
        if page.number == page.total:
            copy = list(dict.fromkeys(user for named in pages.values() for user in named))
            # Bug 4: everybody in a full copy is welcomed, for the hundredth time.
            self._mails.extend((page.cohort, user) for user in copy)
            self._held[page.cohort] = set(copy)

    def restart(self) -> None:
        # Bug 5: the pages that were staged are not among what is saved.
        self._staged.clear()

    def members(self, cohort: str) -> set[str]:
        return set(self._held.get(cohort, ()))

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@planted(
    ("sparse", "folded-ids"),
    ("isolation", "cross-cohort-damage"),
    ("sparse", "refused-extra-fields"),
    ("arrivals", "duplicate-on-full-sync"),
    ("durability", "staged-pages-lost"),
    design="in memory, staged",
    summary="folds ids, mixes cohorts up, refuses new fields, mails on full syncs, forgets staged pages",
)
def five_bugs() -> Receiver:
    """Grown over years, by several hands."""
    app = _Grown()
    return Receiver(guarded(app), members=app.members, arrivals=app.mails, restart=app.restart)
