"""Credentials that are not what they should be are not foreseen."""

from __future__ import annotations

import base64
import hmac

from cohortprop.receiver import Receiver
from cohortprop.zoo.door import behind_door
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.tables import Tables

_USER, _PASSWORD = "mixpanel", "s3cret"
_RIGHT = "9f86d081884c7d65"


@faulty(
    check="authentication",
    cause="crashes-on-credentials",
    design="in memory",
    summary="decodes the header as if it were always a proper one: anything else is a 500",
)
def decodes_in_good_faith() -> Receiver:
    """One line takes the header apart, and each step of it can fail.

    No blank, no base64, no UTF-8, no colon: all of them leave the app as exceptions.
    """
    roster = Roster()

    def admits(header: str) -> bool:
        if not header:
            return False
        user, password = base64.b64decode(header.split(" ")[1], validate=True).decode().split(":", 1)
        return user == _USER and password == _PASSWORD

    return Receiver(
        behind_door(webhook(roster.take), admits),
        auth=(_USER, _PASSWORD),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )


@faulty(
    check="authentication",
    cause="crashes-on-credentials",
    design="SQLite, secret header",
    summary="compares text in constant time, which takes ASCII only",
)
def compares_text_sqlite() -> Receiver:
    """`hmac.compare_digest` is what the guides say. Given text, it raises a TypeError where that is not ASCII."""
    tables = Tables()
    return Receiver(
        behind_door(
            webhook(tables.take),
            lambda header: hmac.compare_digest(header, _RIGHT),
            header="HTTP_X_WEBHOOK_TOKEN",
        ),
        headers={"X-Webhook-Token": _RIGHT},
        members=tables.members,
        arrivals=tables.mails,
        arrival_policy="once_per_user",
    )
