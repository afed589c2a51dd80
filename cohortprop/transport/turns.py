"""Two tasks on one event loop, that take turns under a schedule which can be had again.

A task runs alone from one `await` that really waits to the next, so those are the only places where two requests can
come in each other's way. At each of them a task comes to a gate. A seeded generator decides which of the two goes on;
the other one stays until the next decision. The same seed gives the same interleaving.

Whoever stands at the gate waits for the other one to come to it as well, or the order would depend on whose database
was faster. But the other one may wait for a lock that this one holds, and never come: so after a moment it is let be,
until it has come by itself. Two that wait for each other's locks stay where they are, and overrun the time limit.

What an app does in threads or in tasks of its own is not held up at a gate.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Generator
from typing import Any, Final, Generic, TypeVar

__all__ = ["Turns"]

T = TypeVar("T")

_PATIENCE: Final = 0.05
"""Real seconds after which a task that does not come to the gate is taken to wait for the other one."""
_SWITCHING: Final = (0.1, 0.3, 0.5, 0.5)
"""How likely it is that the other one goes on; each seed has its own."""


class Turns:
    """The gate that two tasks come to.

    Args:
        seed: decides who goes on.

    Example:
        >>> async def count(name):
        ...     for number in range(3):
        ...         print(name, number)
        ...         await asyncio.sleep(0)
        >>> async def both():
        ...     turns = Turns(seed=8)
        ...     await asyncio.gather(*(turns.take(place, count(name)) for place, name in enumerate("ab")))
        >>> asyncio.run(both())
        b 0
        a 0
        b 1
        a 1
        a 2
        b 2
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._likely = self._random.choice(_SWITCHING)
        self._last = int(self._random.random() < 0.5)
        self._gates: list[asyncio.Future[None] | None] = [None, None]
        """What each waits for while it stands at the gate."""
        self._done = [False, False]
        self._let_be = [False, False]
        """Whether it is no longer waited for, since it is held up elsewhere."""

    async def take(self, me: int, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, in turns with the other one.

        Args:
            me: 0 or 1.
            coroutine: what this task does.
        """
        try:
            await self._come(me)
            return await _Held(self, me, coroutine)
        finally:
            coroutine.close()  # if it never came to its first turn
            self._done[me] = True
            self._decide()

    async def _come(self, me: int) -> None:
        """Stand at the gate until it is one's turn."""
        loop = asyncio.get_running_loop()
        gate = self._gates[me] = loop.create_future()
        self._let_be[me] = False
        self._decide()
        timer = None if gate.done() else loop.call_later(_PATIENCE, self._lose_patience, me)
        try:
            await gate
        finally:
            self._gates[me] = None
            if timer is not None:
                timer.cancel()

    def _decide(self) -> None:
        """Let one go on, once it is known who could."""
        standing = [place for place in (0, 1) if self._stands(place)]
        if not standing or any(
            not (self._stands(other) or self._done[other] or self._let_be[other]) for other in (0, 1)
        ):
            return
        if len(standing) == 2 and self._random.random() < self._likely:
            self._last = 1 - self._last
        goes = self._last if self._last in standing else standing[0]
        self._last = goes
        gate = self._gates[goes]
        assert gate is not None
        gate.set_result(None)

    def _stands(self, place: int) -> bool:
        gate = self._gates[place]
        return gate is not None and not gate.done()

    def _lose_patience(self, me: int) -> None:
        if self._stands(me) and not self._stands(1 - me):
            self._let_be[1 - me] = True
            self._decide()


class _Held(Generic[T]):
    """A coroutine that comes to the gate after each `await` that really waited."""

    def __init__(self, turns: Turns, me: int, coroutine: Coroutine[Any, Any, T]) -> None:
        self._turns = turns
        self._me = me
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        fault: BaseException | None = None
        while True:
            try:
                waits_for = self._coroutine.send(None) if fault is None else self._coroutine.throw(fault)
            except StopIteration as end:
                value: T = end.value
                return value
            fault = None
            try:
                yield waits_for
                yield from self._turns._come(self._me).__await__()  # noqa: SLF001 - of this module
            except BaseException as error:  # noqa: BLE001 - a cancellation, most likely; it is the coroutine's to take
                fault = error
