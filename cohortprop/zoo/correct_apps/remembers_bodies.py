"""Skip every body that was seen before, whatever is in it; mail those whom a diff names, and stay silent on a copy."""

from __future__ import annotations

from hashlib import sha1

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.staging import Staging


class _Remembering:
    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._held: dict[str, set[str]] = {}
        self._staging = Staging()
        self._mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        digest = sha1(page.body, usedforsecurity=False).digest()
        if digest in self._digests:
            return
        held = self._held.setdefault(page.cohort, set())
        if page.action == "members":
            copy = self._staging.add(page)
            if copy is not None:
                self._held[page.cohort] = set(copy)
        elif page.action == "add_members":
            self._mails.extend((page.cohort, user) for user in page.ids if user not in held)
            held.update(page.ids)
        else:
            held.difference_update(page.ids)
        self._digests.add(digest)

    def members(self, cohort: str) -> set[str]:
        return set(self._held.get(cohort, ()))

    def mails(self) -> list[tuple[str, str]]:
        return list(self._mails)


@correct(design="in memory, digests of bodies", summary="takes each body once; deliberately silent on a full sync")
def remembers_bodies() -> Receiver:
    """A body holds its session's id, so the same bytes are the same delivery, and need no second look.

    Campaigns are for newcomers: whoever comes with a full copy was there before and gets no mail, on purpose.
    """
    app = _Remembering()
    return Receiver(webhook(app.take), members=app.members, arrivals=app.mails, arrives_on="add_members")
