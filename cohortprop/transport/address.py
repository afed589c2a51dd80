"""Where a URL really leads. A tool that sends garbage must not reach production because of a typing error.

The name is resolved once, all its addresses must be this machine's own, and the one that takes a connection is the one
that is used from then on: a name cannot lead elsewhere later.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from socket import getaddrinfo
from typing import Final
from urllib.parse import urlsplit

from cohortprop.errors import Unreachable, UsageError

__all__ = ["is_loopback", "pinned"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def pinned(base_url: str, allowed: Collection[str], limit: float) -> str:
    """The address behind a URL's host, with its port, that takes connections now; an IPv6 one in brackets.

    Args:
        base_url: scheme, host and port.
        allowed: names of hosts that need not be this machine.
        limit: real seconds to wait for a connection.

    Raises:
        UsageError: it is another machine, which is not allowed by name.
        Unreachable: the name leads nowhere, or nothing listens there.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    try:
        found = getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise Unreachable(f"{base_url}: the name {host!r} cannot be resolved: {fault}") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if host.lower() not in {name.lower() for name in allowed}:
        for address in addresses:
            if not is_loopback(address):
                where = "" if address == host else f", for that is {address}"
                raise UsageError(
                    f"{base_url}: {host} is not this machine{where}; garbage is sent there, so name it first if you "
                    f"mean it: --allow-host {host}, or Receiver(allow_host={host!r})"
                )
    why = ""
    for address in addresses:
        try:
            socket.create_connection((address, port), timeout=limit).close()
        except OSError as refused:
            why = refused.strerror or str(refused)
        else:
            return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    raise Unreachable(f"nothing listens at {base_url} ({why}): is the server running?")


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, in IPv4, in IPv6, or as the one within the other.

    Example:
        >>> [is_loopback(each) for each in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "192.0.2.7")]
        [True, True, True, False, False]
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    within = getattr(parsed, "ipv4_mapped", None)
    return bool((parsed if within is None else within).is_loopback)
