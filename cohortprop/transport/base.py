"""What every way of reaching a receiver has in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from cohortprop.wire import Outcome

__all__ = ["Carried", "Runner", "Transport", "run_alone", "runner_of"]

Runner: TypeAlias = Callable[[Awaitable[Any]], Any]
"""Runs what an async function has returned, and returns what comes of it."""


class Carried(NamedTuple):
    """What came of carrying one request to the app.

    Args:
        outcome: the answer.
        log: what the app logged meanwhile.
        stack: where the app was when it overran the time limit; empty when it answered.
        took: real seconds that the app needed.
    """

    outcome: Outcome
    log: tuple[str, ...] = ()
    stack: str = ""
    took: float = 0.0


class Transport(Protocol):
    """A way of reaching a receiver."""

    def send(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        content_type: str | None = "",
        content_length: int | None = -1,
    ) -> Carried:
        """Carry a request body to the app and bring back what it answers.

        Args:
            body: the bytes of the body.
            headers: in place of the receiver's own (credentials and the like).
            content_type: in place of the usual one, if not empty; None leaves the header out.
            content_length: in place of the true one, if not negative; None leaves the header out.
        """

    def send_both(self, first: bytes, second: bytes, seed: int) -> tuple[Carried, Carried]:
        """Carry two request bodies to the app at the same moment, in two threads or two tasks.

        Args:
            first: the bytes of a body.
            second: those of the other; they may be the same.
            seed: decides how the app's work on the two is interleaved.
        """

    def close(self) -> None:
        """Let go of what is held for this receiver; nothing is sent afterwards."""

    def replace_app(self, app: Any) -> None:
        """Call this app from now on: the receiver was restarted and gave a new one."""


def runner_of(transport: Transport) -> Runner:
    """What runs a receiver's async probes: the loop on which its app lives, if it has one; else a loop for each."""
    runner: Runner = getattr(transport, "run", run_alone)
    return runner


def run_alone(awaitable: Awaitable[Any]) -> Any:
    """Run what is awaited in a loop of its own."""
    return asyncio.run(_wait_for(awaitable))


async def _wait_for(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
