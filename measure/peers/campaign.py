"""cohortprop itself, as `cohortprop run` has it: the canonical scenarios first, then the search, default settings."""

from __future__ import annotations

import contextlib

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding, Progress
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.receiver import Receiver
from cohortprop.trial import open_kit
from measure.peers.meter import Job, Meter, Result, Spent
from measure.zoo import profile_for

__all__ = ["hunt"]

_ENOUGH = 1_000_000
"""Trials: the budget in requests is the one that counts here."""


def hunt(job: Job) -> Result:
    """Run a campaign until something is found or the budget is spent.

    The profile is the default one, but for the checks that see in the hostile one only. A finding was first seen at the
    end of the trial in which it was met; that trial's experiments are counted, shrinking it is not.
    """
    meter = Meter(job)
    entry = zoo.find(job.name)
    at_last_trial = 0, 0.0

    def receiver() -> Receiver:
        return meter.put_before(entry.factory())

    def take_stock(progress: Progress) -> None:
        nonlocal at_last_trial
        at_last_trial = meter.requests, meter.seconds
        if meter.spent:
            raise Spent

    def hear(finding: Finding) -> None:
        meter.note("/".join(finding.key), *at_last_trial)
        raise Spent

    profile = PROFILES[profile_for(entry.bugs[0][0]) if entry.bugs else "realistic"]
    plan = CampaignPlan(profile, seed=job.seed, trials=_ENOUGH, seconds=job.seconds)
    with contextlib.suppress(Spent), open_kit(receiver, BUILT_IN) as kit:
        Campaign(kit, plan, on_finding=hear, on_progress=take_stock).run()
    return meter.result()
