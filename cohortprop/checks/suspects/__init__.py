"""Suspects: tiny faulty receivers, one for each known way to hold the wrong members, and the line-up that compares."""

from __future__ import annotations

from cohortprop.checks.suspects.anatomy import Heard, State, Suspect, combine
from cohortprop.checks.suspects.gallery import SUSPECTS
from cohortprop.checks.suspects.lineup import Lineup

__all__ = ["SUSPECTS", "Heard", "Lineup", "State", "Suspect", "combine"]
