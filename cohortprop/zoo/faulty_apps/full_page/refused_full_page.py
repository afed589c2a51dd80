"""A full page of a thousand members is turned away."""

from __future__ import annotations

import json

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster

_LIMIT = 100_000
_BUFFER = 65_536


@faulty(
    check="full_page",
    cause="refused-full-page",
    design="in memory, body limit",
    summary="413 for a body of more than 100 kB",
)
def refuses_full_page() -> Receiver:
    """The framework's limit of 100 kB a body was left as it is; test deliveries had three kilobytes.

    A page holds up to a thousand members, which makes 175 kB. The first large cohort does not get through.
    """
    roster = Roster()

    def take(page: Page) -> None:
        if len(page.body) > _LIMIT:
            raise Refusal(413, f"body exceeds {_LIMIT} bytes")
        roster.take(page)

    return roster.receiver(take)


@faulty(
    check="full_page",
    cause="refused-full-page",
    design="in memory, buffer of 64 kB",
    summary="reads the first 64 kB of a body, and finds no JSON in them",
)
def reads_into_a_buffer() -> Receiver:
    """The body is read into a buffer of 64 kB, which was plenty for all deliveries so far.

    A page of a thousand members is cut in the middle of a name, and what is left is no JSON: 400, and a pause.
    """
    roster = Roster()

    def take(page: Page) -> None:
        try:
            json.loads(page.body[:_BUFFER])
        except ValueError as error:
            raise Refusal(400, f"not JSON: {error}") from error
        roster.take(page)

    return roster.receiver(take)
