"""`stranger`: nobody is ever held who was never delivered."""

from __future__ import annotations

from typing import Final

from cohortprop.checks.base import Cause, Check
from cohortprop.checks.membership import HOLDINGS

__all__ = ["STRANGER"]

CAUSES: Final = (
    Cause(
        "stranger",
        "Somebody is held whom no delivery for this cohort has ever named.",
        "Look for the code that writes to this cohort without a delivery that names both.",
    ),
)

STRANGER: Final = Check(
    "stranger",
    "Nobody is held whom no delivery for that cohort has ever named.",
    'Section "Webhook Format": members come from deliveries, and from nowhere else.',
    (HOLDINGS,),
    CAUSES,
)
