"""Stage the pages of a full sync and swap the whole copy in when the last one has come; apply diffs at once."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.staging import Staging


class _Swapping:
    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}
        self._staging = Staging()
        self._mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        held = self._held.setdefault(page.cohort, set())
        if page.action == "members":
            copy = self._staging.add(page)
            if copy is None:
                return
            held.intersection_update(copy)
            self._enter(page.cohort, held, copy)
        elif page.action == "add_members":
            self._enter(page.cohort, held, page.ids)
        else:
            held.difference_update(page.ids)

    def _enter(self, cohort: str, held: set[str], users: list[str]) -> None:
        self._mails.extend((cohort, user) for user in users if user not in held)
        held.update(users)

    def members(self, cohort: str) -> set[str]:
        return set(self._held.get(cohort, ()))

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@correct(design="in memory, staged", summary="swaps a full copy in once all pages of the session have come")
def stages_full_syncs() -> Receiver:
    """Nobody ever sees half a cohort: a full sync shows only once it is complete.

    Diffs are not staged. Nothing in a page says when both halves of a diff are through: the halves may be numbered
    apart or in one run.
    """
    app = _Swapping()
    return Receiver(webhook(app.take), members=app.members, arrivals=app.mails)
