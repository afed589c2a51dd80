"""What a check is: a property, its causes, and the words that explain them; and what a judge is, who finds violations.

A judge is data around two functions: `observe` is called with each event of a trial and yields violations, `diagnose`
names the cause of one. A check owns causes. The same look at the receiver may show that a full sync is merged, that a
rename is not followed or that two cohorts are mixed up, so one judge serves many checks: what it finds is filed under
the check that owns the cause. Your own checks are made with `check`:

    from cohortprop.checks import check
    from cohortprop.simulation import Attempted

    @check("quick", summary="no error page is longer than a page")
    def quick(event, evidence):
        if isinstance(event, Attempted) and event.reply and len(getattr(event.reply, "body", b"")) > 5000:
            yield "the answer is longer than 5,000 bytes"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from cohortprop.errors import UsageError
from cohortprop.oracle import Possible
from cohortprop.simulation import Event
from cohortprop.wire import Delivery

if TYPE_CHECKING:
    from cohortprop.checks.evidence import Evidence

__all__ = ["UNCLASSIFIED", "Cause", "Check", "Judge", "ProfileName", "Severity", "Violation", "check", "registered"]

Severity: TypeAlias = Literal["bug", "advice"]
ProfileName: TypeAlias = Literal["documented", "realistic", "hostile"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A name for what is wrong with a receiver, and the words for it.

    Args:
        name: kebab-case.
        title: one sentence: what the receiver does.
        mend: how such receivers are usually mended.
        severity: `bug` fails a run, `advice` does not unless asked to.
    """

    name: str
    title: str
    mend: str
    severity: Severity = "bug"


UNCLASSIFIED = Cause(
    "unclassified",
    "The pattern is not one that cohortprop knows by name.",
    "Follow the story above step by step; the last delivery before the violation is the place to look.",
)


@dataclass(frozen=True, slots=True)
class Violation:
    """The failure of one check in one trial.

    Args:
        check: name of the check; first that of the judge's own one, then of the one that owns the cause.
        place: index in the history of the event at which it showed.
        expected: what a correct receiver would have done.
        seen: what this one did.
        cohort: id of the cohort it is about, if of one.
        user: identity it is about, if of one.
        signature: which of the check's failures it is, such as `ghost`.
        severity: `bug` fails a run, `advice` does not unless asked to.
        cause: name of the cause; `unclassified` until it is diagnosed.
        number: for arrivals, how many there were, and may be.
        delivery: the delivery it is about, if of one.
        allowed: the oracle's states of the cohort's users at that moment, for whoever tells the story.
        judge: name of the judge who found it; stays when it is filed under another check.
    """

    check: str
    place: int
    expected: str
    seen: str
    cohort: str = ""
    user: str = ""
    signature: str = ""
    severity: Severity = "bug"
    cause: str = UNCLASSIFIED.name
    number: tuple[int, int] | None = None
    delivery: Delivery | None = field(default=None, repr=False)
    allowed: Mapping[str, Possible] = field(default_factory=dict, compare=False, repr=False)
    judge: str = ""

    def __post_init__(self) -> None:
        if not self.judge:
            object.__setattr__(self, "judge", self.check)

    @property
    def key(self) -> tuple[str, str]:
        """What makes two violations the same finding: check and cause."""
        return self.check, self.cause


Observe: TypeAlias = "Callable[[Event, Evidence], Iterable[Violation]]"
Diagnose: TypeAlias = "Callable[[Violation, Evidence], str]"
Accept: TypeAlias = "Callable[[Violation, Evidence], None]"


def _nothing_to_accept(violation: Violation, evidence: Evidence) -> None:
    """Most violations stand alone: once muted, they leave nothing behind that would be accused again."""


def _unclassified(violation: Violation, evidence: Evidence) -> str:
    return violation.cause


@dataclass(frozen=True, slots=True)
class Judge:
    """Finds violations in the events of a trial, and names their causes.

    Args:
        name: of the check under which is filed what has no cause with a name.
        observe: sees each event as it happens, yields violations.
        diagnose: names the cause of a violation from the history.
        needs: probes of the receiver without which it sees nothing.
        accept: takes what was seen as possible from now on, because its cause is muted.
        sees: the kinds of event that it is shown; all of them when empty.
        examines: what the receiver is examined about after a violation, before the cause is named for good: the
            `user` it is about, further `arrivals`, the `delivery` that was refused, the `stray` request, or nothing.
        profile: the mildest profile in which it speaks.
    """

    name: str
    observe: Observe
    diagnose: Diagnose = _unclassified
    needs: tuple[str, ...] = ()
    accept: Accept = _nothing_to_accept
    sees: tuple[type[Event], ...] = ()
    examines: Literal["", "user", "arrivals", "delivery", "stray"] = ""
    profile: ProfileName = "documented"


@dataclass(frozen=True, slots=True)
class Check:
    """A property that every correct receiver has.

    Args:
        name: how it is called on the command line and in findings.
        summary: the property in one sentence.
        why: why the protocol requires it, with the section of the document.
        judges: who find its violations.
        causes: the causes that are filed under it.
        needs: probes and hooks of the receiver without which it cannot run, beyond those of its judges.
        on_request: whether it runs only when it is asked for.
        profile: the mildest profile whose world can show a violation.
    """

    name: str
    summary: str
    why: str
    judges: tuple[Judge, ...]
    causes: tuple[Cause, ...] = ()
    needs: tuple[str, ...] = ()
    on_request: bool = False
    profile: ProfileName = "documented"

    def cause(self, name: str) -> Cause:
        """The cause of that name, with its words."""
        return next((cause for cause in self.causes if cause.name == name), UNCLASSIFIED)


_REGISTERED: dict[str, Check] = {}


def check(
    name: str, *, summary: str, why: str = "", severity: Severity = "bug", needs: Iterable[str] = ()
) -> Callable[[Callable[[Event, Evidence], Iterable[str]]], Check]:
    """Make a check out of a function that yields one line for each violation it sees.

    The check takes part in every run that imports it; the entry-point group `cohortprop.checks` imports it for you.

    Args:
        name: how it is called; must not be taken.
        summary: the property in one sentence.
        why: why it matters.
        severity: `bug`, or `advice` for what must not fail a run.
        needs: probes of the Receiver that it reads, such as `members`.

    Raises:
        UsageError: the name is taken.

    Example:
        >>> @check("never-teapot", summary="the app is no teapot")
        ... def never_teapot(event, evidence):
        ...     if getattr(getattr(event, "reply", None), "status", 0) == 418:
        ...         yield "the app says that it is a teapot"
        >>> never_teapot.name
        'never-teapot'
    """

    def register(function: Callable[[Event, Evidence], Iterable[str]]) -> Check:
        from cohortprop.checks import BUILT_IN  # which are made with what is in this module

        if name in _REGISTERED or name in [each.name for each in BUILT_IN]:
            raise UsageError(f"a check named {name!r} exists already")

        def observe(event: Event, evidence: Evidence) -> Iterable[Violation]:
            for line in function(event, evidence):
                yield Violation(name, len(evidence.history) - 1, summary, line, severity=severity)

        made = Check(name, summary, why, (Judge(name, observe, needs=tuple(needs)),))
        _REGISTERED[name] = made
        return made

    return register


def registered() -> Mapping[str, Check]:
    """The checks that `check` has made."""
    return _REGISTERED
