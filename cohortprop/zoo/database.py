"""A private SQLite database in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Database"]


class Database(sqlite3.Connection):
    """One connection, made for one app.

    It may be used from another thread than the one that made it, since whoever runs the app may do so under a time
    limit. It closes itself: a `Receiver` has no end of life, and an unclosed connection is a warning in Python 3.13.
    """

    def __init__(self, schema: str) -> None:
        super().__init__(":memory:", check_same_thread=False)
        self.executescript(schema)
        self._full = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is kept as a whole or not at all.

        Raises:
            sqlite3.OperationalError: the disk is full.
        """
        with self:
            yield
            if self._full:
                raise sqlite3.OperationalError("database or disk is full")

    @contextmanager
    def fails(self) -> Iterator[None]:
        """While the context lasts, the disk is full: every transaction fails, at its very end."""
        self._full += 1
        try:
            yield
        finally:
            self._full -= 1

    def __del__(self) -> None:
        self.close()
