"""A receiver that hangs must become a finding, not a hung test run.

A thread looks at the clock twice a second; the guarded call itself only notes when it began. When a call overruns, the
guarded thread is made to raise `ReceiverHung`, by a signal where that is possible (it also gets a thread out of a lock
or a sleep), else by asking the interpreter (which works for busy loops only). Two assignments per call are all it costs.

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
from collections.abc import Iterator
from types import FrameType

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
        self._began: float | None = None
        self._thread_id = 0
        self._closing = threading.Event()
        self._fired = False

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
        self._fired = False
        self._began = time.perf_counter()
        try:
            yield
        finally:
            self._began = None

    def _watch(self) -> None:
        while not self._closing.wait(_CHECK_EVERY):
            began = self._began
            if began is not None and not self._fired and time.perf_counter() - began > self.limit:
                self._fired = True
                self.stack = self._stack_now()
                self._interrupt()

    def _stack_now(self) -> str:
        frame = sys._current_frames().get(self._thread_id)
        return "".join(traceback.format_stack(frame)) if frame is not None else ""

    def _interrupt(self) -> None:
        if self._by_signal and _SIGNAL is not None:
            signal.pthread_kill(self._thread_id, _SIGNAL)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread_id), ctypes.py_object(ReceiverHung)
            )

    @property
    def _by_signal(self) -> bool:
        return _SIGNAL is not None and self._thread_id == threading.main_thread().ident

    @contextlib.contextmanager
    def _signal_handled(self) -> Iterator[None]:
        if not self._by_signal or _SIGNAL is None:
            yield
            return
        before = signal.signal(_SIGNAL, self._on_signal)
        try:
            yield
        finally:
            signal.signal(_SIGNAL, before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._began is not None:  # the call may have come back in the meantime
            raise ReceiverHung
