"""Celery: waiting until the tasks that the app has sent are done.

With `task_always_eager` tasks run where they are sent, and there is nothing to wait for; but then nothing of what makes
queues hard is tested. A worker in a thread of this process, by Celery's own `celery.contrib.testing.worker`, sees the
frozen time and whatever the app holds in memory. A worker elsewhere needs a result backend, so that it can be asked.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from cohortprop.effects.serving import wait_until

if TYPE_CHECKING:
    from celery import Celery

__all__ = ["SentTasks"]


class SentTasks:
    """Keeps track of the tasks that are sent from this process, from when it is made until it is closed.

    A task that is put off, by `countdown` or `eta`, is waited for only once the time that the app sees has come to it.

    Open it before the worker, which otherwise takes over this process' logging, and findings would lack the app's log.

    Args:
        app: the Celery app.
        seconds: real ones, after which `drain` gives up.

    Example:
        >>> from celery import Celery
        >>> from celery.contrib.testing.worker import start_worker
        >>> app = Celery("shop", broker="memory://")
        >>> app.conf.broker_transport_options = {"polling_interval": 0.01}
        >>> done = []
        >>> @app.task
        ... def mail(user):
        ...     done.append(user)
        >>> with SentTasks(app) as tasks, start_worker(app, perform_ping_check=False):
        ...     sent = mail.delay("ann")
        ...     tasks.drain()
        ...     done
        ['ann']
    """

    def __init__(self, app: Celery, seconds: float = 10.0) -> None:
        from celery import signals

        self._app = app
        self._seconds = seconds
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._put_off: dict[str, datetime] = {}
        self._signals = (
            (signals.after_task_publish, self._sent),
            (signals.task_postrun, self._done),
            (signals.task_revoked, self._revoked),
            (signals.setup_logging, _leave_it),
        )
        for signal, hear in self._signals:
            signal.connect(hear, weak=False)

    def drain(self) -> None:
        """Wait until all tasks that are due are done, for ``Receiver(drain=...)``.

        Raises:
            TimeoutError: they are not, after so many real seconds: is there a worker?
        """
        wait_until(lambda: not self._due(), self._seconds, "a task that was sent to Celery is not done")

    def reset(self) -> None:
        """Wait for what is due, and call off what was put off, so that no trial hears of the one before."""
        self.drain()
        with self._lock:
            left = list(self._open)
            self._open.clear()
            self._put_off.clear()
        if left:
            self._app.control.revoke(left)

    def close(self) -> None:
        """Hear of no more tasks."""
        for signal, hear in self._signals:
            signal.disconnect(hear)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _due(self) -> list[str]:
        now = datetime.now().astimezone()
        with self._lock:
            sent = [each for each, times in self._open.items() if times > 0]
            due = [each for each in sent if each not in self._put_off or self._put_off[each] <= now]
        return [each for each in due if not self._is_known_to_be_done(each)]

    def _is_known_to_be_done(self, task_id: str) -> bool:
        """Whether a worker elsewhere has said so to the result backend."""
        if type(self._app.backend).__name__ == "DisabledBackend" or not self._app.AsyncResult(task_id).ready():
            return False
        with self._lock:
            self._open.pop(task_id, None)
            self._put_off.pop(task_id, None)
        return True

    def _sent(self, headers: Any = None, **_more: Any) -> None:
        task_id, eta = headers["id"], headers.get("eta")
        with self._lock:
            self._count(task_id, 1)
            if eta is not None and self._open[task_id]:
                self._put_off[task_id] = datetime.fromisoformat(eta).astimezone()

    def _done(self, task_id: str = "", **_more: Any) -> None:
        with self._lock:
            self._count(task_id, -1)

    def _revoked(self, request: Any = None, **_more: Any) -> None:
        self._done(request.id)

    def _count(self, task_id: str, change: int) -> None:
        """The worker may be done with a task before the sender hears that it was sent: then it is -1 for a moment."""
        self._open[task_id] += change
        if not self._open[task_id]:
            del self._open[task_id]
            self._put_off.pop(task_id, None)


def _leave_it(**_more: Any) -> None:
    """Celery sets up logging, and redirects what is printed, unless somebody says that it has been seen to."""
