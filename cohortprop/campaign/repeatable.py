"""The same seed draws the same, whatever else is loaded; and nothing is left of what was drawn.

Hypothesis reads the constants out of all local modules, and mixes them into its draws: of a function under test they
are worth trying. Here they never fit, since all that is drawn is a choice from a short list. But they change the draws
with each edit of the app, and from one process to the next, as other modules are loaded there.

It also keeps the strategies that were made of late, in case that they are asked for again. Those of a state machine
never are, since each trial makes its own; a long campaign would hold more and more of them.

There is no setting for either. A version of Hypothesis that does not have them is left as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["drawing_alone"]


@contextlib.contextmanager
def drawing_alone() -> Iterator[None]:
    """While this is entered, Hypothesis sees no local constants; afterwards, it has forgotten what it has made."""
    with contextlib.ExitStack() as stack:
        stack.callback(_forget_strategies)
        stack.enter_context(_no_constants())
        yield


@contextlib.contextmanager
def _no_constants() -> Iterator[None]:
    from hypothesis.internal.conjecture import providers

    original = getattr(providers, "_get_local_constants", None)
    cache = getattr(providers, "CONSTANTS_CACHE", None)
    if original is None or cache is None:
        yield
        return
    nothing = type(original())()
    providers._get_local_constants = lambda: nothing  # noqa: SLF001 - put back below
    cache.cache.clear()  # it holds what was permitted of the constants by then
    try:
        yield
    finally:
        providers._get_local_constants = original  # noqa: SLF001
        cache.cache.clear()


def _forget_strategies() -> None:
    from hypothesis.strategies._internal import utils

    getattr(utils, "clear_strategy_cache", lambda: None)()
