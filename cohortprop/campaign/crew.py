"""A crew takes blocks and gives back what they came to. This process alone is the smallest one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from cohortprop.campaign.block import Block, BlockReport, run_block
from cohortprop.campaign.report import Finding
from cohortprop.receiver import Receiver
from cohortprop.trial import TrialKit

__all__ = ["Alone", "Crew", "KitSource", "WorkerLost"]

KitSource: TypeAlias = Callable[[], AbstractContextManager[TrialKit]]
"""Opens a kit in whatever process it is called; it is pickled on the way there."""


class WorkerLost(Exception):
    """A worker has died, and the block that it worked on is lost with it; the message says how."""


class Crew(Protocol):
    """Whoever runs blocks."""

    @property
    def size(self) -> int:
        """How many blocks it can work on at a time, now."""

    def submit(self, block: Block) -> Future[BlockReport]:
        """Have a block run. The future raises `WorkerLost` if its worker dies."""

    def stop(self) -> None:
        """Ask for an early end of what is being worked on."""


class Alone:
    """Runs each block in this process, at once.

    Args:
        kit: receiver factory, checks and clock.
        sample: a receiver, to be looked at for what it can do.
        on_finding: called with each finding, as soon as it is shrunk.
        on_trial: called after each trial with what the block has come to so far.
    """

    size = 1

    def __init__(
        self,
        kit: TrialKit,
        sample: Receiver,
        *,
        on_finding: Callable[[Finding], object],
        on_trial: Callable[[BlockReport], object],
    ) -> None:
        self._kit = kit
        self._sample = sample
        self._on_finding = on_finding
        self._on_trial = on_trial

    def submit(self, block: Block) -> Future[BlockReport]:
        """Run a block."""
        future: Future[BlockReport] = Future()
        future.set_result(
            run_block(self._kit, block, sample=self._sample, on_finding=self._on_finding, on_trial=self._on_trial)
        )
        return future

    def stop(self) -> None:
        """Nothing is being worked on whenever this can be called."""
