"""Looking inside the receiver: its members and its arrivals, whatever form the user's probes have."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver

__all__ = ["Probes"]


class Probes:
    """Asks a receiver's probes, after its queued work is done.

    Args:
        receiver: the probes; what is missing is not asked.
        cohorts: ids to ask for.
    """

    def __init__(self, receiver: Receiver, cohorts: Sequence[str]) -> None:
        self._receiver = receiver
        self._cohorts = cohorts

    def drain(self) -> None:
        """Wait until queued work is done."""
        if self._receiver.drain is not None:
            _ask("drain", self._receiver.drain)

    def members(self) -> dict[str, frozenset[str]] | None:
        """Who is held, by cohort.

        Raises:
            UsageError: the probe fails or returns something that is no collection of ids.
        """
        probe = self._receiver.members
        if probe is None:
            return None
        return {cohort: _ids(_ask("members", probe, cohort), cohort) for cohort in self._cohorts}

    def arrivals(self) -> Counter[tuple[str, str]] | None:
        """How often each user has arrived, by cohort and identity.

        Raises:
            UsageError: the probe fails or returns something else than pairs.
        """
        probe = self._receiver.arrivals
        if probe is None:
            return None
        found = _ask("arrivals", probe)
        try:
            return Counter((str(cohort), str(user)) for cohort, user in found)
        except (TypeError, ValueError):
            raise UsageError(
                f"Receiver(arrivals=...): expected pairs of cohort id and id, got {_shown(found)}"
            ) from None

    def require_empty(self, *, after_reset: bool) -> None:
        """A trial must begin with an empty receiver.

        Raises:
            UsageError: it holds somebody, or somebody has arrived.
        """
        held = {cohort: ids for cohort, ids in (self.members() or {}).items() if ids}
        arrived = self.arrivals()
        if not held and not arrived:
            return
        if held:
            cohort, ids = next(iter(held.items()))
            what = f"members({cohort!r}) already yields {_shown(sorted(ids))}"
        else:
            what = f"arrivals() already yields {_shown(sorted(arrived or ()))}"
        if after_reset:
            raise UsageError(f"Receiver(reset=...) does not empty the receiver: {what} right after it")
        raise UsageError(
            f"the receiver is not empty at the start of a trial: {what}; "
            "build a fresh app in the factory, or give Receiver(reset=...)"
        )


def _ask(name: str, probe: Callable[..., Any], *arguments: str) -> Any:
    try:
        answer = probe(*arguments)
        if inspect.isawaitable(answer):
            answer = asyncio.run(_wait_for(answer))
    except Exception as fault:
        raise UsageError(f"Receiver({name}=...) failed: {type(fault).__name__}: {fault}") from fault
    return answer


async def _wait_for(answer: Any) -> Any:
    return await answer


def _ids(found: Any, cohort: str) -> frozenset[str]:
    if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
        raise UsageError(f"Receiver(members=...) returned {_shown(found)} for cohort {cohort!r}: expected the ids")
    ids = list(found)
    odd = next((each for each in ids if not isinstance(each, (str, int))), None)
    if odd is not None:
        raise UsageError(f"Receiver(members=...) yields {_shown(odd)}: expected ids, as strings or integers")
    return frozenset(map(str, ids))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
