"""`sparse`: whatever is missing, unusual or unknown in a delivery, each member in it counts, as they are named.

Optional properties are there only when populated; `page_info` and the description are missing in some deliveries; ids
are any text, and two that differ by case, a space or a leading zero are two users.
"""

from __future__ import annotations

from typing import Final

from cohortprop.checks.acceptance import REFUSALS
from cohortprop.checks.base import Cause, Check
from cohortprop.checks.membership import HOLDINGS

__all__ = ["SPARSE"]

CAUSES: Final = (
    Cause(
        "refused-sparse-member",
        "A member without some optional property is refused, and the whole page with them.",
        "Only mixpanel_distinct_id is always there; read every other property as optional.",
    ),
    Cause(
        "refused-missing-field",
        "A delivery without page_info or description is refused.",
        "Treat a delivery without page_info as page 1 of 1, and the description as optional.",
    ),
    Cause(
        "refused-extra-fields",
        "A delivery with a field that the document does not name is refused.",
        "Ignore what you do not know; exported properties and parameters can be added at any time.",
    ),
    Cause(
        "refused-odd-id",
        "A member with an unusual distinct id is refused, and the whole page with them.",
        "Take mixpanel_distinct_id as any text.",
    ),
    Cause(
        "sparse-member-dropped",
        "Members without some optional property are silently dropped.",
        "Only mixpanel_distinct_id is always there; keep members who have nothing else.",
    ),
    Cause(
        "folded-ids",
        "Different distinct ids are taken for the same, or an id is not kept as it came.",
        "Store mixpanel_distinct_id as text, exactly: no case folding, no trimming, no conversion to a number.",
    ),
)

SPARSE: Final = Check(
    "sparse",
    "Members with only an id, unknown fields and odd ids are taken, and kept apart and exactly.",
    'Section "Webhook Format": optional properties are there only when populated; a distinct id is any text.',
    (
        HOLDINGS,
        REFUSALS,
    ),
    CAUSES,
)
