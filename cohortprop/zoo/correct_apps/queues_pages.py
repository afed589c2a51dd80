"""Acknowledge a page once it is safely in the inbox; a worker takes the inbox in order."""

from __future__ import annotations

import base64
import hmac
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, fail, webhook
from cohortprop.zoo.roster import Roster

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_USER, _PASSWORD = "mixpanel", "s3cret:with:colons"


@dataclass(slots=True)
class _Disk:
    """What outlives the process."""

    inbox: deque[Page] = field(default_factory=deque)
    roster: Roster = field(default_factory=Roster)


class _Worker:
    def __init__(self, disk: _Disk) -> None:
        self._disk = disk

    def drain(self) -> None:
        """Work through the inbox; a page leaves it only when it is done, and doing it twice does no harm."""
        inbox = self._disk.inbox
        while inbox:
            self._disk.roster.take(inbox[0])
            inbox.popleft()


def _guarded(app: WSGIApplication) -> WSGIApplication:
    """Let in only who knows the password."""
    expected = "Basic " + base64.b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()

    def guard(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            return fail(start_response, "unknown", 401, "wrong user name or password")
        return list(app(environ, start_response))

    return guard


def _process(disk: _Disk) -> WSGIApplication:
    return _guarded(webhook(disk.inbox.append))


@correct(design="queue and worker, Basic auth", summary="acknowledges when a page is safe; the worker does it in order")
def queues_pages() -> Receiver:
    """Answer fast, work later. The inbox is durable and strictly first in, first out, or a leaver might come back."""
    disk = _Disk()
    return Receiver(
        _process(disk),
        path="/mixpanel/cohorts",
        auth=(_USER, _PASSWORD),
        members=disk.roster.members,
        arrivals=disk.roster.arrivals,
        arrival_policy="once_per_user",
        drain=lambda: _Worker(disk).drain(),
        restart=lambda: _process(disk),
    )
