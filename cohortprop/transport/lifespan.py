"""The life of an ASGI app: it is told when the server comes up and when it goes down, and says that it is ready.

The rules are those of the ASGI specification, "Lifespan Protocol", as uvicorn reads them: an app that raises, or
returns, without having said that its startup has failed does not support the protocol, and is called without it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from cohortprop.errors import UsageError, in_one_line
from cohortprop.transport.event_loop import EventLoop
from cohortprop.transport.interleaving import is_own
from cohortprop.transport.watchdog import ReceiverHung

__all__ = ["Lifespan"]

_GRACE: Final = 1.0
"""Real seconds that an app gets to raise what it has just said has failed."""


class Lifespan:
    """Starts an app, and shuts it down.

    Args:
        app: an ASGI app.
        loop: on which it lives.

    Example:
        >>> async def app(scope, receive, send):
        ...     while True:
        ...         message = await receive()
        ...         print(message["type"])
        ...         await send({"type": message["type"] + ".complete"})
        ...         if message["type"] == "lifespan.shutdown":
        ...             return
        >>> loop = EventLoop()
        >>> lifespan = Lifespan(app, loop)
        >>> lifespan.start()
        lifespan.startup
        >>> lifespan.stop()
        lifespan.shutdown
        >>> loop.close()
    """

    def __init__(self, app: Any, loop: EventLoop) -> None:
        self._app = app
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self._told: list[str] = []
        self._said: dict[str, str] = {}
        self._heard = asyncio.Event()
        self._to_shut_down = asyncio.Event()
        self.state: dict[str, Any] = {}
        """What the app keeps for its requests; each gets a shallow copy."""

    def start(self) -> None:
        """Start the app.

        Raises:
            UsageError: it says that its startup has failed, or does not come to an end with it.
        """
        self._task = self._loop.start(self._live())
        self._hear("startup")
        self._require("startup")

    def stop(self) -> None:
        """Shut the app down, if it was started and can be.

        Raises:
            UsageError: it says that its shutdown has failed, or does not come to an end with it.
        """
        if self._task is None or "startup.complete" not in self._said:
            return
        self._to_shut_down.set()
        self._hear("shutdown")
        self._require("shutdown")

    def _hear(self, phase: str) -> None:
        """Run the loop until the app has said what came of a phase, or has gone."""
        assert self._task is not None
        self._heard.clear()
        try:
            with self._loop.guard():
                self._loop.run(self._heard.wait())
                if self._failed(phase) or phase == "shutdown":  # it is about to raise, or to return
                    self._loop.run(asyncio.wait({self._task}, timeout=_GRACE))
        except ReceiverHung:
            watchdog = self._loop.watchdog
            if watchdog is None:
                raise
            where = _place(self._loop.where(self._task) or watchdog.stack)
            self._loop.cancel({self._task})
            raise UsageError(f"the app's {phase} does not end within {watchdog.limit:g} s{where}") from None

    def _failed(self, phase: str) -> bool:
        return f"{phase}.failed" in self._said

    def _require(self, phase: str) -> None:
        assert self._task is not None
        fault = self._task.exception() if self._task.done() and not self._task.cancelled() else None
        if self._failed(phase):
            said = self._said[f"{phase}.failed"].strip().splitlines()
            reason = in_one_line(fault) if fault is not None else said[-1] if said else "it does not say why"
            raise UsageError(f"the app's {phase} has failed: {reason}")
        if phase == "shutdown" and fault is not None:
            raise UsageError(f"the app's {phase} has failed: {in_one_line(fault)}")

    async def _live(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._receive, self._send)
        finally:
            self._heard.set()

    async def _receive(self) -> dict[str, Any]:
        if not self._told:
            self._told.append("startup")
            return {"type": "lifespan.startup"}
        await self._to_shut_down.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: dict[str, Any]) -> None:
        kind = message["type"].removeprefix("lifespan.")
        if kind not in ("startup.complete", "startup.failed", "shutdown.complete", "shutdown.failed"):
            raise RuntimeError(f"the app sent {message['type']!r} where lifespan messages are expected")
        self._said[kind] = str(message.get("message", ""))
        self._heard.set()


def _place(stack: str) -> str:
    """The last place of the app's own in a stack, in brackets."""
    places = [line.split('"') for line in stack.splitlines() if line.startswith('  File "')]
    own = [place for place in places if is_own(place[1])]
    if not own:
        return ""
    _, path, rest = own[-1]
    return f" ({path.rpartition('/')[2]}, line {rest.split()[2].rstrip(',')})"
