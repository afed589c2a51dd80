"""Crews for the tests: what a campaign makes of blocks does not depend on who works on them, and in which order."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from cohortprop import zoo
from cohortprop.campaign import Block, BlockReport, WorkerLost, run_block
from cohortprop.campaign.workers import WORKER
from cohortprop.checks import BUILT_IN
from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver
from cohortprop.trial import TrialKit, open_kit


class Upside:
    """Runs blocks on one thread of this process, of those that it holds always the one that came last.

    Args:
        kit: receiver, checks and clock.
        size: how many blocks it holds.
        dies: by number of block, how often its worker dies.
        twice: whether it runs each block twice, as a scheduler may.
    """

    def __init__(
        self, kit: TrialKit, size: int = 3, dies: dict[int, int] | None = None, *, twice: bool = False
    ) -> None:
        self.kit = kit
        self.size = size
        self.dies = dict(dies or {})
        self.twice = twice
        self.blocks: list[Block] = []
        self.done: list[int] = []
        self.most = 0
        self.stopped = False
        self._held: list[tuple[Block, Future[BlockReport]]] = []
        self._there = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.submit(Block(-1, self.blocks[0].plan))
        self._thread.join()

    def submit(self, block: Block) -> Future[BlockReport]:
        future: Future[BlockReport] = Future()
        with self._there:
            self.blocks.append(block)
            self._held.append((block, future))
            self.most = max(self.most, len(self._held))
            self._there.notify()
        return future

    def stop(self) -> None:
        self.stopped = True

    def _work(self) -> None:
        while True:
            with self._there:
                self._there.wait_for(lambda: self._held)
                self._there.wait_for(lambda: len(self._held) == self.size, timeout=0.05)
                block, future = self._held.pop()
            if block.number < 0:
                return
            if self.dies.get(block.number, 0) > 0:
                self.dies[block.number] -= 1
                future.set_exception(WorkerLost("its worker died (SIGKILL)"))
                continue
            report = run_block(self.kit, block, stopped=lambda: self.stopped)
            if self.twice:
                report = run_block(self.kit, block, stopped=lambda: self.stopped)
            self.done.append(block.number)
            future.set_result(report)


# Sources of kits, which other processes can be told: functions of a module.


@contextlib.contextmanager
def kit_of_zoo(name: str) -> Iterator[TrialKit]:
    with open_kit(zoo.find(name).factory, BUILT_IN, clock="none") as kit:
        yield kit


@contextlib.contextmanager
def kit_of_zoo_in_frozen_time(name: str) -> Iterator[TrialKit]:
    with open_kit(zoo.find(name).factory, BUILT_IN) as kit:
        yield kit


@contextlib.contextmanager
def kit_that_dies(folder: Path, times: int, after: int) -> Iterator[TrialKit]:
    """The process is killed at the first trial of the block after so many, so many times in all."""
    built = 0

    def receiver() -> Receiver:
        nonlocal built
        built += 1
        dead = len(list(folder.iterdir()))
        if dead < times and built > after:
            (folder / f"dead-{dead}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return zoo.stages_per_cohort()

    with open_kit(receiver, BUILT_IN, clock="none") as kit:
        yield kit


def kit_that_tells_its_number() -> AbstractContextManager[TrialKit]:
    raise UsageError(f"worker {os.environ[WORKER]}")


def no_kit(fault: Exception) -> AbstractContextManager[TrialKit]:
    raise fault


def kept(found: Any) -> Any:
    """What must be the same whoever ran the blocks."""
    return [(each.key, each.origin, each.trials, each.scenario) for each in found]
