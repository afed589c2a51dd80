"""What the sender says: one HTTP request, as a value with its bytes.

The bytes are made once, when the delivery is composed; every attempt, duplicate and replay sends those same bytes.
Nothing but the ids of the members is kept beside them, so that a million members cost little more than their JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from cohortprop.wire.constants import INTEGRATION_ID, Action

__all__ = ["DISTINCT_ID", "Delivery", "Member", "compose", "describe", "encode"]

DISTINCT_ID: Final = "mixpanel_distinct_id"

_encode_json = json.JSONEncoder(separators=(",", ":")).encode


class Member(NamedTuple):
    """A user as a delivery describes them; see `describe`.

    Args:
        id: the Mixpanel distinct id.
        text: the JSON object that goes over the wire, the id included.
    """

    id: str
    text: str


class Delivery(NamedTuple):
    """One request of a sync: one page of one action. ("Webhook Format")

    Args:
        action: `members`, `add_members` or `remove_members`.
        cohort_id: which cohort; never changes.
        cohort_name: its name at this moment.
        session_id: the export that this page belongs to.
        page: number of this page, from 1. ("FAQ": "The page_count starts from 1.")
        total_pages: pages in all, as numbered under the dialect.
        ids: distinct ids of the members, in the order of the page.
        body: the JSON that goes over the wire, UTF-8.
    """

    action: Action
    cohort_id: str
    cohort_name: str
    session_id: str
    page: int
    total_pages: int
    ids: tuple[str, ...]
    body: bytes

    @property
    def size(self) -> int:
        """How many members the page has."""
        return len(self.ids)

    @property
    def payload(self) -> dict[str, Any]:
        """The request as JSON data, read back from the bytes."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def members(self) -> list[dict[str, Any]]:
        """The members as they stand in the body."""
        found: list[dict[str, Any]] = self.payload["parameters"].get("members", [])
        return found

    def identities(self, id_property: str) -> tuple[str, ...]:
        """Values of `id_property` for those members who have it; the distinct ids cost nothing."""
        if id_property == DISTINCT_ID:
            return self.ids
        return tuple(str(member[id_property]) for member in self.members if member.get(id_property) is not None)

    def __repr__(self) -> str:
        return f"<Delivery {self}>"

    def __str__(self) -> str:
        who = ", ".join(self.ids[:6]) + (f", … {self.size} in all" if self.size > 6 else "")
        pages = f" page {self.page} of {self.total_pages}" if self.total_pages > 1 else ""
        return f"{self.action}({who}){pages}"


def encode(payload: object) -> bytes:
    """JSON data as the bytes of a request body.

    Example:
        >>> encode({"action": "members"})
        b'{"action":"members"}'
    """
    return _encode_json(payload).encode()


def describe(user: str, properties: Mapping[str, object] = MappingProxyType({})) -> Member:
    """A user with their properties, encoded once, however many pages they will be in.

    Args:
        user: the Mixpanel distinct id.
        properties: every other property, by its name on the wire; absent rather than null when not populated.

    Example:
        >>> describe("ann", {"email": "ann@example.com"}).text
        '{"mixpanel_distinct_id":"ann","email":"ann@example.com"}'
    """
    described = {DISTINCT_ID: user, **properties}
    described[DISTINCT_ID] = user  # a property may carry the same name; the body and the id must still agree
    return Member(user, _encode_json(described))


def compose(
    action: Action,
    members: Sequence[Member],
    *,
    project_id: str,
    cohort_id: str,
    cohort_name: str,
    cohort_description: str | None,
    session_id: str,
    page: int,
    total_pages: int,
    numbered: bool = True,
    extra: bool = False,
) -> Delivery:
    """Build a delivery and its bytes. ("Webhook Format")

    Args:
        action: what the members of this page are to the cohort.
        members: the page, at most `BATCH_SIZE` of them.
        project_id: digits (seen).
        cohort_id: digits (seen).
        cohort_name: as edited by now.
        cohort_description: as edited by now; None leaves the field out (seen).
        session_id: a UUIDv4 (seen).
        page: number of the page, from 1.
        total_pages: pages in all.
        numbered: whether `page_info` is there; it is missing in some single-page captures (seen).
        extra: whether fields that the document does not name are sent too (seen).

    Example:
        >>> page = compose("members", [describe("ann", {"email": "ann@example.com"})], project_id="1", cohort_id="7",
        ...                cohort_name="VIPs", cohort_description=None, session_id="s", page=1, total_pages=1)
        >>> page.ids
        ('ann',)
        >>> page.payload["parameters"]["members"]
        [{'mixpanel_distinct_id': 'ann', 'email': 'ann@example.com'}]
    """
    # Put together as text: the members are JSON already, and only their brackets are missing.
    parts = [
        f'{{"action":{_encode_json(action)},"parameters":{{"mixpanel_project_id":{_encode_json(project_id)}',
        f'"mixpanel_cohort_name":{_encode_json(cohort_name)}',
        f'"mixpanel_cohort_id":{_encode_json(cohort_id)}',
    ]
    if cohort_description is not None:
        parts.append(f'"mixpanel_cohort_description":{_encode_json(cohort_description)}')
    parts.append(f'"mixpanel_session_id":{_encode_json(session_id)}')
    if numbered:
        parts.append(f'"page_info":{{"total_pages":{total_pages},"page_count":{page}}}')
    if extra:
        parts.append(f'"mixpanel_integration_id":{_encode_json(INTEGRATION_ID)}')
    parts.append(f'"members":[{",".join([member.text for member in members])}]}}}}')
    ids = tuple([member.id for member in members])
    return Delivery(action, cohort_id, cohort_name, session_id, page, total_pages, ids, ",".join(parts).encode())
