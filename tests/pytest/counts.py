"""How many items a webhook has in pytest."""

from __future__ import annotations

from cohortprop.profiles import PROFILES, allows
from cohortprop.simulation.canonical import CANONICAL

SCENARIOS = [name for name, scenario in CANONICAL.items() if allows(PROFILES["realistic"], scenario)]
"""The canonical scenarios of the default profile."""
ITEMS = len(SCENARIOS) + 1
"""One for each of them, and one for the search."""
