"""The errors that cohortprop raises on purpose, sorted by whose fault they are.

`UsageError` is the caller's: bad input, said in one line that names the place and the way out (exit code 2).
`ToolkitError` is ours: a broken invariant of cohortprop itself (exit code 3). What is wrong with a *receiver* is never
an exception of this module; it is a violation, and it ends up in a finding.
"""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

__all__ = ["ToolkitError", "Unreachable", "UsageError", "in_one_line"]


class UsageError(ValueError):
    """Something the user wrote cannot be used as it is; the message is one line that says what to change."""


class Unreachable(UsageError):
    """A live receiver cannot be asked: nothing answers at its address, or the server that was started has ended.

    Args:
        message: one line.
        died: how the server ended and what it wrote last; empty where it is not known to have ended.
    """

    def __init__(self, message: str, died: str = "") -> None:
        super().__init__(message)
        self.died = died


class ToolkitError(RuntimeError):
    """cohortprop broke one of its own promises; please report it."""


def in_one_line(fault: BaseException) -> str:
    """An exception out of the user's code: its kind, the first line of its message, and the place in that code.

    Example:
        >>> in_one_line(KeyError("1001"))
        "KeyError: '1001'"
    """
    said = str(fault).strip().splitlines()
    line = f"{type(fault).__name__}: {said[0].rstrip()}" if said else type(fault).__name__
    if isinstance(fault, SyntaxError):
        return line  # it names its place itself
    theirs = (*map(sysconfig.get_path, ("stdlib", "purelib", "platlib")), str(Path(__file__).parent), "<")
    own = [each for each in traceback.extract_tb(fault.__traceback__) if not each.filename.startswith(theirs)]
    return f"{line} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else line
