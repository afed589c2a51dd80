"""What the app logs while it handles a delivery, so that a finding can show it."""

from __future__ import annotations

import logging
import reprlib
import traceback
from typing import Self

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
        """Hold a record as a line, its traceback below it; what comes after the first fifty is dropped."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append(f"{record.levelname} {record.name}: {_message(record)}")

    def take(self) -> tuple[str, ...]:
        """The lines since the last call."""
        if not self._lines:
            return ()
        lines = tuple(self._lines)
        self._lines.clear()
        return lines

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        logging.getLogger().removeHandler(self)


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - logging forgives an app whose arguments do not fit its message, and so must we
        text = f"{reprlib.repr(record.msg)} with {reprlib.repr(record.args)}, which do not fit"
    if record.exc_info and record.exc_info[1] is not None:  # frameworks log what they turn into their error page
        text += "\n" + "".join(traceback.format_exception(record.exc_info[1])).rstrip()
    return text
