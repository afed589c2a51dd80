"""The errors that cohortprop raises on purpose, sorted by whose fault they are.

`UsageError` is the caller's: bad input, said in one line that names the place and the way out (exit code 2).
`ToolkitError` is ours: a broken invariant of cohortprop itself (exit code 3). What is wrong with a *receiver* is never
an exception of this module; it is a violation, and it ends up in a finding.
"""

from __future__ import annotations

__all__ = ["ToolkitError", "UsageError"]


class UsageError(ValueError):
    """Something the user wrote cannot be used as it is; the message is one line that says what to change."""


class ToolkitError(RuntimeError):
    """cohortprop broke one of its own promises; please report it."""
