"""Where a run prints: findings and the summary on standard output, live figures wherever there is a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cohortprop.stopwatch import Stopwatch

if TYPE_CHECKING:
    from cohortprop.campaign import Progress
    from cohortprop.transport import LogCapture

__all__ = ["Ticker", "captured_prints", "console_on", "note", "only_json", "print_json"]

_EVERY: Final = 0.1
_NOBODY_READS: Final = 141
"""What a shell makes of a program that a broken pipe has ended."""


def console_on(stream: TextIO, *, color: bool, silent: bool = False) -> Console:
    """A console that prints just what it is given, without guessing at highlights.

    Args:
        stream: standard output or standard error, as it is now.
        color: whether colours may be used where the stream is a terminal.
        silent: whether to print nothing at all.
    """
    return _Console(file=stream, no_color=None if color else True, highlight=False, quiet=silent)


class _Console(Console):
    """Ends quietly when nobody reads on, as in `cohortprop run ... | head`, whatever standard output is by then."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())  # what is left to be flushed goes nowhere
        raise SystemExit(_NOBODY_READS)


@contextlib.contextmanager
def only_json(*, wanted: bool) -> Iterator[None]:
    """Keep standard output for the JSON at the end: whatever the user's code prints goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr) if wanted else contextlib.nullcontext():
        yield


def print_json(data: object) -> None:
    """Print JSON data on standard output."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def note(console: Console, label: str, text: str) -> None:
    """Print a remark beside its label, on one line, however long: it may be copied."""
    console.print(Text.assemble((label.ljust(12), "bold cyan"), text), soft_wrap=True)


class Ticker:
    """Live figures, gone when the run is over; on no terminal it does nothing.

    Args:
        console: what the findings are printed on; taken when it is a terminal.
        trials: drawn trials at most.
        seconds: of search at most.
        shown: whether figures are wanted at all.
    """

    def __init__(self, console: Console, *, trials: int, seconds: float, shown: bool) -> None:
        if console.quiet or not console.is_terminal:
            console = Console(file=sys.stderr, no_color=console.no_color, highlight=False)
        self._live: Live | None = None
        if shown and console.is_terminal:
            self._live = Live(console=console, transient=True, auto_refresh=False, redirect_stdout=False)
        self._budget = f"{trials:,} trials or {seconds:g} s"
        self._pause = Stopwatch(0.0)
        self.found_before = 0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, progress: Progress) -> None:
        """Show the figures, ten times a second at most."""
        if self._live is None or not self._pause.expired:
            return
        self._pause = Stopwatch(_EVERY)
        self._live.update(Text(self.line(progress), style="dim"), refresh=True)

    def line(self, progress: Progress) -> str:
        """The figures, told in one go."""
        found = self.found_before + progress.findings
        figures = (
            f"{progress.seconds:.1f} s",
            f"{progress.trials:,} trials",
            f"{found} finding{'' if found == 1 else 's'}",
            f"{progress.deliveries:,} deliveries",
            f"{progress.syncs:,} syncs",
            f"{progress.virtual_seconds / 86_400:,.0f} virtual days",
        )
        return f"{progress.phase} (at most {self._budget}): {', '.join(figures)}"


class _Prints(io.TextIOBase):
    """A standard output whose lines go to what holds the app's log."""

    def __init__(self, capture: LogCapture) -> None:
        super().__init__()
        self._capture = capture
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._capture.emit(logging.makeLogRecord({"levelname": "PRINTED", "name": "stdout", "msg": line}))
        return len(text)


@contextlib.contextmanager
def captured_prints(capture: LogCapture) -> Iterator[None]:
    """What the app prints is held with what it logs, and shown with a finding, not a thousand times over."""
    with contextlib.redirect_stdout(_Prints(capture)):
        yield
