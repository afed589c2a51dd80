"""What a campaign is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from cohortprop.profiles import PROFILES, Profile

__all__ = ["CampaignPlan"]


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What a campaign does.

    Args:
        profile: how hostile the world is.
        seed: decides every draw.
        trials: drawn trials at most.
        seconds: real seconds of search at most.
        pins: readings to hold on to, ``question=reading``.
        canonical: whether the canonical scenarios come first.
        strict_replays: whether late copies of acknowledged deliveries must change nothing at all.
        first_only: whether to stop at the first finding.
        muted: causes that are not to be told.
        shrink_seconds: real seconds for shrinking one finding at most.
    """

    profile: Profile = PROFILES["realistic"]
    seed: int = 0
    trials: int = 1000
    seconds: float = 20.0
    pins: tuple[str, ...] = ()
    canonical: bool = True
    strict_replays: bool = False
    first_only: bool = False
    muted: frozenset[tuple[str, str]] = frozenset()
    shrink_seconds: float = 5.0
