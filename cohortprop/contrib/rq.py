"""RQ: the jobs on its queues, done in this process whenever the receiver is about to be looked at.

RQ's own `Worker` forks for each job. What a job then does in memory is lost with the child, and so is a database in
memory; `SimpleWorker`, which is used here, works in this process, where time is frozen too.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rq import Queue

__all__ = ["done_here"]

_TAKEN_BY_RQ: Final = (signal.SIGINT, signal.SIGTERM)


def done_here(*queues: Queue) -> Callable[[], None]:
    """A function for ``Receiver(drain=...)`` that does all jobs on these queues, and those that they put there.

    Ctrl-C goes on to end the run: RQ's workers take its signal for themselves, and this gives it back.

    Args:
        *queues: of the app; their connection may be to fakeredis.

    Example:
        >>> from fakeredis import FakeStrictRedis
        >>> from rq import Queue
        >>> jobs = Queue(connection=FakeStrictRedis())
        >>> job = jobs.enqueue(len, "ann")
        >>> done_here(jobs)()
        >>> job.return_value()
        3
    """

    def drain() -> None:
        from rq import SimpleWorker

        if not any(each.count for each in queues):
            return
        before = {number: signal.getsignal(number) for number in _TAKEN_BY_RQ}
        try:
            SimpleWorker(list(queues), connection=queues[0].connection).work(burst=True, logging_level="WARNING")
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    return drain
