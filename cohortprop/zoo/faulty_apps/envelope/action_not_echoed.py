"""The answer names another action than the delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import guarded, read, succeed
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@faulty(
    check="envelope",
    cause="action-not-echoed",
    design="in memory",
    summary="answers every delivery with the action `add_members`",
)
def echoes_wrong_action() -> Receiver:
    """The expected answer was copied from the document, and there it says `add_members`.

    It is an example. The action must match the one that was sent.
    """
    roster = Roster()

    @guarded
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        roster.take(read(environ))
        return succeed(start_response, "add_members")

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")
