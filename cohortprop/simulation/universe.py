"""The users and cohorts that drawn scenarios are made of. Few of them, so that the same ones meet again and again."""

from __future__ import annotations

from typing import Final

__all__ = ["CAST", "COHORTS", "ODD_CAST"]

CAST: Final = ("ann", "bob", "cy", "dan", "eve", "fay")
"""Users with ordinary ids."""

ODD_CAST: Final = ("ann", "Ann", "7", "007", "ann ", "zoë", "1e3", "1000", "$user@x/y?z=1", "n" * 120)
"""Users whose ids careless code mixes up: by case, as numbers, by a space, or because they are long or not ASCII."""

COHORTS: Final = (("1001", "VIPs"), ("1002", "Trials"))
"""Ids and names of the cohorts."""
