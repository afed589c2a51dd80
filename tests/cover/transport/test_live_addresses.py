"""A URL leads to this machine, unless its host was named; and what is said when it does not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from cohortprop import Receiver, UsageError
from cohortprop.errors import Unreachable
from cohortprop.transport import LogCapture, Transports, Watchdog
from cohortprop.transport.address import pinned
from tests.cover.transport.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name be one of these addresses; returns the names that were asked for."""
    asked: list[str] = []

    def resolved(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr("cohortprop.transport.address.getaddrinfo", resolved)
    return asked


def test_this_machine_by_any_of_its_names(server: Server) -> None:
    address = f"127.0.0.1:{server.server_port}"
    assert pinned(server.origin, (), 1.0) == address
    assert pinned(server.origin.replace("127.0.0.1", "LOCALHOST"), (), 1.0) == address


def test_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        listening.listen()
        port = listening.getsockname()[1]
        assert pinned(f"http://[::1]:{port}", (), 1.0) == f"[::1]:{port}"


@pytest.mark.parametrize("host", ["192.0.2.7", "0.0.0.0", "[2001:db8::1]", "10.0.0.1"])  # noqa: S104 - not bound to
def test_another_machine_is_refused_before_anything_is_sent(host: str) -> None:
    bare = host.strip("[]")
    with pytest.raises(UsageError) as refused:
        pinned(f"http://{host}:9", (), 1.0)
    assert str(refused.value) == (
        f"http://{host}:9: {bare} is not this machine; garbage is sent there, so name it first if you mean it: "
        f"--allow-host {bare}, or Receiver(allow_host={bare!r})"
    )


def test_what_counts_is_where_the_name_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.1", "192.0.2.7")
    with pytest.raises(UsageError, match="localhost is not this machine, for that is 192"):
        pinned("http://localhost:9", (), 1.0)


def test_a_host_that_is_named_may_be_any_machine(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr("cohortprop.transport.address.is_loopback", lambda _: False)
    assert pinned(server.origin, ("Other", "127.0.0.1"), 1.0) == f"127.0.0.1:{server.server_port}"
    with pytest.raises(UsageError, match="is not this machine"):
        pinned(server.origin, ("other",), 1.0)


def test_the_name_is_resolved_once_and_the_server_sees_it(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    asked = resolve_to(monkeypatch, "127.0.0.1")
    transports = Transports(Watchdog(), LogCapture())
    receiver = Receiver(f"http://shop.test:{server.server_port}/hook", allow_host="shop.test")
    for _ in range(3):
        transports.open(receiver).send(b"{}")
    transports.close()
    assert asked == ["shop.test"]
    assert {headers["Host"] for _, headers, _ in server.requests} == {f"shop.test:{server.server_port}"}
    assert server.connections == 2  # one to see whether anybody listens, one for all requests


def test_a_name_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match="cannot be resolved"):
        pinned("http://no-such-host.invalid", (), 1.0)


def test_nothing_listens() -> None:
    with serving() as server:
        origin = server.origin
    with pytest.raises(Unreachable) as refused:
        pinned(origin, (), 1.0)
    assert str(refused.value) == f"nothing listens at {origin} (Connection refused): is the server running?"
