"""`rename`: a cohort stays itself when its name or description is edited."""

from __future__ import annotations

from typing import Final

from cohortprop.checks.acceptance import REFUSALS
from cohortprop.checks.base import Cause, Check
from cohortprop.checks.membership import HOLDINGS

__all__ = ["RENAME"]

CAUSES: Final = (
    Cause(
        "keyed-by-name",
        "Cohorts are told apart by their name, so a rename makes a new one and orphans the old.",
        "Use mixpanel_cohort_id as the key; the name can be edited at any time.",
    ),
    Cause(
        "refused-rename",
        "A delivery is refused since the cohort's name or description was edited.",
        "Update the name by mixpanel_cohort_id; do not insist on the one seen first.",
    ),
)

RENAME: Final = Check(
    "rename",
    "A new name or description makes no new cohort, loses nobody and stops no sync.",
    'Section "Webhook Format": the id of a cohort never changes, its name and description can be edited at any time.',
    (
        HOLDINGS,
        REFUSALS,
    ),
    CAUSES,
)
