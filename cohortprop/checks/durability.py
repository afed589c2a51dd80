"""`durability`: what was acknowledged survives a restart, the staged pages of a sync in flight included."""

from __future__ import annotations

from typing import Final

from cohortprop.checks.base import Cause, Check
from cohortprop.checks.membership import HOLDINGS

__all__ = ["DURABILITY"]

CAUSES: Final = (
    Cause(
        "staged-pages-lost",
        "Pages of a full sync are staged in memory: a restart between two of them loses what was acknowledged.",
        "Stage pages in the database that holds the members, and commit a sync only when all its pages are there.",
    ),
    Cause(
        "queued-work-lost",
        "A page is acknowledged when it is queued, and the queue does not survive a restart.",
        "Answer success once the work is done, or once it is in a queue that survives a restart.",
    ),
    Cause(
        "forgotten-by-restart",
        "What was held before a restart is not held after it.",
        "Keep members where a restart does not lose them.",
    ),
)

DURABILITY: Final = Check(
    "durability",
    "What was acknowledged survives a restart of the receiver.",
    'Section "Expected Response Format": success means that the page was processed; nobody sends it again.',
    (HOLDINGS,),
    CAUSES,
    needs=("restart",),
    profile="realistic",
)
