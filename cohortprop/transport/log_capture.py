"""What the app logs while it handles a delivery, so that a finding can show it."""

from __future__ import annotations

import logging

__all__ = ["LogCapture"]

_MOST_LINES = 50


class LogCapture(logging.Handler):
    """A handler on the root logger that holds the last lines; having one also keeps them off the user's terminal.

    Example:
        >>> with LogCapture() as capture:
        ...     logging.getLogger("shop").warning("no such cohort: %s", "7")
        ...     capture.take()
        ('WARNING shop: no such cohort: 7',)
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Hold a record as a line; what comes after the first fifty is dropped."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")

    def take(self) -> tuple[str, ...]:
        """The lines since the last call."""
        if not self._lines:
            return ()
        lines = tuple(self._lines)
        self._lines.clear()
        return lines

    def __enter__(self) -> LogCapture:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        logging.getLogger().removeHandler(self)
