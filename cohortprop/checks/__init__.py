"""Properties that every correct receiver has: one file each, with its causes and the words that explain them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import entry_points

from cohortprop.checks.acceptance import ACCEPTANCE
from cohortprop.checks.arrivals import ARRIVALS
from cohortprop.checks.base import UNCLASSIFIED, Cause, Check, Severity, Violation, check, registered
from cohortprop.checks.envelope import ENVELOPE
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.membership import MEMBERSHIP
from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver

__all__ = [
    "BUILT_IN",
    "UNCLASSIFIED",
    "Cause",
    "Check",
    "Evidence",
    "Severity",
    "Violation",
    "all_checks",
    "check",
    "missing_for",
    "select",
]

BUILT_IN = (MEMBERSHIP, ARRIVALS, ACCEPTANCE, ENVELOPE)
"""In the order in which they are asked about an event, and told in a report."""


def all_checks() -> dict[str, Check]:
    """Every check by name: the built-in ones, and those that users registered or that packages announce.

    Raises:
        UsageError: a package announces checks that cannot be imported.
    """
    for announced in entry_points(group="cohortprop.checks"):
        try:
            announced.load()
        except Exception as fault:
            raise UsageError(f"the checks of {announced.value!r} cannot be loaded: {fault}") from fault
    return {each.name: each for each in BUILT_IN} | dict(registered())


def select(only: Iterable[str] = (), without: Iterable[str] = ()) -> tuple[Check, ...]:
    """The checks to run.

    Args:
        only: names; all that run by themselves when empty.
        without: names to leave out.

    Raises:
        UsageError: there is no check of some name.

    Example:
        >>> [check.name for check in select(without=["envelope"])][:3]
        ['membership', 'arrivals', 'acceptance']
    """
    known = all_checks()
    for name in (*only, *without):
        if name not in known:
            raise UsageError(f"no check is called {name!r}; there are {', '.join(known)}")
    wanted = list(only) or [name for name, each in known.items() if not each.on_request]
    return tuple(known[name] for name in known if name in wanted and name not in set(without))


def missing_for(each: Check, receiver: Receiver) -> tuple[str, ...]:
    """What the check needs of a receiver and does not get."""
    return tuple(name for name in each.needs if getattr(receiver, name, None) is None)
