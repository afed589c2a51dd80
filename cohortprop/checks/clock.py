"""`clock`: time alone changes nothing.

A membership has no lifetime: whoever is in stays in until a delivery says otherwise, be it days or years, and whoever
was mailed stays mailed. Caches that expire, tables and keys by date, and sweeps by age forget that.
"""

from __future__ import annotations

from typing import Final

from cohortprop.checks.arrivals import ARRIVED
from cohortprop.checks.base import Cause, Check
from cohortprop.checks.membership import HOLDINGS

__all__ = ["CLOCK"]

CAUSES: Final = (
    Cause(
        "forgotten-with-time",
        "Members are forgotten when time passes, though no delivery has said that they left.",
        "Keep members without a lifetime: who stays is not mentioned again, by any number of diffs.",
    ),
    Cause(
        "remailed-with-time",
        "A user is acted upon (mailed, say) once more after some days, because the record of the first time is gone.",
        "Give the record of who was acted upon no lifetime, and look there before you act.",
    ),
)

CLOCK: Final = Check(
    "clock",
    "Nobody is forgotten, or acted upon once more, because days, a month or a year have passed.",
    'Section "Diffing": who stays is in no diff, for however long. When a full sync names them again, that is no news.',
    (
        HOLDINGS,
        ARRIVED,
    ),
    CAUSES,
    needs=("virtual_time",),
)
