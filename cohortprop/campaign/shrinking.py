"""From a failed trial to a finding: the shortest scenario with the same check and cause."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from cohortprop.campaign.plan import CampaignPlan
from cohortprop.campaign.report import Finding
from cohortprop.errors import Unreachable
from cohortprop.shrink import shrink
from cohortprop.simulation import Scenario
from cohortprop.trial import Outcome, TrialKit, run

__all__ = ["ShrinkingStopped", "find_in", "finding_of", "shrink_finding"]

_PATIENCE_WHEN_SHRINKING: Final = 1.0
"""Seconds after which a call counts as hanging once a longer one is known to: each candidate may cost as much."""


class ShrinkingStopped(KeyboardInterrupt):
    """Ctrl-C while a finding was being shrunk; what was found by then is not to be lost."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding


def shrink_finding(
    kit: TrialKit,
    outcome: Outcome,
    origin: str,
    trials: int,
    muted: Collection[tuple[str, str]],
    plan: CampaignPlan,
    *,
    excludes: tuple[str, ...] = (),
) -> Finding:
    """Shrink a failed trial to the shortest one with the same check and cause, and run that once more to the end.

    Args:
        kit: receiver factory, checks and clock.
        outcome: of the failed trial.
        origin: where it was met.
        trials: how many trials had been run by then.
        muted: causes that are known; the trial was run with them muted.
        plan: how long shrinking may take, and which readings were pinned.
        excludes: readings that the receiver does not support, and that are not to be tried.

    Raises:
        ShrinkingStopped: by Ctrl-C; it carries the finding as far as it was shrunk.
    """
    assert outcome.violation is not None
    key = outcome.violation.key
    best = outcome

    def fails(candidate: Scenario) -> Scenario | None:
        nonlocal best
        tried = run(kit, candidate, muted)
        if tried.violation is None or tried.violation.key != key:
            return None
        best = tried
        return tried.scenario

    def made() -> Finding:
        return finding_of(best, origin, trials, pins=plan.pins, excludes=excludes)

    patience = kit.watchdog.limit
    try:
        if outcome.violation.signature == "hang":
            kit.watchdog.limit = min(patience, _PATIENCE_WHEN_SHRINKING)
        shrink(outcome.scenario, fails, seconds=plan.shrink_seconds, excludes=excludes)
    except Unreachable:
        pass  # a live receiver is gone for good; what was found is as short as it will get
    except KeyboardInterrupt:
        raise ShrinkingStopped(made()) from None
    finally:
        kit.watchdog.limit = patience
    return made()


def finding_of(
    outcome: Outcome, origin: str, trials: int, *, pins: tuple[str, ...] = (), excludes: tuple[str, ...] = ()
) -> Finding:
    """What a failed trial found, as it is."""
    assert outcome.violation is not None
    facts = outcome.violation, outcome.scenario, outcome.history, origin, trials, outcome.id_property
    return Finding(*facts, pins=pins, excludes=excludes)


def find_in(kit: TrialKit, scenario: Scenario, origin: str) -> Finding | None:
    """Run one scenario; the finding if it fails, not shrunk.

    Args:
        kit: receiver factory, checks and clock.
        scenario: to run.
        origin: what to call it.
    """
    outcome = run(kit, scenario)
    return None if outcome.violation is None else finding_of(outcome, origin, 1)
