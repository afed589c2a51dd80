"""A request that is no proper delivery is acted on."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import fail, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.tables import Tables

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@faulty(
    check="malformed",
    cause="malformed-applied",
    design="in memory, member by member",
    summary="lets members in one by one, and answers 400 at the first that is none",
)
def applies_as_it_reads() -> Receiver:
    """Each member is read and let in before the next one is looked at.

    One that is no member ends the page with a 400. Those before it are in, and were sent a mail.
    """
    roster = Roster()
    hook = webhook(roster.take)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            content = json.loads(body)
            parameters, cohort = content["parameters"], content["parameters"]["mixpanel_cohort_id"]
            if content["action"] == "add_members" and isinstance(parameters["members"], list):
                for member in parameters["members"]:
                    if not isinstance(member["mixpanel_distinct_id"], str):
                        raise TypeError("ids are text")
                    roster.add(cohort, [member["mixpanel_distinct_id"]])
        except _UNREADABLE as error:
            return fail(start_response, "unknown", 400, f"not a cohort delivery: {error!r}")
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return list(hook(environ, start_response))

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


@faulty(
    check="malformed",
    cause="malformed-applied",
    design="SQLite",
    summary="adds for any action that is not `remove_members` or `members`",
)
def adds_for_any_action_sqlite() -> Receiver:
    """Two actions have a branch of their own, and the `else` adds. It is never asked whether that was said.

    An action that comes with the next version of the format would let its users in.
    """
    tables = Tables()
    hook = webhook(tables.take)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with contextlib.suppress(*_UNREADABLE):  # the hook will tell
            body = _as_an_addition(body)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return list(hook(environ, start_response))

    return Receiver(app, members=tables.members, arrivals=tables.mails, arrival_policy="once_per_user")


def _as_an_addition(body: bytes) -> bytes:
    """The body, with `add_members` for any action without a branch of its own."""
    content: dict[str, Any] = json.loads(body)
    if content.get("action") in ("members", "remove_members", "add_members"):
        return body
    return json.dumps({**content, "action": "add_members"}).encode()
