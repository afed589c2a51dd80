"""Phrases: ids, lengths of time, moments, deliveries and answers, in few words. What sentences are made of.

Users keep their ids as they are, unless one could not be told from its neighbours on paper: then it is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from cohortprop.simulation import Attempted, Duplicated, Event, LateArrived
from cohortprop.wire import DISTINCT_ID, Delivery, NoReply, Outcome, read

__all__ = [
    "delivery_in_words",
    "listed",
    "moment",
    "outcome_in_words",
    "plural",
    "shortened",
    "shown_id",
    "span",
    "tells_cohorts_apart",
    "times",
    "tries",
]

_PLAIN_ID: Final = re.compile(r"[^\s,()\[\]\"'→\x00-\x1f\x7f-\x9f]+")
_LONGEST_ID: Final = 32
_NAMED_AT_MOST: Final = 6


def shown_id(user: str) -> str:
    """An id so that it can be told from others: quoted if odd, cut if long.

    Example:
        >>> shown_id("ann"), shown_id("ann "), shown_id("n" * 120)
        ('ann', "'ann '", 'nnnnnnnnnnnnnnnnnnnnnnnn… (120 characters)')
    """
    if len(user) > _LONGEST_ID:
        return f"{shown_id(user[:24]).strip(chr(39))}… ({len(user)} characters)"
    return user if _PLAIN_ID.fullmatch(user) and user.isprintable() else repr(user)


def listed(users: Iterable[str], most: int = _NAMED_AT_MOST) -> str:
    """Ids in a row, shortened.

    Example:
        >>> listed(["ann"]), listed(["ann", "bob", "cy"]), listed(map(str, range(1000)), most=2)
        ('ann', 'ann, bob and cy', '0, 1, … (1000 in all)')
    """
    names = list(users)
    if len(names) > most:
        return ", ".join(map(shown_id, names[:most])) + f", … ({len(names)} in all)"
    shown = [shown_id(user) for user in names]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}" if shown else "nobody"


def plural(count: int, noun: str, many: str = "") -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "sync"), plural(1200, "sync"), plural(2, "delivery", "deliveries")
        ('1 sync', '1,200 syncs', '2 deliveries')
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def times(count: int) -> str:
    """How often something was done.

    Example:
        >>> times(0), times(1), times(2), times(3)
        ('never', 'once', 'twice', '3 times')
    """
    return {0: "never", 1: "once", 2: "twice"}.get(count) or f"{count:,} times"


def tries(count: int) -> str:
    """How often something was tried."""
    return plural(count, "try", "tries")


def span(seconds: float) -> str:
    """A length of time.

    Example:
        >>> span(2), span(1800), span(73.5 * 3600), span(8 * 86400), span(0)
        ('2 s', '30 min', '73.5 hours', '8 days', '0 s')
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{seconds / 60:.3g} min"
    if seconds < 4 * 86400:
        return "1 hour" if seconds == 3600 else f"{seconds / 3600:.3g} hours"
    return f"{seconds / 86400:.3g} days"


def moment(at: float, start: datetime) -> str:
    """A moment of virtual time, by the clock that the receiver sees.

    Example:
        >>> start = datetime.fromisoformat("2026-01-05T09:00:00+00:00")
        >>> moment(1800.0, start), moment(2 * 86400 + 2.0, start)
        ('day 1, 09:30', 'day 3, 09:00:02')
    """
    now = start + timedelta(seconds=round(at))
    clock = now.strftime("%H:%M:%S" if now.second else "%H:%M")
    return f"day {(now.date() - start.date()).days + 1}, {clock}"


def tells_cohorts_apart(events: Iterable[Event]) -> bool:
    """Whether requests for more than one cohort come, so that each has to say for which it is."""
    cohorts = {event.delivery.cohort_id for event in events if isinstance(event, (Attempted, Duplicated, LateArrived))}
    return len(cohorts) > 1


def delivery_in_words(delivery: Delivery, id_property: str = DISTINCT_ID) -> str:
    """A delivery on one line.

    Args:
        delivery: the request.
        id_property: the property by which users are named.
    """
    users = delivery.identities(id_property)
    named = ", ".join(map(shown_id, users[:_NAMED_AT_MOST]))
    rest = f", … {delivery.size} in all" if delivery.size > _NAMED_AT_MOST else ""
    unnamed = delivery.size - len(users)
    if unnamed and not rest:
        rest = f"{', ' if users else ''}{unnamed} without {id_property}"
    nobody = "" if delivery.size else "nobody"
    page = f" page {delivery.page} of {delivery.total_pages}" if delivery.total_pages > 1 else ""
    return f"{delivery.action}({named}{rest}{nobody}){page}"


def outcome_in_words(outcome: Outcome, delivery: Delivery | None = None) -> str:
    """An answer in a few words: the status, and what is notable about it.

    Args:
        outcome: the answer.
        delivery: what it answers; then the body is read too.

    Example:
        >>> outcome_in_words(NoReply("timed out"))
        'no answer (timed out)'
    """
    if isinstance(outcome, NoReply):
        return f"no answer ({outcome.reason})"
    if outcome.crash is not None:
        raised = outcome.crash.strip().splitlines()[-1] if outcome.crash.strip() else "it raised"
        return f"{outcome.status} ({shortened(raised, 44)})"
    if delivery is not None:
        envelope = read(outcome, delivery.action).envelope
        if envelope is not None and (envelope.status == "success") != outcome.accepted:
            return f'{outcome.status} with "status": "{envelope.status}"'
    return str(outcome.status)


def shortened(text: str, most: int = 60) -> str:
    r"""Text on one line, cut if long.

    Example:
        >>> shortened("two\nlines"), shortened("much too long", most=8)
        ('two\\nlines', 'much to…')
    """
    plain = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
