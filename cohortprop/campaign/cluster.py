"""A cluster: blocks are run by the workers of a dask scheduler, on as many machines as there are.

Nothing is scheduled here. A block is one task; dask hands it to a worker, and begins it anew elsewhere when that worker
is gone. It may even run a block twice, which changes nothing. The target is imported by each worker, so it must be
importable there, as it is here. Time is frozen in a worker only while it runs a block, and not for dask itself.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any, Final, Self

from cohortprop.campaign.block import Block, BlockReport, run_block
from cohortprop.campaign.crew import KitSource, WorkerLost
from cohortprop.campaign.workers import portable
from cohortprop.errors import Unreachable, UsageError
from cohortprop.stopwatch import Stopwatch

__all__ = ["Cluster"]

_PATIENCE: Final = 10.0
"""Seconds in which a scheduler has to answer, and a first worker to be there."""
_LOOK_EVERY: Final = 0.25
"""Seconds between two looks at the stop flag, and at the number of workers: each is a message."""
_ONE_AT_A_TIME: Final = threading.Lock()
"""A worker of several threads shares one clock."""


class Cluster:
    """Runs blocks on a dask cluster; to be entered, and left when the campaign is over.

    Args:
        source: opens the kit on a worker; it is pickled, so it is a function of a module or a `partial` of one.
        address: of the scheduler, such as ``tcp://127.0.0.1:8786``.

    Raises:
        UsageError: dask.distributed is not installed, nobody answers at the address, or there is no worker.
    """

    def __init__(self, source: KitSource, address: str) -> None:
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError:
            raise UsageError("--cluster needs a package: pip install 'cohortprop[cluster]'") from None
        self._source = source
        self._address = address
        self._flag = f"cohortprop-stop-{uuid.uuid4()}"
        try:
            self._client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as fault:
            raise UsageError(
                f"cluster: no scheduler answers at {address} ({type(fault).__name__}); start one with: dask scheduler"
            ) from None
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            self._client.close()
            raise UsageError(
                f"cluster: the scheduler at {address} has no workers; start one with: dask worker {address}"
            ) from None
        self._event = distributed.Event(self._flag, client=self._client)
        self._executor = self._client.get_executor(retries=0, pure=False)
        self._asked = Stopwatch(0.0)
        self._size = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self._executor.shutdown(wait=False)
        with contextlib.suppress(OSError, TimeoutError):
            self._client.close(timeout=_PATIENCE)

    @property
    def size(self) -> int:
        """As many as there are threads of workers now, for they come and go."""
        if self._asked.expired:
            self._asked = Stopwatch(_LOOK_EVERY)
            if self._client.status == "running":
                threads = self._client.scheduler_info(n_workers=-1)["workers"].values()
                self._size = max(1, sum(each["nthreads"] for each in threads))
        return self._size

    def submit(self, block: Block) -> Future[BlockReport]:
        """Have a block run.

        Raises:
            Unreachable: the scheduler is gone.
        """
        if self._client.status != "running":
            raise Unreachable(f"cluster: the scheduler at {self._address} is gone")
        outer: Future[BlockReport] = Future()
        inner = self._executor.submit(_task(), pickle.dumps((self._source, block, self._flag)))
        inner.add_done_callback(partial(self._hand_over, outer))
        return outer

    def stop(self) -> None:
        """Ask for an early end: cancelling a task does not stop it once it runs."""
        if self._client.status == "running":
            self._event.set()

    def _hand_over(self, outer: Future[BlockReport], inner: Future[BlockReport]) -> None:
        try:
            outer.set_result(inner.result())
        except CancelledError:
            outer.set_exception(WorkerLost("the scheduler gave it up"))
        except Exception as fault:  # noqa: BLE001 - dask's own, of a class that is known only where dask is
            if isinstance(fault, ModuleNotFoundError) and fault.name:
                text = f"cluster: a worker has no module {fault.name!r}; install there what is installed here"
                outer.set_exception(UsageError(text))
            elif type(fault).__name__ in ("KilledWorker", "CommClosedError"):
                outer.set_exception(WorkerLost(f"its workers died ({type(fault).__name__})"))
            else:
                outer.set_exception(fault)


def _task() -> Callable[[bytes], BlockReport]:
    """What is sent to a worker. It travels by value, and its argument as bytes, so the scheduler can do without us."""

    def task(sent: bytes) -> BlockReport:
        import pickle

        from cohortprop.campaign.cluster import work

        return work(*pickle.loads(sent))  # noqa: S301 - from ourselves, by the way of the scheduler

    return task


# On a worker


def work(source: KitSource, block: Block, flag: str) -> BlockReport:
    """Run a block on a worker.

    Args:
        source: opens the kit.
        block: to run.
        flag: name of the cluster's event that asks for an early end.
    """
    distributed: Any = importlib.import_module("distributed")
    worker = distributed.get_worker()
    stopped = _polled(distributed.Event(flag, client=distributed.get_client()).is_set)
    with _ONE_AT_A_TIME:
        try:
            with source() as kit:
                report = run_block(kit, block, stopped=stopped)
        except UsageError as fault:
            report = BlockReport(block.number, fault=UsageError(f"worker {worker.address}: {fault}"))
        except Exception as fault:  # noqa: BLE001 - it is told where the campaign is
            report = BlockReport(block.number, fault=fault)
    if report.fault is not None:
        report.fault = portable(report.fault)
    return report


def _polled(asked: Callable[[], bool]) -> Callable[[], bool]:
    """The same question, asked now and then; once the answer was yes, it stays so."""
    pause = Stopwatch(_LOOK_EVERY)
    answer = False

    def stopped() -> bool:
        nonlocal pause, answer
        if not answer and pause.expired:
            answer = asked()
            pause = Stopwatch(_LOOK_EVERY)
        return answer

    return stopped
