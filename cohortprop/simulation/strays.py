"""Requests that are none of the sender's: somebody without the right credentials, and what is no proper delivery.

Each is like a delivery that the receiver has taken, and names users of its own whom nobody else ever names. The
receiver is looked at right before and right after, so whatever lies between the looks was done by this request alone.
"""

from __future__ import annotations

import base64
from string import ascii_lowercase
from typing import Any, Final
from uuid import UUID

from cohortprop.errors import Unreachable, UsageError
from cohortprop.receiver import Receiver
from cohortprop.sender import default_profile
from cohortprop.simulation.garbling import spoil
from cohortprop.simulation.history import Attempted, Garbled, Knocked, Probed
from cohortprop.simulation.world import World
from cohortprop.wire import ADD_MEMBERS, DISTINCT_ID, Delivery, Reply, encode

__all__ = ["forged_headers", "garble", "knock", "last_taken"]

_SESSIONS: Final = UUID("5712a700-0000-4000-8000-000000000000").int
_NAMED: Final = 2


def knock(world: World, credentials: str) -> None:
    """Send a delivery with other credentials than the right ones; nothing where none are asked for."""
    headers = forged_headers(world.receiver, credentials)
    delivery = _imitation(world) if headers is not None else None
    if delivery is None or headers is None or not _looked(world):
        return
    carried = world.send_stray(delivery, delivery.body, headers)
    world.history.add(Knocked(world.now, credentials, delivery, carried.outcome, carried.log))
    world.probe()


def garble(world: World, how: str) -> None:
    """Send a request with one thing wrong with it."""
    delivery = _imitation(world)
    if delivery is None or not _looked(world):
        return
    world.probes.lenient = True  # what it leaves behind may be no id at all
    spoilt = spoil(delivery, how, world.receiver.id_property)
    headers = world.receiver.sent_headers
    carried = world.send_stray(
        delivery, spoilt.body, headers, content_type=spoilt.content_type, content_length=spoilt.length
    )
    fault = ""
    look: Probed | None = None
    if not world.halted:
        try:
            look = world.look()
        except Unreachable as failure:
            if not failure.died:
                raise
            world.note_death(delivery, failure.died)
        except UsageError as failure:  # the probes have worked until now: the request has broken them
            fault = str(failure)
    world.history.add(
        Garbled(
            world.now,
            how,
            delivery,
            spoilt.body,
            spoilt.named,
            spoilt.perhaps,
            carried.outcome,
            carried.log,
            fault,
        )
    )
    if fault:
        world.halted = True  # nothing more can be learnt of this receiver
    elif look is not None and not world.halted:
        world.history.add(look)


def _looked(world: World) -> bool:
    """Look at the receiver; whether it makes sense to go on."""
    world.probe()
    return not world.halted


def last_taken(world: World) -> Delivery | None:
    """The last delivery that was taken for the first cohort of which one was; None if none was."""
    taken: dict[str, Delivery] = {}
    for event in world.history.events:
        if isinstance(event, Attempted) and isinstance(event.reply, Reply) and event.reply.accepted:
            taken[event.delivery.cohort_id] = event.delivery
    return next((taken[seed.id] for seed in world.scenario.cohorts if seed.id in taken), None)


def _imitation(world: World) -> Delivery | None:
    """A delivery like the last one that was taken: it adds two users of its own, in a session of its own."""
    model = last_taken(world)
    if model is None:
        return None
    number = world.strays
    users = tuple(f"stray{_letters(_NAMED * number + place)}" for place in range(_NAMED))
    payload = model.payload
    parameters = payload["parameters"]
    payload["action"] = ADD_MEMBERS
    session = str(UUID(int=_SESSIONS + number))
    parameters["mixpanel_session_id"] = session
    if "page_info" in parameters:
        parameters["page_info"] = {"total_pages": 1, "page_count": 1}
    parameters["members"] = [_described(world, user) for user in users]
    return Delivery(ADD_MEMBERS, model.cohort_id, model.cohort_name, session, 1, 1, users, encode(payload))


def _described(world: World, user: str) -> dict[str, Any]:
    """A member with every property populated."""
    return {DISTINCT_ID: user, **default_profile(user), **world.source.properties(user)}


def _letters(number: int) -> str:
    """A number in letters: plain ids have no digits."""
    return f"{_letters(number // 26 - 1) if number >= 26 else ''}{ascii_lowercase[number % 26]}"


# Credentials


def forged_headers(receiver: Receiver, credentials: str) -> dict[str, str] | None:
    """The headers of somebody who does not know the secret; None where they would not differ, or there is no secret.

    Args:
        receiver: whose right headers they are made of.
        credentials: one of `CREDENTIALS`.

    Example:
        >>> receiver = Receiver(print, auth=("mixpanel", "s3cret"), headers={"X-Shop": "berlin"})
        >>> forged_headers(receiver, "none")
        {'X-Shop': 'berlin'}
        >>> forged_headers(receiver, "no colon")
        {'X-Shop': 'berlin', 'Authorization': 'Basic bWl4cGFuZWw='}
    """
    secrets = receiver.credentials
    if secrets is None:
        return None
    right = receiver.sent_headers
    others = {name: value for name, value in right.items() if name not in secrets}
    for name in secrets:
        if receiver.auth is not None and name == "Authorization":
            forged = _forged_basic(receiver.auth, credentials)
        else:
            forged = _forged_secret(right[name], credentials)
        if forged is not None:
            others[name] = forged
    return others if others != right else None


def _forged_basic(auth: tuple[str, str], credentials: str) -> str | None:
    user, password = auth
    encoded: bytes
    match credentials:
        case "none":
            return None
        case "wrong password":
            encoded = f"{user}:{password}x".encode()
        case "wrong user":
            encoded = f"x{user}:{password}".encode()
        case "empty":
            encoded = b":"
        case "not ASCII":
            encoded = f"{user}ü:pässwörd".encode()
        case "no colon":
            encoded = user.partition(":")[0].encode()
        case "not UTF-8":
            encoded = b"\xff\xfe:\xff"
        case "scheme alone":
            return "Basic"
        case "not base64":
            return "Basic ?"
        case _:
            return "Bearer stray"
    return "Basic " + base64.b64encode(encoded).decode()


def _forged_secret(right: str, credentials: str) -> str | None:
    """In place of a token; whatever scheme stands before it is kept, but for those who show another one."""
    scheme, blank, token = right.rpartition(" ")
    match credentials:
        case "none":
            return None
        case "wrong password":
            return f"{right}x"
        case "wrong user":
            return f"{scheme}{blank}x{token}"
        case "empty":
            return ""
        case "not ASCII" | "not UTF-8":
            return f"{scheme}{blank}pässwörd"
        case "no colon":
            return f"{scheme}{blank}{token[: len(token) // 2]}"
        case "scheme alone":
            return scheme or "x"
        case "not base64":
            return f"{scheme}{blank}?"
        case _:
            return "Basic " + base64.b64encode(b"stray:stray").decode()
