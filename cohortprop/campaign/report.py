"""What comes of a campaign: findings, figures while it runs, and the report at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cohortprop.campaign.plan import CampaignPlan
from cohortprop.checks import Violation
from cohortprop.reach import SITUATIONS
from cohortprop.simulation import History, Scenario
from cohortprop.wire import DISTINCT_ID

__all__ = ["Finding", "Progress", "Report"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation with its cause, and the shortest scenario that shows it.

    Args:
        violation: what was wrong, in the trial of the shrunk scenario.
        scenario: shrunk.
        history: of the shrunk scenario's trial, aftermath included.
        origin: where it was met: a canonical scenario's name, or the search.
        trials: how many trials had been run by then.
        id_property: the property on which the receiver keys its users.
        pins: readings that were held on to.
        excludes: readings that the receiver does not support.
    """

    violation: Violation
    scenario: Scenario
    history: History = field(repr=False)
    origin: str
    trials: int
    id_property: str = DISTINCT_ID
    pins: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Check and cause."""
        return self.violation.key


@dataclass(slots=True)
class Progress:
    """How far a campaign is, for whoever shows it.

    Args:
        phase: what is going on.
        trials: run so far, shrinking not counted.
        deliveries: that reached the app.
        syncs: that ended.
        virtual_seconds: that have passed in all trials.
        findings: so far.
        seconds: real ones since the start.
    """

    phase: str = ""
    trials: int = 0
    deliveries: int = 0
    syncs: int = 0
    virtual_seconds: float = 0.0
    findings: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Report:
    """What a campaign came to.

    Args:
        plan: what was asked for.
        checks: names of those that ran.
        not_run: names of those that did not, with what the receiver lacks for them.
        findings: of severity bug.
        advice: of severity advice, one for each cause.
        reach: in how many trials each situation was met.
        progress: the figures at the end.
        muted: how often each muted cause was met.
        excluded: readings that the receiver does not support.
        interrupted: whether it was ended by Ctrl-C.
        stopped_by: what ended the search.
        run_in_part: names of those that ran and would see more, with what the receiver lacks for it.
        lacks: hooks that the receiver does not have, without which some situations cannot be met.
        full_page_seconds: real seconds that the slowest full page took; None if none was taken.
        workers: how many processes worked on it, if not this one alone.
        lost: a line for each block of trials that was given up since its worker died, twice.
    """

    plan: CampaignPlan
    checks: list[str]
    not_run: dict[str, tuple[str, ...]]
    excluded: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)
    advice: list[Finding] = field(default_factory=list)
    reach: Counter[str] = field(default_factory=Counter)
    progress: Progress = field(default_factory=Progress)
    muted: Counter[tuple[str, str]] = field(default_factory=Counter)
    interrupted: bool = False
    stopped_by: str = ""
    run_in_part: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    full_page_seconds: float | None = None
    workers: int = 0
    lost: list[str] = field(default_factory=list)

    @property
    def never_reached(self) -> list[str]:
        """Situations that no trial has met."""
        return [name for name in SITUATIONS if not self.reach[name]]
