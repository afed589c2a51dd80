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

    @contextmanager
    def fails(self) -> Iterator[None]:
        """While the context lasts, every write raises `sqlite3.OperationalError`, as on a full disk."""
        self.execute("PRAGMA query_only = ON")
        try:
            yield
        finally:
            self.execute("PRAGMA query_only = OFF")

    def __del__(self) -> None:
        self.close()
