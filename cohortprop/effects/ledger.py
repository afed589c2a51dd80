"""What a sink has taken down: messages, and the arrivals that they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar

from cohortprop.effects.address_book import Pair
from cohortprop.errors import UsageError, in_one_line

__all__ = ["Ledger"]

Message = TypeVar("Message")

_PAIR: Final = "expected a pair of cohort id and user, or None"


class Ledger(Generic[Message]):
    """Takes messages down from many threads, and asks a rule for whom each is.

    A rule that fails must not look like a failure of the app: the message counts as taken, and whoever asks for the
    arrivals is told.

    Args:
        name: of the sink, for messages.
        rule: from a message, and the arrivals so far, to a pair of cohort id and user, or None.

    Example:
        >>> ledger = Ledger("A sink", lambda text, arrived: ("7", text) if text else None)
        >>> ledger.add("ann")
        >>> ledger.add("")
        >>> ledger.arrivals(), ledger.unmatched()
        ([('7', 'ann')], [''])
    """

    def __init__(self, name: str, rule: Callable[[Message, list[Pair]], Any]) -> None:
        self._name = name
        self._rule = rule
        self._lock = threading.Lock()
        self._taken: list[Message] = []
        self._unmatched: list[Message] = []
        self._arrivals: list[Pair] = []
        self._fault = ""

    def add(self, message: Message, *, counts: bool = True) -> None:
        """Take a message down; without `counts` it is no arrival, whatever the rule would say."""
        with self._lock:
            self._taken.append(message)
            try:
                pair = self._checked(self._rule(message, self._arrivals)) if counts else None
            except Exception as fault:  # noqa: BLE001 - whatever a rule of the user's raises
                self.blame(fault)
                return
            if pair is None:
                self._unmatched.append(message)
            else:
                self._arrivals.append(pair)

    def blame(self, fault: Exception) -> None:
        """A function of the user's has failed; whoever asks for the arrivals is told."""
        said = str(fault) if isinstance(fault, UsageError) else f"a rule failed: {in_one_line(fault)}"
        self._fault = self._fault or f"{self._name}: {said}"

    def taken(self) -> list[Message]:
        """All messages."""
        with self._lock:
            return list(self._taken)

    def unmatched(self) -> list[Message]:
        """The messages that are no arrival."""
        with self._lock:
            return list(self._unmatched)

    def arrivals(self) -> list[Pair]:
        """All arrivals.

        Raises:
            UsageError: the rule has failed.
        """
        with self._lock:
            if self._fault:
                raise UsageError(self._fault)
            return list(self._arrivals)

    def reset(self) -> None:
        """Forget all."""
        with self._lock:
            self._taken.clear()
            self._unmatched.clear()
            self._arrivals.clear()
            self._fault = ""

    def _checked(self, pair: Any) -> Pair | None:
        if pair is None:
            return None
        if not isinstance(pair, Iterable) or isinstance(pair, (str, bytes)):
            raise UsageError(f"a rule returned {pair!r}: {_PAIR}")
        parts = tuple(pair)
        if len(parts) != 2 or not all(isinstance(part, (str, int)) for part in parts):
            raise UsageError(f"a rule returned {pair!r}: {_PAIR}")
        return str(parts[0]), str(parts[1])
