"""Credentials are compared, but not the whole of them."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.door import behind_door, shown
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.tables import Tables

_USER, _PASSWORD = "mixpanel", "s3cret"
_RIGHT = "9f86d081884c7d65"


@faulty(
    check="authentication",
    cause="wrong-credentials-accepted",
    design="in memory",
    summary="looks the user name up and forgets the password",
)
def asks_for_the_name_only() -> Receiver:
    """The user name says which customer it is, and an unknown one is refused. The password is never compared."""
    roster = Roster()
    return Receiver(
        behind_door(webhook(roster.take), lambda header: shown(header).partition(b":")[0] == _USER.encode()),
        auth=(_USER, _PASSWORD),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )


@faulty(
    check="authentication",
    cause="wrong-credentials-accepted",
    design="SQLite, table of tokens",
    summary="takes any token that begins with the right one",
)
def asks_for_a_beginning_sqlite() -> Receiver:
    """Tokens once had a suffix for the environment, so they are looked up with `startswith`, in SQL.

    Whatever comes after the right token is not looked at.
    """
    tables = Tables("CREATE TABLE token (secret TEXT PRIMARY KEY) WITHOUT ROWID;")
    with tables.database:
        tables.database.execute("INSERT INTO token VALUES (?)", (_RIGHT,))

    def admits(header: str) -> bool:
        found = tables.database.execute("SELECT 1 FROM token WHERE ? LIKE secret || '%'", (header,))
        return found.fetchone() is not None

    return Receiver(
        behind_door(webhook(tables.take), admits, header="HTTP_X_WEBHOOK_TOKEN"),
        headers={"X-Webhook-Token": _RIGHT},
        members=tables.members,
        arrivals=tables.mails,
        arrival_policy="once_per_user",
    )
