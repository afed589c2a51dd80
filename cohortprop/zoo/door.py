"""A door in front of an app: who shows other credentials than the right ones is turned away."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

from cohortprop.zoo.envelope import fail

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Admits", "behind_door", "knows", "shown"]

Admits = Callable[[str], bool]
"""Whether this value of the header, empty where there is none, lets somebody in."""


def shown(header: str) -> bytes:
    """What is shown by Basic authentication, user name and password with a colon between; empty if it is not that.

    Example:
        >>> shown("Basic bWl4cGFuZWw6czNjcmV0")
        b'mixpanel:s3cret'
        >>> shown("Basic ?")
        b''
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return b""


def knows(user: str, password: str) -> Admits:
    """Whether the whole of user name and password is shown: compared as bytes, in constant time."""
    expected = f"{user}:{password}".encode()
    return lambda header: hmac.compare_digest(shown(header), expected)


def behind_door(
    app: WSGIApplication, admits: Admits, *, header: str = "HTTP_AUTHORIZATION", code: int = 401
) -> WSGIApplication:
    """The app, for those who are admitted; the others are answered as documented, before anything is read."""

    def door(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if not admits(environ.get(header, "")):
            return fail(start_response, "unknown", code, "wrong credentials")
        return list(app(environ, start_response))

    return door
