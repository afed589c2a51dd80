"""Key users on an exported property, the id that our own systems know, and pass over those who lack it."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

_PROPERTY = "User ID"


@correct(design="in memory, keyed on a property", summary="keys users on the exported property 'User ID'")
def keys_on_user_id() -> Receiver:
    """Distinct ids mean nothing to our systems; the connection exports `User ID`, and that is what we store.

    A member without it is an anonymous visitor: nothing to do for them, and no reason to refuse the page.
    """
    roster = Roster()

    def take(page: Page) -> None:
        roster.take(page._replace(ids=[member[_PROPERTY] for member in page.members if _PROPERTY in member]))

    return Receiver(
        webhook(take),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
        id_property=_PROPERTY,
    )
