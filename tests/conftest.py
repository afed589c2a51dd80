"""Settings for all three rooms of the tests."""

from __future__ import annotations

from hypothesis import settings

# Other work on the same machine must not fail a test: no deadlines. What Hypothesis sets for CI stays in force there.
settings.register_profile("tests", settings(), deadline=None)
settings.load_profile("tests")
