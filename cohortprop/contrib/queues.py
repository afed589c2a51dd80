"""Queues of the standard library: waiting until a worker thread has done all that was put on one."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from cohortprop.effects.serving import wait_until

__all__ = ["joined"]


def joined(*queues: queue.Queue[Any], seconds: float = 10.0) -> Callable[[], None]:
    """A function for ``Receiver(drain=...)`` that waits as `Queue.join` does, but not for ever if a worker has died.

    The worker must call `task_done` after each item, as for `join`.

    Args:
        *queues: all that the app has.
        seconds: real ones, after which it gives up.

    Example:
        >>> import threading
        >>> jobs, done = queue.Queue(), []
        >>> def work():
        ...     while (job := jobs.get()) is not None:
        ...         done.append(job)
        ...         jobs.task_done()
        >>> worker = threading.Thread(target=work)
        >>> worker.start()
        >>> jobs.put("mail to ann")
        >>> joined(jobs)()
        >>> done
        ['mail to ann']
        >>> jobs.put(None)
        >>> worker.join()
    """

    def drain() -> None:
        wait_until(lambda: not any(each.unfinished_tasks for each in queues), seconds, "there is still work on a queue")

    return drain
