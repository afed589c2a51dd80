"""Ids are tidied up on the way in, and two users become one, or somebody else."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster


@faulty(
    check="sparse",
    cause="folded-ids",
    design="in memory",
    summary="strips and lower-cases ids",
)
def folds_ids() -> Receiver:
    """User names in our system are lower case without blanks, and ids are tidied up in the same function.

    A distinct id is an opaque string: `Ann` and `ann` are two people, and here only one of them exists.
    """
    roster = Roster()

    def take(page: Page) -> None:
        roster.take(page._replace(ids=[user.strip().lower() for user in page.ids]))

    return Receiver(webhook(take), members=roster.members)


@faulty(
    check="sparse",
    cause="folded-ids",
    design="in memory",
    summary="casts ids of digits to int: leading zeros are gone",
)
def casts_ids() -> Receiver:
    """Registered users have numeric ids, and the column is an integer; visitors keep their string.

    `007` is stored as 7, which is another user.
    """
    roster = Roster()

    def take(page: Page) -> None:
        roster.take(page._replace(ids=[str(int(user)) if user.isdecimal() else user for user in page.ids]))

    def members(cohort: str) -> list[int | str]:
        return [int(user) if user.isdecimal() else user for user in roster.members(cohort)]

    return Receiver(webhook(take), members=members)
