"""Several bugs in one receiver, as in real life: each must come to light, whatever the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import planted
from cohortprop.zoo.envelope import Page, Refusal, fail, guarded, read, succeed

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
