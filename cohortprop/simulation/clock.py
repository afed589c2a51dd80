"""Virtual time: what the app under test sees when it asks for the time.

The sender is driven by plain numbers and needs no clock. These adapters make the *app* see the same moments, so that
caches with a lifetime, `expires_at` columns and date-keyed deduplication are exercised. An adapter is entered once for
a campaign or a test, since freezing scans all modules, and moved thereafter, which costs a microsecond.

Freezing time also freezes Hypothesis' own stop-watch, `perf_counter` and `monotonic`, and a jump of four days would end
its shrinking after "five minutes". So those modules are told apart by who asks: the direct caller decides, and callers
in `REAL_TIME_MODULES` get real time. freezegun's default is to look five frames up, which would give a real
`time.time()` to an app called from a rule, beside a frozen `datetime.now()`.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from cohortprop.errors import ToolkitError, UsageError

__all__ = ["CLOCKS", "REAL_TIME_MODULES", "Clock", "NoClock", "open_clock"]

REAL_TIME_MODULES: Final = (
    "hypothesis.",
    "hypofuzz.",
    "rich.",
    "_pytest.",
    "xdist.",
    "execnet.",
    "multiprocessing.",
    "asyncio.",
    "prompt_toolkit.",
    "kombu.transport.",
    "distributed.",
    "dask.",
    "tornado.",
    "cohortprop.stopwatch",
    "cohortprop.transport.watchdog",
    "cohortprop.transport.interleaving",
)
"""Who sees real time while time is frozen: whoever measures or waits for the test run itself.

These are beginnings of names, so packages end in their dot: an app may well be called `richmond`. That is also why they
stand in place of freezegun's own list, on which there are `gi` and `queue`.
"""

_WAITING: Final = ((threading, "_time"), (queue, "time"))
"""Modules whose time-outs would never come in frozen time, and where they keep their clock."""


class Clock(Protocol):
    """What the app sees as the time. Within a trial it never runs backwards."""

    def start(self, moment: datetime) -> None:
        """A trial begins at this moment."""

    def move(self, seconds: float) -> None:
        """It is now so many virtual seconds after the start."""


class _Steady:
    """Keeps every clock from running backwards."""

    def __init__(self) -> None:
        self._start: datetime | None = None
        self._seconds = 0.0

    def start(self, moment: datetime) -> None:
        """A trial begins at this moment."""
        self._start = moment
        self._seconds = 0.0
        self._show(moment)

    def move(self, seconds: float) -> None:
        """It is now so many virtual seconds after the start."""
        if seconds == self._seconds:
            return
        if self._start is None:
            raise ToolkitError(f"the clock was moved to {seconds} before it was started")
        if seconds < self._seconds:
            raise ToolkitError(f"the clock was moved back from {self._seconds} to {seconds}")
        self._seconds = seconds
        self._show(self._start + timedelta(seconds=seconds))

    def _show(self, moment: datetime) -> None:
        """Make the app see this moment."""


class NoClock(_Steady):
    """The app keeps its own time."""


class _Freezegun(_Steady):
    def __init__(self, frozen: Any) -> None:
        super().__init__()
        self._frozen = frozen

    def _show(self, moment: datetime) -> None:
        self._frozen.move_to(moment)


class _TimeMachine(_Steady):
    def __init__(self, traveller: Any) -> None:
        super().__init__()
        self._traveller = traveller

    def _show(self, moment: datetime) -> None:
        self._traveller.move_to(moment, tick=False)


@contextlib.contextmanager
def _freezegun() -> Iterator[Clock]:
    import freezegun
    import freezegun.api

    limit = freezegun.api.call_stack_inspection_limit
    freezegun.api.call_stack_inspection_limit = 1
    try:
        # asyncio must see real time: in frozen time, `asyncio.sleep` in an app or a probe would never come back.
        freezer = freezegun.freeze_time("2026-01-05", real_asyncio=True)
        freezer.ignore = REAL_TIME_MODULES
        with freezer as frozen:
            for module, name in _WAITING:
                setattr(module, name, freezegun.api.real_monotonic)
            yield _Freezegun(frozen)
    finally:
        freezegun.api.call_stack_inspection_limit = limit


@contextlib.contextmanager
def _time_machine() -> Iterator[Clock]:
    try:
        import time_machine
    except ImportError:
        raise UsageError("clock='time_machine' needs a package: pip install 'cohortprop[time-machine]'") from None
    with time_machine.travel("2026-01-05T00:00:00+00:00", tick=False) as traveller:
        yield _TimeMachine(traveller)


@contextlib.contextmanager
def _no_clock() -> Iterator[Clock]:
    yield NoClock()


CLOCKS: Final = {"freezegun": _freezegun, "time_machine": _time_machine, "none": _no_clock}


def open_clock(name: str = "freezegun") -> contextlib.AbstractContextManager[Clock]:
    """The clock of this name, to be entered once for many trials.

    Args:
        name: `freezegun`, `time_machine` (an extra) or `none`.

    Raises:
        UsageError: there is no such clock, or its package is missing.

    Example:
        >>> import time
        >>> from datetime import timezone
        >>> with open_clock("freezegun") as clock:
        ...     clock.start(datetime(2026, 1, 5, tzinfo=timezone.utc))
        ...     clock.move(86400)
        ...     time.strftime("%Y-%m-%d", time.gmtime())
        '2026-01-06'
    """
    if name not in CLOCKS:
        raise UsageError(f"clock={name!r}: choose one of {', '.join(CLOCKS)}")
    return CLOCKS[name]()
