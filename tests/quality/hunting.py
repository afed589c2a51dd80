"""Campaigns as users run them, ended as soon as the test has seen what it came for."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager

from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import BUILT_IN
from cohortprop.simulation import Scenario
from cohortprop.trial import TrialKit, open_kit, run
from cohortprop.zoo import Bug, Entry

HANGING = 1.0
"""Seconds after which a receiver that hangs is given up; as long as the others have by default would take minutes."""


class Enough(KeyboardInterrupt):
    """Ends a campaign as Ctrl-C does."""


def hunt(entry: Entry, plan: CampaignPlan, until: Collection[Bug] = ()) -> list[Finding]:
    """What a campaign finds; it ends early when it has found all of `until`."""
    missing = set(until)

    def hear(finding: Finding) -> None:
        missing.discard(finding.key)
        if until and not missing:
            raise Enough

    with kit_for(entry) as kit:
        return Campaign(kit, plan, on_finding=hear).run().findings


def verdict_on(entry: Entry, scenario: Scenario) -> Bug | None:
    """Check and cause of what a scenario shows about a receiver."""
    with kit_for(entry) as kit:
        violation = run(kit, scenario).violation
    return None if violation is None else violation.key


def kit_for(entry: Entry) -> AbstractContextManager[TrialKit]:
    """Receiver, checks and clock."""
    return open_kit(entry.factory, BUILT_IN, time_limit=time_limit_for(entry))


def time_limit_for(entry: Entry) -> float:
    """Seconds that a call may take."""
    hangs = bool({("acceptance", "hangs"), ("concurrency", "deadlock")} & set(entry.bugs))
    return HANGING if hangs else 10.0
