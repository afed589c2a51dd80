"""Properties that every correct receiver has: one file each, with its causes and the words that explain them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Final, get_args

from cohortprop.checks.acceptance import ACCEPTANCE
from cohortprop.checks.arrivals import ARRIVALS
from cohortprop.checks.authentication import AUTHENTICATION
from cohortprop.checks.base import (
    UNCLASSIFIED,
    Cause,
    Check,
    Judge,
    ProfileName,
    Severity,
    Violation,
    check,
    registered,
)
from cohortprop.checks.clock import CLOCK
from cohortprop.checks.concurrency import CONCURRENCY, cause_in_a_race, crossings, in_turn, just_crossed
from cohortprop.checks.dependency import DEPENDENCY
from cohortprop.checks.durability import DURABILITY
from cohortprop.checks.envelope import ENVELOPE
from cohortprop.checks.evidence import Evidence
from cohortprop.checks.full_page import FULL_PAGE
from cohortprop.checks.isolation import ISOLATION
from cohortprop.checks.malformed import MALFORMED
from cohortprop.checks.membership import MEMBERSHIP
from cohortprop.checks.rename import RENAME
from cohortprop.checks.replay import REPLAY
from cohortprop.checks.sparse import SPARSE
from cohortprop.checks.stranger import STRANGER
from cohortprop.checks.torn import TORN
from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver

__all__ = [
    "BUILT_IN",
    "UNCLASSIFIED",
    "Cause",
    "Check",
    "Evidence",
    "Judge",
    "ProfileName",
    "Severity",
    "Violation",
    "all_checks",
    "as_in",
    "cause_in_a_race",
    "check",
    "crossings",
    "in_turn",
    "judges_for",
    "just_crossed",
    "missing_for",
    "missing_in_part",
    "needs_in_words",
    "owner_of",
    "select",
]

BUILT_IN = (
    MEMBERSHIP,
    ARRIVALS,
    ACCEPTANCE,
    ENVELOPE,
    AUTHENTICATION,
    MALFORMED,
    SPARSE,
    ISOLATION,
    RENAME,
    REPLAY,
    DURABILITY,
    DEPENDENCY,
    FULL_PAGE,
    CONCURRENCY,
    CLOCK,
    STRANGER,
    TORN,
)
"""In the order in which they are told in a report."""

_ARGUMENTS: Final = {"credentials": "auth"}
"""What to give for something that follows from an argument of another name."""

_NOT_TO_BE_GIVEN: Final = {"virtual_time": "virtual time, but a live receiver keeps its own clock"}
"""What follows from how a receiver is reached, in words."""

_OWNERS: Final = {cause.name: each for each in BUILT_IN for cause in each.causes if cause is not UNCLASSIFIED}


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


def select(
    only: Iterable[str] = (), without: Iterable[str] = (), profile: ProfileName = "realistic"
) -> tuple[Check, ...]:
    """The checks to run.

    Args:
        only: names; all that run by themselves when empty.
        without: names to leave out.
        profile: in which they are run; judges of a more hostile one keep silent.

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
    chosen = [known[name] for name in known if name in wanted and name not in set(without)]
    return tuple(_heard_in(profile, each) for each in chosen)


def _heard_in(profile: ProfileName, each: Check) -> Check:
    """The check with those of its judges who speak in this profile."""
    order = get_args(ProfileName)
    judges = tuple(judge for judge in each.judges if order.index(judge.profile) <= order.index(profile))
    return each if judges == each.judges else replace(each, judges=judges)


def missing_for(each: Check, receiver: Receiver) -> tuple[str, ...]:
    """What the check needs of a receiver and does not get; a check is run if one of its judges can see something.

    Each is the name of an argument of Receiver.
    """
    own = _missing(each.needs, receiver)
    if own:
        return own
    lacking = [_missing(judge.needs, receiver) for judge in each.judges]
    return () if not all(lacking) else lacking[0]


def needs_in_words(each: Check, lacks: tuple[str, ...] = ()) -> str:
    """What a check needs of a receiver, or what one lacks for it; empty if it needs nothing but the app.

    Example:
        >>> needs_in_words(DURABILITY), needs_in_words(CLOCK), needs_in_words(RENAME)
        ('restart and members', 'members or arrivals', '')
        >>> needs_in_words(DURABILITY, ("restart",))
        'restart'
    """
    of_judges = [" and ".join(judge.needs) for judge in each.judges]
    either = " or ".join(dict.fromkeys(of_judges)) if all(of_judges) else ""
    for name in lacks:
        if name in _NOT_TO_BE_GIVEN:
            return _NOT_TO_BE_GIVEN[name]
    own = [name for name in each.needs if name not in _NOT_TO_BE_GIVEN]
    if lacks:
        return either if either and set(lacks).isdisjoint(each.needs) else " and ".join(lacks)
    return " and ".join(filter(None, (*own, either)))


def as_in(lacks: tuple[str, ...]) -> str:
    """How to give what a receiver lacks; goes on where that was named. Empty if it cannot be given.

    Example:
        >>> as_in(("members",)), as_in(("virtual_time",))
        (', as in Receiver(members=...)', '')
    """
    return "" if lacks[0] in _NOT_TO_BE_GIVEN else f", as in Receiver({lacks[0]}=...)"


def missing_in_part(each: Check, receiver: Receiver) -> tuple[str, ...]:
    """What a check that is run would see more with: the needs of those of its judges that are not asked."""
    if missing_for(each, receiver):
        return ()
    return tuple(dict.fromkeys(name for judge in each.judges for name in _missing(judge.needs, receiver)))


def _missing(needs: Iterable[str], receiver: Receiver) -> tuple[str, ...]:
    return tuple(_ARGUMENTS.get(name, name) for name in needs if getattr(receiver, name, None) is None)


def judges_for(chosen: Iterable[Check], receiver: Receiver) -> tuple[Judge, ...]:
    """The judges that are to see a trial: each once, and none that would see nothing of this receiver."""
    judges = [judge for each in chosen if not missing_for(each, receiver) for judge in each.judges]
    return tuple(dict.fromkeys(judge for judge in judges if not _missing(judge.needs, receiver)))


def owner_of(cause: str) -> Check | None:
    """The built-in check under which a cause is filed; None for a cause without a name of its own."""
    return _OWNERS.get(cause)
