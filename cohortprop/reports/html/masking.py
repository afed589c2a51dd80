"""What a page must not tell: passwords, tokens, and e-mail addresses of real people.

The addresses that cohortprop makes up for its users end in the names that are kept for examples, and stay as they are.
Every other one is numbered, so that two of them can still be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cohortprop.receiver import Receiver

__all__ = ["HIDDEN", "Mask"]

HIDDEN: Final = "••••"

_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@([\w-]+(?:\.[\w-]+)+)")
_MADE_UP: Final = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|org|net))?|test|invalid)", re.IGNORECASE)
_SCHEME: Final = re.compile(
    r"\b((?i:Basic|Bearer|Digest|Token))(\s+)(?=\S*(?:[\d=_]|[a-z][A-Z]|\.\w))[\w.~+/=-]{6,}"  # no word of English
)
_HEADER: Final = re.compile(
    r"""(?P<name>(?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:api-key|token|secret|signature))"""
    r"""(?P<between>["']?\s*[:=]\s*["']?)(?P<value>[^"'\r\n,}]+)""",
    re.IGNORECASE,
)
_QUERY: Final = re.compile(r"([?&][^=&\s#]+=)[^&\s#]+")
_USER_INFO: Final = re.compile(r"(\w+://)[^/@\s]+@")
_WORTH_A_LOOK: Final = re.compile("@|://|auth|cookie|token|secret|signature|key|basic|bearer|digest", re.IGNORECASE)
"""Without any of these a text holds nothing that the patterns above could find."""
_CREDENTIALS: Final = ("authorization", "proxy-authorization", "cookie")
_SHORTEST: Final = 5
"""Characters of a secret that is looked for everywhere: a shorter one would be found in every other word."""


class Mask:
    """Hides what must not be told, wherever it stands.

    Args:
        receiver: how the app was addressed; None when that is not known.

    Example:
        >>> mask = Mask()
        >>> mask("jo@shop.de wrote to ann@example.com, and to jo@shop.de; Authorization: Bearer abcdef123")
        '[e-mail 1] wrote to ann@example.com, and to [e-mail 1]; Authorization: ••••'
    """

    def __init__(self, receiver: Receiver | None = None) -> None:
        self._receiver = receiver
        self._addresses: dict[str, str] = {}
        # The longest first: one secret may be a part of another.
        self._secrets = sorted({each for each in _secrets(receiver) if len(each) >= _SHORTEST}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without what must not be told."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        if _WORTH_A_LOOK.search(text) is None:
            return text
        text = _HEADER.sub(rf"\g<name>\g<between>{HIDDEN}", text)
        text = _SCHEME.sub(rf"\1\2{HIDDEN}", text)
        if "://" in text:
            text = _USER_INFO.sub(rf"\1{HIDDEN}@", text)
        return _ADDRESS.sub(self._address, text) if "@" in text else text

    def data(self, value: Any) -> Any:
        """JSON data, with every text in it masked; keys that are ids are masked as well."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(key): self.data(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(each) for each in value]
        return value

    def request_head(self) -> list[tuple[str, str]]:
        """Request line and headers of every delivery; empty when it is not known how the app was addressed."""
        receiver = self._receiver
        if receiver is None:
            return []
        secret = {name.lower() for name in receiver.credentials or ()}.union(_CREDENTIALS)
        path = self(_QUERY.sub(rf"\1{HIDDEN}", receiver.path))
        head = [("POST", path), ("Host", receiver.base_url.partition("://")[2]), ("Content-Type", "application/json")]
        for name, value in receiver.sent_headers.items():
            head.append((name, HIDDEN if name.lower() in secret else self(value)))
        return head

    def _address(self, found: re.Match[str]) -> str:
        if _MADE_UP.fullmatch(found[1]):
            return found[0]
        return self._addresses.setdefault(found[0].lower(), f"[e-mail {len(self._addresses) + 1}]")


def _secrets(receiver: Receiver | None) -> Iterable[str]:
    """Values that the receiver is known by: headers, what follows their scheme, and the password."""
    if receiver is None:
        return
    if receiver.auth is not None:
        yield receiver.auth[1]
    for name in receiver.credentials or ():
        value = receiver.sent_headers[name]
        yield value
        yield value.partition(" ")[2]
    for found in _QUERY.finditer(receiver.path):
        yield found[0].partition("=")[2]
