"""Who runs the blocks of a campaign: this process, workers beside it, or a cluster; and what others have found."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from cohortprop.errors import UsageError
from cohortprop.settings import Settings

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.campaign import Crew
    from cohortprop.memory import Memory
    from cohortprop.receiver import Receiver
    from cohortprop.trial import TrialKit

__all__ = ["kit_of", "open_crew", "open_memory"]


@contextlib.contextmanager
def kit_of(settings: Settings) -> Iterator[TrialKit]:
    """Open the kit of a run, in this process or another: the target is imported before time is frozen.

    Raises:
        UsageError: the target cannot be loaded here.
    """
    from cohortprop.cli.screen import captured_prints
    from cohortprop.trial import open_kit

    with contextlib.redirect_stdout(io.StringIO()):  # what it prints has been seen where the run was begun
        target = settings.load()
        clock = settings.clock_for(target.make())
    with (
        open_kit(target.make, settings.checks(), clock=clock, time_limit=settings.time_limit) as kit,
        captured_prints(kit.capture),
    ):
        yield kit


@contextlib.contextmanager
def open_crew(settings: Settings, receiver: Receiver) -> Iterator[Crew | None]:
    """The crew that is asked for; None when this process is to do it alone.

    Args:
        settings: how many workers, or which cluster.
        receiver: the target's.

    Raises:
        UsageError: the receiver cannot be shared by several workers; the cluster cannot be reached.
    """
    if settings.cluster is None and settings.processes == 1:
        yield None
        return
    if isinstance(receiver.app, str) and receiver.reset is not None:
        raise UsageError(
            f"workers: all of them would share {receiver.url}, and reset it under each other; leave reset out, for "
            "then each trial has cohorts of its own, or let each worker --start a server"
        )
    source = partial(kit_of, settings)
    if settings.cluster is not None:
        from cohortprop.campaign.cluster import Cluster

        with Cluster(source, settings.cluster) as cluster:
            yield cluster
    else:
        from cohortprop.campaign.workers import LocalWorkers

        with LocalWorkers(source, settings.processes) as workers:
            yield workers


@contextlib.contextmanager
def open_memory(settings: Settings, target: str, tell: Callable[[str], object]) -> Iterator[Memory | None]:
    """The failures that are shared with other runs; None when none are.

    Args:
        settings: which databases.
        target: name of what is tested.
        tell: hears, in one line each, of what is in trouble.

    Raises:
        UsageError: a URL is none, or nothing answers there.
    """
    if not settings.database:
        yield None
        return
    from cohortprop.memory import Memory, open_database

    memory = Memory(open_database(*settings.database, tell=tell), target, tell=tell)
    try:
        yield memory
    finally:
        memory.close()
