"""Real time, for budgets and progress. On the list of modules that frozen time leaves alone."""

from __future__ import annotations

import time
from typing import Final

__all__ = ["Stopwatch", "real_seconds"]

real_seconds: Final = time.perf_counter
"""The real clock itself, for what is measured at every call: asked by this name, of this module, it costs next to
nothing. A module that imports the name for itself gets frozen time like any other."""


class Stopwatch:
    """Measures real seconds, whatever the virtual clock shows.

    Args:
        limit: seconds after which it has expired; None for never.

    Example:
        >>> Stopwatch(limit=None).expired
        False
    """

    __slots__ = ("_began", "limit")

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self._began

    @property
    def expired(self) -> bool:
        """Whether the limit has passed."""
        return self.limit is not None and self.seconds >= self.limit
