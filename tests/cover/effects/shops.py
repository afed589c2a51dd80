"""A shop that welcomes whoever enters a cohort, right and wrong, whatever it sends the welcome with."""

from __future__ import annotations

import json
import smtplib
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from email.message import EmailMessage
from typing import Any, TypeAlias

from cohortprop.campaign import Campaign, CampaignPlan
from cohortprop.checks import select
from cohortprop.profiles import PROFILES
from cohortprop.receiver import Receiver
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.trial import open_kit, run
from cohortprop.zoo.envelope import Page, Refusal, webhook
from cohortprop.zoo.roster import Roster

Send: TypeAlias = Callable[[str, dict[str, Any]], object]
"""Sends a welcome to a member, for a cohort; fails by an OSError."""

UNSENT = (OSError, smtplib.SMTPException)
ADDRESSED = ("optional_fields=populated",)
"""Excluded by whoever can only mail: members without an address would wait for ever."""


class Shop:
    """Members in memory; a welcome for each who never had one."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.roster = Roster()
        self.welcomed: set[tuple[str, str]] = set()
        self.app = webhook(self.take)

    def take(self, page: Page) -> None:
        if page.action != "remove_members":
            self.welcome(page, page.members)
        self.roster.take(page)

    def welcome(self, page: Page, members: Iterable[dict[str, Any]]) -> None:
        for member in members:
            key = page.cohort, member["mixpanel_distinct_id"]
            if key not in self.welcomed:
                try:
                    self.send(page.cohort, member)
                except UNSENT as fault:
                    raise Refusal(503, repr(fault)) from fault
                self.welcomed.add(key)


class MailsOnRetry(Shop):
    """Whoever was not in the cohort when the session began is news, and a page that is retried is welcomed again."""

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.before: dict[str, tuple[str, set[str]]] = {}

    def welcome(self, page: Page, members: Iterable[dict[str, Any]]) -> None:
        session, before = self.before.get(page.cohort, ("", set()))
        if session != page.session:
            before = self.roster.members(page.cohort)
            self.before[page.cohort] = page.session, before
        for member in members:
            if member["mixpanel_distinct_id"] not in before:
                try:
                    self.send(page.cohort, member)
                except UNSENT as fault:
                    raise Refusal(503, repr(fault)) from fault


def by_mail(host: str, port: int) -> Send:
    """Through smtplib, as in any app; neither the cohort nor the user is named but by the address."""

    def send(_cohort: str, member: dict[str, Any]) -> None:
        message = EmailMessage()
        message["Subject"] = "Welcome"
        message["From"] = "shop@example.com"
        message["To"] = member["email"]
        message.set_content("Nice to have you.")
        with smtplib.SMTP(host, port, timeout=5) as connection:
            connection.send_message(message)

    return send


def by_call(url: str) -> Send:
    """Through somebody's API for mails."""

    def send(cohort: str, member: dict[str, Any]) -> None:
        content = {"to": member["mixpanel_distinct_id"], "tags": [cohort]}
        post(f"{url}/v1/mails", json.dumps(content).encode())

    return send


def by_track(url: str) -> Send:
    """An event is tracked for each message, without an insert id: whatever comes twice counts twice."""

    def send(cohort: str, member: dict[str, Any]) -> None:
        properties = {"distinct_id": member["mixpanel_distinct_id"], "cohort_id": cohort, "token": "t"}
        post(f"{url}/track?verbose=1", json.dumps([{"event": "Message sent", "properties": properties}]).encode())

    return send


def by_import(url: str) -> Send:
    """An event is imported for each message, under an id that is new each time."""

    def send(cohort: str, member: dict[str, Any]) -> None:
        properties = {
            "time": int(time.time()),
            "distinct_id": member["mixpanel_distinct_id"],
            "$insert_id": str(uuid.uuid4()),
            "cohort_id": cohort,
        }
        body = json.dumps([{"event": "Message sent", "properties": properties}]).encode()
        post(f"{url}/import?strict=1", body, {"Authorization": "Basic dG9rZW46"})

    return send


def post(url: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Status and body of the answer.

    Raises:
        OSError: the answer is an error.
    """
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, sent)  # noqa: S310 - a server of ours
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return answer.status, answer.read()


def status_of(url: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Status and JSON of the answer, an error or not."""
    try:
        status, text = post(url, body, headers)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())
    return status, json.loads(text)


SOME = (
    "a-lost-acknowledgement",
    "a-new-address",
    "two-cohorts-in-turns",
    "odd-ids",
    "a-failing-dependency",
    "twice-at-the-same-moment-1",
)
"""Canonical scenarios that a sink must stand: addresses change and are shared, and what is sent to may be down."""


def found_in(make: Callable[[], Receiver], scenarios: Iterable[str] = SOME, clock: str = "freezegun") -> set[str]:
    """Check and cause of what canonical scenarios find."""
    found = set()
    with open_kit(make, select(), clock=clock) as kit:
        for name in scenarios:
            violation = run(kit, CANONICAL[name]).violation
            if violation is not None:
                found.add(f"{violation.check}/{violation.cause}")
    return found


def found_by_search(make: Callable[[], Receiver], trials: int) -> set[str]:
    """Check and cause of what drawn trials find."""
    plan = CampaignPlan(PROFILES["realistic"], seed=1, trials=trials, seconds=60.0, canonical=False, shrink_seconds=1)
    with open_kit(make, select()) as kit:
        return {"/".join(finding.key) for finding in Campaign(kit, plan).run().findings}
