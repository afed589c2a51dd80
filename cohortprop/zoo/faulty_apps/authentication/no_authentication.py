"""The credentials that Mixpanel sends are not asked for."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.door import behind_door, knows
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.tables import Tables

_AUTH = ("mixpanel", "s3cret")


@faulty(
    check="authentication",
    cause="no-authentication",
    design="in memory",
    summary="was given a password, and never asks for it",
)
def asks_for_nothing() -> Receiver:
    """User name and password stand in Mixpanel's form and in a setting here. The line that compares them is missing.

    Every sync works, so nobody has noticed that everything else would work, too.
    """
    roster = Roster()
    return Receiver(
        webhook(roster.take),
        auth=_AUTH,
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )


@faulty(
    check="authentication",
    cause="no-authentication",
    design="SQLite, checks a header that is there",
    summary="compares the password if one is shown, and lets in who shows none",
)
def asks_if_shown_sqlite() -> Receiver:
    """The header was made optional for the tests, which send none: `if header and header != expected` refuses.

    Wrong credentials are refused, which is what was tried by hand. No credentials at all are fine.
    """
    tables = Tables()
    right = knows(*_AUTH)
    return Receiver(
        behind_door(webhook(tables.take), lambda header: not header or right(header)),
        auth=_AUTH,
        members=tables.members,
        arrivals=tables.mails,
        arrival_policy="once_per_user",
    )
