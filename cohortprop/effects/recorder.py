"""What has arrived, in memory: for an app that is handed what it sends with."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

__all__ = ["Recorder"]


class Recorder:
    """Keeps each side effect as an arrival, in the order in which they came; for many threads at once.

    Hand it to the app in place of what sends its mails, and give its `arrivals` to the `Receiver`. Where the app
    expects a function, hand it the method `record`.

    Example:
        >>> from cohortprop import Receiver
        >>> recorder = Recorder()
        >>> def create_app(mailer):
        ...     def app(environ, start_response):
        ...         mailer.mail("7", "ann")
        ...         start_response("200 OK", [])
        ...         return []
        ...     return app
        >>> receiver = Receiver(create_app(mailer=recorder), arrivals=recorder.arrivals, dependency=recorder.failing)
        >>> recorder.mail("7", "bob")
        >>> recorder.arrivals()
        [('7', 'bob')]
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrivals: list[tuple[str | int, str | int]] = []
        self._errors: list[Exception] = []

    def record(self, cohort_id: str | int, user: str | int) -> None:
        """A side effect has happened: this user was acted upon, for entering this cohort.

        Raises:
            Exception: that of `failing`, as long as it lasts; then nothing has happened.
        """
        with self._lock:
            if self._errors:
                raise self._errors[-1]
            self._arrivals.append((cohort_id, user))

    def mail(self, cohort_id: str | int, user: str | int) -> None:
        """The same as `record`, called by what most apps do."""
        self.record(cohort_id, user)

    def arrivals(self) -> list[tuple[str | int, str | int]]:
        """All side effects since the last reset, as pairs of cohort id and user, for ``Receiver(arrivals=...)``."""
        with self._lock:
            return list(self._arrivals)

    def reset(self) -> None:
        """Forget all, as at the start of a trial."""
        with self._lock:
            self._arrivals.clear()

    @contextlib.contextmanager
    def failing(self, error: Exception | None = None) -> Iterator[None]:
        """Nothing can be sent meanwhile, for ``Receiver(dependency=...)``.

        Args:
            error: what is raised in the app; by default a `ConnectionError`.

        Example:
            >>> recorder = Recorder()
            >>> with recorder.failing():
            ...     recorder.mail("7", "ann")
            Traceback (most recent call last):
            ...
            ConnectionError: the recorder was told to fail
        """
        raised = ConnectionError("the recorder was told to fail") if error is None else error
        with self._lock:
            self._errors.append(raised)
        try:
            yield
        finally:
            with self._lock:
                self._errors.remove(raised)
