"""The right credentials are read wrongly."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.door import behind_door, shown
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.tables import Tables

_USER = "mixpanel"
_WITH_COLON = "s3cret:2026"
_WITH_UMLAUT = "Zwölf Türme"


@faulty(
    check="authentication",
    cause="right-credentials-refused",
    design="in memory",
    summary="splits at every colon: a password with a colon in it never fits",
)
def splits_at_every_colon() -> Receiver:
    """`user, password = text.split(":")` was safe while the password was a word.

    A generator has made the new one, with a colon in it, and there are three parts now.
    """
    roster = Roster()

    def admits(header: str) -> bool:
        parts = shown(header).split(b":")
        return len(parts) == 2 and parts == [_USER.encode(), _WITH_COLON.encode()]

    return Receiver(
        behind_door(webhook(roster.take), admits),
        auth=(_USER, _WITH_COLON),
        members=roster.members,
        arrivals=roster.arrivals,
        arrival_policy="once_per_user",
    )


@faulty(
    check="authentication",
    cause="right-credentials-refused",
    design="SQLite, table of users",
    summary="reads the header as Latin-1: a password with an umlaut never fits",
)
def reads_passwords_as_latin_1_sqlite() -> Receiver:
    """The old standard had Latin-1 for headers, so that is how the password is read, and looked up.

    Mixpanel, like every browser of today, sends UTF-8.
    """
    tables = Tables("CREATE TABLE login (user TEXT PRIMARY KEY, password TEXT) WITHOUT ROWID;")
    with tables.database:
        tables.database.execute("INSERT INTO login VALUES (?, ?)", (_USER, _WITH_UMLAUT))

    def admits(header: str) -> bool:
        user, _, password = shown(header).decode("latin-1").partition(":")
        found = tables.database.execute("SELECT 1 FROM login WHERE user = ? AND password = ?", (user, password))
        return found.fetchone() is not None

    return Receiver(
        behind_door(webhook(tables.take), admits),
        auth=(_USER, _WITH_UMLAUT),
        members=tables.members,
        arrivals=tables.mails,
        arrival_policy="once_per_user",
    )
