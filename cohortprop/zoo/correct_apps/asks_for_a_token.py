"""A secret token in a header of the app's own, and everything else in tables."""

from __future__ import annotations

import hmac

from cohortprop.receiver import Receiver
from cohortprop.zoo.door import behind_door
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import webhook
from cohortprop.zoo.tables import Tables

_RIGHT = "9f86d081884c7d65"


@correct(design="SQLite, secret header", summary="asks for a token in a header, and answers 403 without it")
def asks_for_a_token() -> Receiver:
    """The token is compared as bytes, since a header may hold any of them, and 403 stands for a wrong one."""
    tables = Tables()
    return Receiver(
        behind_door(
            webhook(tables.take),
            lambda header: hmac.compare_digest(header.encode(), _RIGHT.encode()),
            header="HTTP_X_WEBHOOK_TOKEN",
            code=403,
        ),
        headers={"X-Webhook-Token": _RIGHT},
        members=tables.members,
        arrivals=tables.mails,
        arrival_policy="once_per_user",
    )
