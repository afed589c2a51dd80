"""An event loop for ASGI apps and for probes that are async: it runs while somebody waits for something, in his thread.

One loop serves all receivers of a run, as one loop serves a process: an engine that a module makes when it is imported
keeps its connections, and they belong to the loop on which they were opened.

Of its own it has little. Its time is real, whatever clock is frozen, so that `asyncio.sleep` comes back. A task that
never ends stands for the server, and is the one that the loop is run for: AnyIO keeps its worker threads for as long as
that task lives, and would start new ones for each request otherwise. Threads that are started while the loop runs are
daemons, as they would be in a thread that is one: a view that hangs in a thread of its own keeps nobody from leaving.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import sys
import threading
import traceback
import weakref
from collections.abc import Awaitable, Coroutine, Iterable, Iterator
from typing import Any, Final, TypeVar

from cohortprop import stopwatch
from cohortprop.errors import UsageError
from cohortprop.transport.interleaving import is_own
from cohortprop.transport.watchdog import ReceiverHung, Watchdog

__all__ = ["EventLoop"]

T = TypeVar("T")

_GRACE: Final = 1.0
"""Real seconds that tasks get to end, once they were told to."""
_OURS: Final = "cohortprop"
"""The name of tasks that are none of the app's."""
_FRAMES: Final = ("cr_frame", "gi_frame", "ag_frame")
_AWAITED: Final = ("cr_await", "gi_yieldfrom", "ag_await")
"""What coroutines, generators and async generators tell of themselves."""


class _RealTime(asyncio.SelectorEventLoop):
    """A loop whose time no clock freezes."""

    def time(self) -> float:
        """Real seconds; `time_machine` reaches even those who ask for `monotonic`, but not this clock."""
        return stopwatch.real_seconds()


class EventLoop:
    """Runs what is awaited, and nothing meanwhile.

    Args:
        watchdog: guards what is run under `guard`, and is told where tasks wait; None for none.

    Raises:
        UsageError: there is a loop already that runs in this thread.

    Example:
        >>> loop = EventLoop()
        >>> loop.run(asyncio.sleep(0.001, "awake"))
        'awake'
        >>> loop.close()
    """

    def __init__(self, watchdog: Watchdog | None = None) -> None:
        if _is_running():
            raise UsageError(
                "an event loop is running in this thread already, and ASGI apps and async probes need one of their "
                "own: call cohortprop from a plain function, not from an async one"
            )
        self.watchdog = watchdog
        self._loop = _RealTime()
        self._loop.set_task_factory(self._made)
        self._thread = threading.current_thread()
        self._server = self._loop.create_task(_serve(), name=_OURS)
        self._awaited: asyncio.Future[Any] | None = None
        self._more = False
        """Whether tasks were made since the last ones came to their end."""
        self._old_threads = weakref.WeakSet(threading.enumerate())
        """Threads that are not to be told of: those that were there before the loop, and those that were told of."""
        self._there_for_good: set[asyncio.Task[Any]] = {self._server}

    def _made(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
        self._more = True
        return asyncio.Task(coroutine, loop=loop, **more)

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of ours, which makes its way whenever the loop runs."""
        return asyncio.Task(coroutine, loop=self._loop, name=_OURS)

    def run(self, awaitable: Awaitable[T]) -> T:
        """Run the loop until something has come, and return it."""
        task = self._loop.create_task(_wait_for(awaitable), name=_OURS)
        try:
            self.finish(task)
        except BaseException:
            task.cancel()
            raise
        return task.result()

    def finish(self, task: asyncio.Future[Any], *, leaves: bool = False) -> None:
        """Run the loop until a task is done, whatever it comes to.

        Args:
            task: what is waited for.
            leaves: whether it calls `leave` at its end, which saves the loop a turn.

        Raises:
            BaseException: what goes through an event loop: an exit, an interruption. The task may not be done, then.
        """
        self._awaited = task
        if not leaves:
            task.add_done_callback(self._stop)
        thread: Any = self._thread
        before = thread._daemonic  # noqa: SLF001 - threads inherit it from who starts them
        thread._daemonic = True  # noqa: SLF001
        try:
            self._loop.run_until_complete(self._server)
        except RuntimeError:
            if not task.done():  # else it is how a loop says that it was stopped
                raise
        except BaseException:
            if task.done() and not task.cancelled():
                task.exception()  # it is on its way to our caller, and need not be logged as if nobody had seen it
            raise
        finally:
            thread._daemonic = before  # noqa: SLF001
            self._awaited = None

    def _stop(self, task: asyncio.Future[Any] | None) -> None:
        if task is self._awaited:
            self._loop.stop()

    def leave(self) -> None:
        """The task that calls this has come to its end."""
        self._stop(asyncio.current_task(self._loop))

    def settle(self, seconds: float) -> None:
        """Let tasks that were left behind come to their end; those that take longer are there for good.

        Args:
            seconds: real ones that they get.
        """
        if not self._more:
            return
        self._more = False
        left = self._left()
        if left:
            self.finish(self._loop.create_task(_wait_a_moment(left, seconds), name=_OURS))
            self.keep()

    def keep(self) -> None:
        """The tasks that there are now are there for good."""
        self._there_for_good = asyncio.all_tasks(self._loop)
        self._more = False

    def _left(self) -> set[asyncio.Task[Any]]:
        return {task for task in asyncio.all_tasks(self._loop) - self._there_for_good if task.get_name() != _OURS}

    def where(self, task: asyncio.Task[Any], coroutine: Coroutine[Any, Any, Any] | None = None) -> str:
        """Where a task of ours waits, and what it waits for: tasks of the app's that have come since, and threads.

        Args:
            task: that was started here.
            coroutine: what it runs, if that cannot be seen from outside.
        """
        told = [_stack_of(coroutine or task.get_coro()), *(_stack_of(each.get_coro()) for each in self._left())]
        frames = sys._current_frames()
        for thread in threading.enumerate():
            frame = frames.get(thread.ident or 0)
            if frame is None or thread in self._old_threads:
                continue
            if any(is_own(each.f_code.co_filename) for each, _ in traceback.walk_stack(frame)):
                told.append("".join(traceback.format_stack(frame)))
                self._old_threads.add(thread)
        return "\n".join(told)

    def cancel(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        """Cancel tasks, and give them a moment to clear up; whoever does not is left alone."""
        waiting = {task for task in tasks if not task.done()}
        if not waiting:
            return
        for task in waiting:
            task.cancel()
        with contextlib.suppress(ReceiverHung, SystemExit), self.guard():
            self.finish(self._loop.create_task(_wait_a_moment(waiting, _GRACE), name=_OURS))

    def cancel_all(self) -> None:
        """Cancel whatever is left on the loop: the app that started it is gone."""
        self.cancel(asyncio.all_tasks(self._loop) - {self._server})
        self._there_for_good = {self._server}

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Raise ReceiverHung inside the body when it takes longer than the watchdog's limit."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """What is guarded begins; the caller sees to it that `end` follows, come what may."""
        if self.watchdog is not None:
            self.watchdog.wake = self.wake
            self.watchdog.begin()

    def end(self) -> None:
        """It has come back."""
        if self.watchdog is not None:
            self.watchdog.end()
            self.watchdog.wake = None

    def wake(self) -> None:
        """Make the loop take a turn; called from another thread."""
        with contextlib.suppress(RuntimeError):  # closed in the meantime
            self._loop.call_soon_threadsafe(_nothing)

    def close(self) -> None:
        """Cancel what is left, and close the loop."""
        if self._loop.is_closed():
            return
        self.cancel_all()
        with contextlib.suppress(ReceiverHung, SystemExit), self.guard():
            self.run(self._loop.shutdown_asyncgens())
        self._server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._server)
        self._loop.close()


def _is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _serve() -> None:
    await asyncio.get_running_loop().create_future()


async def _wait_for(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def _wait_a_moment(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> None:
    await asyncio.wait(tasks, timeout=seconds)


def _nothing() -> None:
    """Nothing is to be done but to take a turn."""


def _stack_of(waits: Any) -> str:
    """Where a coroutine waits, from its own frame to that of the innermost that it waits for."""
    lines = []
    while waits is not None:
        if type(waits).__name__ == "async_generator_asend":  # it does not say whose step it is
            waits = next(filter(inspect.isasyncgen, gc.get_referents(waits)), None)
        frame = next((getattr(waits, name) for name in _FRAMES if getattr(waits, name, None) is not None), None)
        if frame is not None:
            lines += traceback.format_list(traceback.extract_stack(frame, limit=1))
        waits = next((getattr(waits, name) for name in _AWAITED if getattr(waits, name, None) is not None), None)
    return "".join(lines)
