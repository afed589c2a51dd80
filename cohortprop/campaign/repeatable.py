"""The same seed draws the same, whatever else is loaded.

Hypothesis reads the constants out of all local modules, and mixes them into its draws: of a function under test they
are worth trying. Here they never fit, since all that is drawn is a choice from a short list. But they change the draws
with each edit of the app, and from one process to the next, as other modules are loaded there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["constants_left_out"]


@contextlib.contextmanager
def constants_left_out() -> Iterator[None]:
    """While this is entered, Hypothesis sees no local constants. A version that has none is left as it is."""
    from hypothesis.internal.conjecture import providers

    original = getattr(providers, "_get_local_constants", None)
    cache = getattr(providers, "CONSTANTS_CACHE", None)
    if original is None or cache is None:
        yield
        return
    nothing = type(original())()
    providers._get_local_constants = lambda: nothing  # noqa: SLF001 - there is no setting for it
    cache.cache.clear()  # it holds what was permitted of the constants by then
    try:
        yield
    finally:
        providers._get_local_constants = original  # noqa: SLF001 - put back
        cache.cache.clear()
