"""Workers: blocks are run in other processes on this machine.

Each worker is a `ProcessPoolExecutor` of one process. In a pool of several, one that dies takes all the work of the
others with it; this way it costs the block that it worked on, and no more. Processes are spawned, not forked: no lock
or connection of the app comes along in an unknown state.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from multiprocessing.util import Finalize
from typing import Final, Self

from cohortprop.campaign.block import Block, BlockReport, run_block
from cohortprop.campaign.crew import KitSource, WorkerLost
from cohortprop.errors import ToolkitError, UsageError
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import TrialKit

__all__ = ["WORKER", "LocalWorkers", "end_with_parent", "portable"]

WORKER: Final = "COHORTPROP_WORKER"
"""The environment variable in which a worker finds its number, from 0 on: for a database of its own, say."""
_GRACE: Final = 5.0
"""Seconds in which a worker has to end at the close of a campaign, before it is killed."""


class LocalWorkers:
    """Runs blocks in so many processes; to be entered, and left when the campaign is over.

    Args:
        source: opens the kit in each process; it is pickled, so it is a function of a module or a `partial` of one.
        size: processes.
    """

    def __init__(self, source: KitSource, size: int) -> None:
        self.size = size
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        self._workers = [_Worker(partial(_begin, source, self._stop, number)) for number in range(size)]
        self._free = list(reversed(self._workers))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        patience = Stopwatch(_GRACE)
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.await_end(patience)

    def submit(self, block: Block) -> Future[BlockReport]:
        """Have a block run by a worker that has nothing to do; there is one as long as `size` is kept to."""
        worker = self._free.pop()
        outer: Future[BlockReport] = Future()
        worker.submit(block).add_done_callback(partial(self._hand_over, worker, outer))
        return outer

    def stop(self) -> None:
        """Ask for an early end; each worker looks between two trials."""
        self._stop.set()

    def _hand_over(self, worker: _Worker, outer: Future[BlockReport], inner: Future[BlockReport]) -> None:
        fault = None if inner.cancelled() else inner.exception()
        if isinstance(fault, BrokenProcessPool):
            fault = WorkerLost(f"its worker died ({worker.bury()})")
        self._free.append(worker)
        if inner.cancelled():
            outer.cancel()
        elif fault is not None:
            outer.set_exception(fault)
        else:
            outer.set_result(inner.result())


class _Worker:
    """One process, begun when it is first needed, and anew after it has died."""

    def __init__(self, begin: partial[None]) -> None:
        self._begin = begin
        self._executor: ProcessPoolExecutor | None = None
        self._broken: list[ProcessPoolExecutor] = []
        self._process: BaseProcess | None = None

    def submit(self, block: Block) -> Future[BlockReport]:
        """Have it run a block."""
        if self._executor is not None:
            return self._executor.submit(_work, block)
        before = set(multiprocessing.active_children())
        self._executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), self._begin)
        future = self._executor.submit(_work, block)
        self._process = next(iter(set(multiprocessing.active_children()) - before), None)
        return future

    def bury(self) -> str:
        """How it died; the next block is given to a new one."""
        if (
            self._executor is not None
        ):  # it holds its own lock while it tells us, so it must be neither asked nor dropped
            self._broken.append(self._executor)
        self._executor = None
        if self._process is None:
            return "no one saw how"
        self._process.join(_GRACE)
        code = self._process.exitcode
        return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"

    def dismiss(self) -> None:
        """Let it end after the block that it works on."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def await_end(self, patience: Stopwatch) -> None:
        """Wait for its end, and kill it when that takes too long: it may hang in the app."""
        if self._process is None:
            return
        self._process.join(max(0.1, _GRACE - patience.seconds))
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


# In the worker


class _Desk:
    """What a worker has at hand, for as long as it lives."""

    source: KitSource
    stop: Event
    kit: TrialKit | None = None


def _begin(source: KitSource, stop: Event, number: int) -> None:
    """The first that a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; ours tells us to stop
    faulthandler.enable()
    os.environ[WORKER] = str(number)
    _Desk.source, _Desk.stop = source, stop
    end_with_parent()


def end_with_parent() -> None:
    """End this process as soon as the one that began it has ended: if that was killed, nobody would ever tell it to."""
    threading.Thread(target=_await_parent, name="cohortprop-parent", daemon=True).start()


def _await_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(block: Block) -> BlockReport:
    try:
        kit = _Desk.kit or _open()
    except Exception as fault:  # noqa: BLE001 - it is told where the campaign is
        return BlockReport(block.number, fault=portable(fault))
    report = run_block(kit, block, stopped=_Desk.stop.is_set)
    if report.fault is not None:
        report.fault = portable(report.fault)
    return report


def _open() -> TrialKit:
    """Open the kit; it is closed when the worker ends."""
    stack = contextlib.ExitStack()
    _Desk.kit = stack.enter_context(_Desk.source())
    Finalize(None, stack.close, exitpriority=1)
    return _Desk.kit


def portable(fault: Exception) -> Exception:
    """An exception that can be sent to another process, with what its traceback said as a note.

    Example:
        >>> portable(ValueError("no such cohort"))
        ValueError('no such cohort')
        >>> class Odd(Exception):
        ...     def __init__(self, one, two):
        ...         super().__init__(one)
        >>> portable(Odd("lost", 2))
        ToolkitError('Odd: lost')
    """
    told = "".join(traceback.format_exception(fault)).rstrip()
    try:
        pickle.loads(pickle.dumps(fault))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - whatever pickling it may raise
        fault = ToolkitError(f"{type(fault).__name__}: {fault}")
    fault.__traceback__ = fault.__cause__ = fault.__context__ = None
    if not isinstance(fault, UsageError):  # whose one line is all that is told
        fault.add_note(f"In a worker:\n{told}")
    return fault
