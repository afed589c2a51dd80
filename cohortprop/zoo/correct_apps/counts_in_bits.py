"""Cohorts as bitmaps: every user has a number, and a cohort is one large integer."""

from __future__ import annotations

from collections.abc import Iterator

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook


class _Bitmaps:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._users: list[str] = []
        self._held: dict[str, int] = {}
        self._ever: dict[str, int] = {}
        self._copies: dict[str, tuple[str, int, int]] = {}  # session, pages and members of a full sync under way

    def take(self, page: Page) -> None:
        named = self._bits(page.ids)
        held = self._held.get(page.cohort, 0)
        if page.action == "remove_members":
            self._held[page.cohort] = held & ~named
            return
        held |= named
        if page.action == "members":
            session, pages, copy = self._copies.get(page.cohort, ("", 0, 0))
            if session != page.session:
                pages, copy = 0, 0
            pages, copy = pages | 1 << page.number, copy | named
            self._copies[page.cohort] = page.session, pages, copy
            if pages.bit_count() >= page.total:
                held = copy
                del self._copies[page.cohort]
        self._held[page.cohort] = held
        self._ever[page.cohort] = self._ever.get(page.cohort, 0) | named

    def _bits(self, users: list[str]) -> int:
        bits = 0
        for user in users:
            if user not in self._numbers:
                self._numbers[user] = len(self._users)
                self._users.append(user)
            bits |= 1 << self._numbers[user]
        return bits

    def _named_by(self, bits: int) -> Iterator[str]:
        while bits:
            lowest = bits & -bits
            yield self._users[lowest.bit_length() - 1]
            bits ^= lowest

    def members(self, cohort: str) -> list[str]:
        return list(self._named_by(self._held.get(cohort, 0)))

    def mails(self) -> list[tuple[str, str]]:
        return [(cohort, user) for cohort, bits in self._ever.items() for user in self._named_by(bits)]


@correct(design="in memory, bitmaps", summary="numbers its users, and keeps each cohort as one large integer")
def counts_in_bits() -> Receiver:
    """Cohorts are compared and intersected all day, and bits make that cheap; entering and leaving is `|` and `&`.

    Who was ever in is one more integer, and says who had the mail.
    """
    app = _Bitmaps()
    return Receiver(webhook(app.take), members=app.members, arrivals=app.mails, arrival_policy="once_per_user")
