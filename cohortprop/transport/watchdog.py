"""A receiver that hangs must become a finding, not a hung test run.

A thread looks in four times a second and sees whether the same call is still going on; the call itself only says when
it begins and when it ends. When a call overruns, the guarded thread is made to raise `ReceiverHung`, by a signal where
that is possible (it also gets a thread out of a lock or a sleep), else by asking the interpreter (which works for busy
loops only). A call costs three assignments, and reads no clock.

The moments are read from the real clock: this module is on the list of those that frozen time leaves alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

__all__ = ["ReceiverHung", "Watchdog"]

_CHECK_EVERY = 0.25
_SIGNAL = getattr(signal, "SIGUSR2", None)


class ReceiverHung(BaseException):
    """Raised inside a call that has overrun its limit; a BaseException, so that `except Exception` lets it through."""


class Watchdog:
    """Guards calls against hanging.

    Args:
        limit: seconds of real time that a call may take.

    Example:
        >>> with Watchdog(limit=30).watching() as watchdog, watchdog.guard():
        ...     "quick".upper()
        'QUICK'
    """

    def __init__(self, limit: float = 10.0) -> None:
        self.limit = limit
        self.stack = ""
        """Where the call was when it was interrupted; empty until then."""
        self.wake: Callable[[], object] | None = None
        """Called after an interruption, for a guarded thread that sleeps where only this wakes it."""
        self._calls = 0
        self._open = False
        self._thread_id = 0
        self._closing = threading.Event()
        self._before: Any = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[Watchdog]:
        """Watch the calls that this thread makes under `guard`."""
        self._thread_id = threading.get_ident()
        self._closing.clear()
        with self._signal_handled():
            watcher = threading.Thread(target=self._watch, name="cohortprop-watchdog", daemon=True)
            watcher.start()
            try:
                yield self
            finally:
                self._closing.set()
                watcher.join()

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Raise ReceiverHung inside the body when it takes longer than the limit."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """A call begins; the caller sees to it that `end` follows, come what may."""
        self._calls += 1
        self.stack = ""
        self._open = True

    def end(self) -> None:
        """The call has come back."""
        self._open = False

    def _watch(self) -> None:
        seen, since = 0, 0.0
        while not self._closing.wait(_CHECK_EVERY):
            if not self._open:
                continue
            if seen != self._calls:
                seen, since = self._calls, time.perf_counter()
            elif time.perf_counter() - since > self.limit:
                stack = self._stack_now()
                if self._open and seen == self._calls:  # it may have come back while the stack was written down
                    self.stack = self.stack or stack
                    self._interrupt()
                    if self.wake is not None:
                        self.wake()
                    since = time.perf_counter()  # and again, if the app holds on to it

    def _stack_now(self) -> str:
        frame = sys._current_frames().get(self._thread_id)
        return "".join(traceback.format_stack(frame)) if frame is not None else ""

    def _interrupt(self) -> None:
        if self._by_signal and _SIGNAL is not None:
            signal.pthread_kill(self._thread_id, _SIGNAL)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread_id), ctypes.py_object(ReceiverHung))

    @property
    def _by_signal(self) -> bool:
        return _SIGNAL is not None and self._thread_id == threading.main_thread().ident

    @contextlib.contextmanager
    def _signal_handled(self) -> Iterator[None]:
        if not self._by_signal or _SIGNAL is None:
            yield
            return
        self._before = signal.signal(_SIGNAL, self._on_signal)
        try:
            yield
        finally:
            signal.signal(_SIGNAL, self._before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._open and self.stack:  # the call may have come back in the meantime
            raise ReceiverHung
        if callable(self._before):  # somebody else's signal, or that of a watchdog round this one
            self._before(number, frame)
