"""When a delivery that failed is tried again. ("We retry syncs 5 times over 60 secs with exponential backoff")"""

from __future__ import annotations

from typing import Final

from cohortprop.sender.dialect import Dialect
from cohortprop.wire import RETRIES, RETRY_WINDOW

__all__ = ["retry_offsets"]


def _doubling(retries: int) -> tuple[float, ...]:
    """Waits that double and add up to the window: after n of them (2^n - 1) of (2^retries - 1) parts have passed."""
    return tuple(RETRY_WINDOW * (2**tried - 1) / (2**retries - 1) for tried in range(1, retries + 1))


_OFFSETS: Final = {"five_more": _doubling(RETRIES), "five_in_all": _doubling(RETRIES - 1)}


def retry_offsets(dialect: Dialect) -> tuple[float, ...]:
    """Seconds after the first try at which the further tries come.

    Example:
        >>> [round(offset, 2) for offset in retry_offsets(Dialect())]
        [1.94, 5.81, 13.55, 29.03, 60.0]
        >>> retry_offsets(Dialect(retries="five_in_all"))
        (4.0, 12.0, 28.0, 60.0)
    """
    return _OFFSETS[dialect.retries]
