"""What nobody can understand is answered with success."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Malformed, read, succeed, webhook
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.tables import Tables

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@faulty(
    check="malformed",
    cause="malformed-acknowledged",
    design="in memory",
    summary="catches whatever fails, logs it and answers success",
)
def logs_what_it_cannot_read() -> Receiver:
    """A webhook should never make its sender wait or fail: errors are logged, and the answer is always the same.

    A page that was cut in transit is logged, too, and never comes again.
    """
    roster = Roster()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        action = "members"
        try:
            page = read(environ)
            action = page.action
            roster.take(page)
        except Malformed as malformed:
            logging.getLogger(__name__).warning("ignored: %s", malformed)
        return succeed(start_response, action)

    return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")


@faulty(
    check="malformed",
    cause="malformed-acknowledged",
    design="SQLite",
    summary="reads JSON silently: a body that is none counts as a ping, and is answered with success",
)
def takes_it_for_a_ping_sqlite() -> Receiver:
    """`get_json(silent=True)` gives None for a body that cannot be read, and None is taken for a ping.

    Half a page is None, too.
    """
    tables = Tables()
    hook = webhook(tables.take)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            json.loads(body)
        except ValueError:
            return succeed(start_response, "members")
        except RecursionError:
            pass  # told by the hook
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return list(hook(environ, start_response))

    return Receiver(app, members=tables.members, arrivals=tables.mails, arrival_policy="once_per_user")
