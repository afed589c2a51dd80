"""`isolation`: what is said of one cohort changes nothing in another.

A user can be in many cohorts, and leaves each of them by itself. Syncs of several connections run in parallel, so the
pages of two cohorts can come in turns.
"""

from __future__ import annotations

from typing import Final

from cohortprop.checks.base import Cause, Check
from cohortprop.checks.membership import HOLDINGS

__all__ = ["ISOLATION"]

CAUSES: Final = (
    Cause(
        "cross-cohort-damage",
        "A delivery for one cohort changes the members of another.",
        "Limit every delete and update to the mixpanel_cohort_id of the delivery.",
    ),
    Cause(
        "sessions-mixed-up",
        "Pages of several cohorts are collected in one place, so a sync loses pages to another cohort's, or gets them.",
        "Collect pages by mixpanel_cohort_id and mixpanel_session_id; syncs of several connections run in parallel.",
    ),
)

ISOLATION: Final = Check(
    "isolation",
    "The sync of one cohort changes no other, whoever is in both.",
    'Section "Webhook Format": mixpanel_cohort_id says which cohort a delivery is about, and no other.',
    (HOLDINGS,),
    CAUSES,
)
