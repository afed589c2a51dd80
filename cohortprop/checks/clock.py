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
        "Who was acted upon is remembered for a time only, and then acted upon again.",
        "Keep the record of whom you have acted upon for as long as they are members.",
    ),
)

CLOCK: Final = Check(
    "clock",
    "Nobody is forgotten, expelled or mailed again because days, a month or a year have passed.",
    'Section "Diffing": who neither enters nor leaves is not mentioned again, however long they stay.',
    (
        HOLDINGS,
        ARRIVED,
    ),
    CAUSES,
    needs=("virtual_time",),
)
