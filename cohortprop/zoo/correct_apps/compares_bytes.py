"""Basic authentication as it should be: bytes, to the first colon, the whole of them, and before all else."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.door import behind_door, knows
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import webhook
from cohortprop.zoo.roster import Roster

_AUTH = ("mixpanel", "Zwölf:Türme")


@correct(design="in memory, Basic auth in UTF-8", summary="compares user name and password as bytes, before all else")
def compares_bytes() -> Receiver:
    """The password has a colon and letters beyond ASCII. What is no such header is a wrong password, not an error."""
    roster = Roster()
    return Receiver(
        behind_door(webhook(roster.take), knows(*_AUTH)),
        auth=_AUTH,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )
