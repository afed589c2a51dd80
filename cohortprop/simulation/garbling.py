"""Requests that are no proper deliveries: a delivery, spoilt in one way at a time.

Of some nothing can be understood, some make no sense, some are a proper page but for one member, and some only carry
something odd along. The last two may rightly be applied; who may be let in by them is part of the value.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cohortprop.sender import default_profile
from cohortprop.simulation.steps import GARBLINGS
from cohortprop.wire import BATCH_SIZE, DISTINCT_ID, Delivery, encode

__all__ = ["UNREADABLE", "Garbling", "spoil"]

UNREADABLE: Final = frozenset(
    {"broken JSON", "empty body", "cut short", "not an object", "members not a list"},
)
"""What nobody can understand: whoever says to have taken it would say so of a page that was cut in transit, too."""

_DEEP: Final = 100_000
"""Levels of nesting: more than any parser in use takes without a limit of its own."""
_DIGITS: Final = 400
"""Of a number beyond any column and any float, but not beyond Python's own limit for text."""
_TOO_MANY: Final = BATCH_SIZE + 500


@dataclass(frozen=True, slots=True)
class Garbling:
    """A spoilt request.

    Args:
        body: the bytes to send.
        content_type: None leaves the header out; empty is the usual one.
        length: what Content-Length says; -1 is the truth.
        named: identities of those whom it may rightly let in.
        perhaps: identities that may be let in or not.
    """

    body: bytes
    content_type: str | None = ""
    length: int = -1
    named: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()


def spoil(delivery: Delivery, how: str, id_property: str = DISTINCT_ID) -> Garbling:
    """The delivery with one thing wrong with it.

    Args:
        delivery: names two users.
        how: one of `GARBLINGS`.
        id_property: the property on which the receiver keys its users.

    Example:
        >>> from cohortprop.wire import compose, describe
        >>> page = compose("add_members", [describe("ann"), describe("bob")], project_id="1", cohort_id="7",
        ...                cohort_name="VIPs", cohort_description=None, session_id="s", page=1, total_pages=1)
        >>> spoil(page, "empty body")
        Garbling(body=b'', content_type='', length=-1, named=(), perhaps=())
        >>> spoil(page, "wrong content type").named
        ('ann', 'bob')
    """
    return _WAYS[how](delivery, id_property)


Way = Callable[[Delivery, str], Garbling]
Change = Callable[[dict[str, Any], dict[str, Any], list[Any]], object]
"""What is done to a payload, its parameters and its members."""


def _of_bytes(change: Callable[[bytes], bytes]) -> Way:
    """What cannot be read."""
    return lambda delivery, _: Garbling(change(delivery.body))


def _cut_short(delivery: Delivery, id_property: str) -> Garbling:
    return Garbling(delivery.body[: len(delivery.body) // 2], length=len(delivery.body))


def _senseless(change: Change) -> Way:
    """JSON that is no delivery: it says too little for anything to be done."""

    def spoilt(delivery: Delivery, id_property: str) -> Garbling:
        return Garbling(_changed(delivery, change))

    return spoilt


def _one_bad(spoil_member: Callable[[dict[str, Any], str], Any]) -> Way:
    """A page of which the second member is no member; the first may be let in all the same."""

    def spoilt(delivery: Delivery, id_property: str) -> Garbling:
        first, second = delivery.identities(id_property)
        members = copy.deepcopy(delivery.members)
        members[1] = bad = spoil_member(members[1], id_property)
        said = bad.get(id_property, bad.get(DISTINCT_ID)) if isinstance(bad, dict) else bad
        body = _changed(delivery, lambda _, parameters, __: parameters.update(members=members))
        return Garbling(body, named=(first,), perhaps=(second, *([str(said)] if said is not None else [])))

    return spoilt


def _without_id(member: dict[str, Any], id_property: str) -> dict[str, Any]:
    return {name: value for name, value in member.items() if name not in (DISTINCT_ID, id_property)}


def _number_for_id(member: dict[str, Any], id_property: str) -> dict[str, Any]:
    number = int.from_bytes(member[DISTINCT_ID].encode()[-6:])  # of its own for each user
    return {**member, DISTINCT_ID: number, id_property: number}


def _odd(change: Change) -> Way:
    """A page that can be applied, though something in it or about it is odd."""
    return lambda delivery, id_property: Garbling(_changed(delivery, change), named=delivery.identities(id_property))


def _typed(content_type: str | None) -> Way:
    return lambda delivery, id_property: Garbling(
        delivery.body, content_type=content_type, named=delivery.identities(id_property)
    )


def _deep(delivery: Delivery, id_property: str) -> Garbling:
    """In an unknown field; written by hand, since no encoder goes so deep."""
    nested = b'"parameters":{"mixpanel_audit":' + b"[" * _DEEP + b"]" * _DEEP + b","
    body = delivery.body.replace(b'"parameters":{', nested, 1)
    return Garbling(body, named=delivery.identities(id_property))


def _not_utf8(delivery: Delivery, id_property: str) -> Garbling:
    """One byte of a first name is Latin-1; who reads past it reads the ids right."""
    body = _with_property(delivery, id_property, "Zo\x00").replace(b"\\u0000", b"\xeb")
    return Garbling(body, named=delivery.identities(id_property))


def _property(value: object) -> Way:
    return lambda delivery, id_property: Garbling(
        _with_property(delivery, id_property, value), named=delivery.identities(id_property)
    )


def _with_property(delivery: Delivery, id_property: str, value: object) -> bytes:
    """A value for the first member in a property that is not the key."""
    name = "first_name" if id_property != "first_name" else "last_name"
    return _changed(delivery, lambda _, __, members: members[0].update({name: value}))


def _too_many(delivery: Delivery, id_property: str) -> Garbling:
    """More members than a page may have."""
    first = delivery.members[0]
    stem = first[DISTINCT_ID]
    users = [f"{stem}{_letters(number)}" for number in range(_TOO_MANY)]
    members = [
        {
            **default_profile(user),
            DISTINCT_ID: user,
            **({} if id_property in default_profile(user) else {id_property: user}),
        }
        for user in users
    ]
    named = tuple(str(member[id_property]) for member in members)
    return Garbling(_changed(delivery, lambda _, parameters, __: parameters.update(members=members)), named=named)


def _letters(number: int) -> str:
    """A number in three letters."""
    return "".join(chr(ord("a") + number // 26**place % 26) for place in (2, 1, 0))


def _changed(delivery: Delivery, change: Change) -> bytes:
    payload = delivery.payload
    change(payload, payload["parameters"], payload["parameters"]["members"])
    return encode(payload)


_WAYS: Final[Mapping[str, Way]] = {
    "broken JSON": _of_bytes(lambda body: body.replace(b":", b"", 1)),
    "empty body": _of_bytes(lambda _: b""),
    "cut short": _cut_short,
    "not UTF-8": _not_utf8,
    "not an object": _of_bytes(lambda body: b"[" + body + b"]"),
    "no action": _senseless(lambda payload, _, __: payload.pop("action")),
    "unknown action": _senseless(lambda payload, _, __: payload.update(action="merge_members")),
    "action not text": _senseless(lambda payload, _, __: payload.update(action=["add_members"])),
    "no parameters": _senseless(lambda payload, _, __: payload.pop("parameters")),
    "no cohort id": _senseless(lambda _, parameters, __: parameters.pop("mixpanel_cohort_id")),
    "no members": _senseless(lambda _, parameters, __: parameters.pop("members")),
    "members not a list": _senseless(lambda _, parameters, members: parameters.update(members=members[0][DISTINCT_ID])),
    "member not an object": _one_bad(lambda member, _: member[DISTINCT_ID]),
    "member without an id": _one_bad(_without_id),
    "id not text": _one_bad(_number_for_id),
    "page number not a number": _odd(
        lambda _, parameters, __: parameters.update(page_info={"total_pages": "one", "page_count": "first"})
    ),
    "wrong content type": _typed("text/plain"),
    "no content type": _typed(None),
    "deep nesting": _deep,
    "huge number": _property(int("9" * _DIGITS)),
    "NUL in a property": _property("Zo\x00"),
    "lone surrogate in a property": _property("Zo\ud800"),
    "too many members": _too_many,
}
assert tuple(_WAYS) == GARBLINGS, "each way has its place among the steps"
