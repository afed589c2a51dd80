"""`replay`: a delivery that comes again changes nothing.

At once, because the network or a retry doubled it: then it must do no harm at all. Long after: then only what the
oracle knows to be beyond any receiver is excused, unless strict replays are asked for.
"""

from __future__ import annotations

from typing import Final

from cohortprop.checks.acceptance import REFUSALS
from cohortprop.checks.base import Cause, Check
from cohortprop.checks.membership import HOLDINGS

__all__ = ["REPLAY"]

CAUSES: Final = (
    Cause(
        "counted-repeats",
        "Memberships are counted up and down, and a repeated page counts twice.",
        "Store membership as a fact (in or out), not as a count: every page can come more than once.",
    ),
    Cause(
        "refused-repeat",
        "A delivery that names users who are held already is refused.",
        "Insert with an upsert: retries and restarted syncs name users again.",
    ),
    Cause(
        "replay-overwrites",
        "A late copy of a delivery that was acknowledged long ago changes what is held.",
        "Remember finished sessions by mixpanel_session_id, and answer success to their copies without acting.",
    ),
)

REPLAY: Final = Check(
    "replay",
    "A delivery that arrives twice has the effect of one.",
    'Sections "Failed Syncs" and "FAQ": failed syncs start again from the top, so delivery is at least once.',
    (
        HOLDINGS,
        REFUSALS,
    ),
    CAUSES,
)
