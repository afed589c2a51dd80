"""A campaign: the canonical scenarios, then block after block of drawn trials, until a budget is spent.

`plan` says what is asked for, and `report` what came of it. A `Block` is the piece of work that one process does in one
go: plain data in, a `BlockReport` out. A crew takes blocks: `Alone` in this process, `LocalWorkers` in others on this
machine, `Cluster` on other machines. `Campaign` cuts the blocks, hands them out, and puts together what comes back.
"""

from cohortprop.campaign.block import Block, BlockReport, run_block
from cohortprop.campaign.campaign import Campaign, canonical_for
from cohortprop.campaign.crew import Alone, Crew, KitSource, WorkerLost
from cohortprop.campaign.plan import CampaignPlan
from cohortprop.campaign.report import Finding, Progress, Report
from cohortprop.campaign.shrinking import ShrinkingStopped, find_in, shrink_finding

__all__ = [
    "Alone",
    "Block",
    "BlockReport",
    "Campaign",
    "CampaignPlan",
    "Crew",
    "Finding",
    "KitSource",
    "Progress",
    "Report",
    "ShrinkingStopped",
    "WorkerLost",
    "canonical_for",
    "find_in",
    "run_block",
    "shrink_finding",
]
