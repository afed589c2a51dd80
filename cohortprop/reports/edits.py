"""What an edit of a property changes, from which value to which, and the requests that are the first to carry it.

An event of a history tells only the new value. The old one is what was sent, or edited, last before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cohortprop.reports.phrases import shortened, shown_id
from cohortprop.simulation import Attempted, Edited, Event
from cohortprop.wire import DISTINCT_ID, Delivery

__all__ = ["edits_in_words", "news_carried", "property_in_words"]

_NAMES: Final = {
    "email": "e-mail",
    "first_name": "first name",
    "last_name": "last name",
    "phone_number": "phone number",
}


def property_in_words(name: str) -> str:
    """A property as a person calls it.

    Example:
        >>> property_in_words("email"), property_in_words("plan")
        ('e-mail', 'plan')
    """
    return _NAMES.get(name, name)


def edits_in_words(events: Sequence[Event]) -> dict[int, str]:
    r"""For each edit, by its place in the history, what has changed from which value to which.

    Example:
        >>> edits_in_words([Edited(0.0, "ann", "email", "a@b.c"), Edited(0.0, "ann", "email", None)])
        {0: 'ann\'s e-mail changes to "a@b.c"', 1: 'ann loses the e-mail "a@b.c"'}
    """
    return {place: _change(event, before) for place, event, before in _edits(events)}


def news_carried(events: Sequence[Event], id_property: str = DISTINCT_ID) -> dict[int, str]:
    """What requests tell of an edit, by the identity of the delivery: those that differ from what was sent before.

    Args:
        events: of a history, which holds on to the deliveries.
        id_property: the property by which users are named.
    """
    edited = {(event.user, event.property) for event in events if isinstance(event, Edited)}
    if not edited:
        return {}
    sent: dict[tuple[str, str], object] = {}
    told: dict[int, str] = {}
    read: set[int] = set()
    for event in events:
        if not isinstance(event, Attempted) or id(event.delivery) in read:
            continue
        read.add(id(event.delivery))
        news = []
        for member in _members(event.delivery, {user for user, _ in edited}):
            for key in sorted(edited):
                user, name = key
                if user != str(member[DISTINCT_ID]):
                    continue
                value = member.get(name)
                if key in sent and sent[key] != value:
                    news.append(_news(str(member.get(id_property, user)), name, value))
                sent[key] = value
        if news:
            told[id(event.delivery)] = "with " + " and ".join(news)
    return told


def _edits(events: Sequence[Event]) -> list[tuple[int, Edited, object]]:
    """Each edit with the value before it; None where that is not known, or was none."""
    edited = {(event.user, event.property) for event in events if isinstance(event, Edited)}
    if not edited:
        return []
    known: dict[tuple[str, str], object] = {}
    read: set[int] = set()
    found = []
    for place, event in enumerate(events):
        if isinstance(event, Edited):
            found.append((place, event, known.get((event.user, event.property))))
            known[event.user, event.property] = event.value
        elif isinstance(event, Attempted) and id(event.delivery) not in read:
            read.add(id(event.delivery))
            for member in _members(event.delivery, {user for user, _ in edited}):
                for user, name in edited:
                    if user == str(member[DISTINCT_ID]):
                        known[user, name] = member.get(name)
    return found


def _members(delivery: Delivery, users: set[str]) -> list[dict[str, object]]:
    """Those members of a delivery; its body is only read when it names one."""
    if users.isdisjoint(delivery.ids):
        return []
    return [member for member in delivery.members if str(member.get(DISTINCT_ID)) in users]


def _change(event: Edited, before: object) -> str:
    who, what = shown_id(event.user), property_in_words(event.property)
    old = None if before is None else f'"{shortened(str(before))}"'
    if event.value is None:
        return f"{who} loses the {what} {old}" if old else f"{who} loses the {what}"
    new = f'"{shortened(event.value)}"'
    return f"{who}'s {what} changes from {old} to {new}" if old else f"{who}'s {what} changes to {new}"


def _news(user: str, name: str, value: object) -> str:
    what = property_in_words(name)
    if value is None:
        return f"no {what} of {shown_id(user)} any more"
    return f'{shown_id(user)}\'s new {what} "{shortened(str(value))}"'
