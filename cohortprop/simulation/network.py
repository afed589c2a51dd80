"""The network: decides the fate of each attempt.

Three things can be in force at once, and the first that has something to say decides: a rule for the sync under way,
the fates laid out for the next attempts, and an outage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cohortprop.simulation.history import Fate
from cohortprop.wire import NoReply, Outcome, Reply

__all__ = ["Network", "Ruling", "SyncRule", "in_its_place"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The fate of one attempt, and what the sender sees if the app's own answer does not get through."""

    fate: Fate
    answer: Outcome | None = None


@dataclass(frozen=True, slots=True)
class SyncRule:
    """What happens within one sync of a cohort.

    Args:
        cohort: the cohort.
        after: deliveries, from the first, that are not touched; -1 for all but the last.
        fate: what happens to each attempt of the others.
        answer: what the sender sees then.
    """

    cohort: str
    after: int
    fate: Fate
    answer: Outcome


DELIVERED: Final = Ruling("deliver")


def in_its_place(status: int | None) -> Outcome:
    """What a proxy answers in the app's place; None is nothing at all."""
    return NoReply("connection refused") if status is None else Reply(status)


class Network:
    """Decides what happens to each attempt.

    Example:
        >>> network = Network()
        >>> network.lay_out(["lose"])
        >>> network.rule_on("7", position=0, length=1, now=0.0).fate
        'lose'
        >>> network.rule_on("7", position=0, length=1, now=0.0).fate
        'deliver'
    """

    def __init__(self) -> None:
        self._laid_out: deque[Ruling] = deque()
        self._sync_rule: SyncRule | None = None
        self._outage_until = 0.0
        self._outage_answer: Outcome = NoReply()
        self._still_lost = 0

    def lay_out(self, fates: Iterable[str]) -> None:
        """Set the fates of the next attempts, as a `Fates` step writes them."""
        for fate in fates:
            kind, _, status = fate.partition(" ")
            if kind == "lose":
                self._laid_out.append(Ruling("lose", NoReply("timed out")))
            elif kind == "refuse":
                self._laid_out.append(Ruling("refuse", in_its_place(int(status) if status else None)))
            else:
                self._laid_out.append(Ruling("duplicate" if kind == "duplicate" else "deliver"))

    def begin_outage(self, until: float, answer: Outcome, lost: int) -> None:
        """Refuse attempts until a moment; the first `lost` of them reach the app and lose their acknowledgement."""
        self._outage_until = max(until, self._outage_until)
        self._outage_answer = answer
        self._still_lost = lost

    def set_sync_rule(self, rule: SyncRule | None) -> None:
        """Put a rule in force for the cohort's sync, or lift it."""
        self._sync_rule = rule

    def heal(self) -> None:
        """All faults end."""
        self._laid_out.clear()
        self._sync_rule = None
        self._outage_until = 0.0
        self._still_lost = 0

    def silent_until(self, now: float) -> float:
        """The moment before which every attempt is refused alike; `now` when that is not so."""
        return max(now, self._outage_until) if self.even else now

    @property
    def even(self) -> bool:
        """Whether all attempts are treated alike: refused during an outage, else delivered."""
        return not (self._laid_out or self._sync_rule is not None or self._still_lost)

    @property
    def outage_answer(self) -> Outcome:
        """What the sender sees during the outage."""
        return self._outage_answer

    def rule_on(self, cohort: str, position: int, length: int, now: float) -> Ruling:
        """The fate of the attempt that is made now.

        Args:
            cohort: whose sync it belongs to.
            position: its delivery's place in the sync, from 0.
            length: deliveries in the sync.
            now: virtual seconds.
        """
        rule = self._sync_rule
        if rule is not None and rule.cohort == cohort:
            untouched = rule.after if rule.after >= 0 else length + rule.after
            return Ruling(rule.fate, rule.answer) if position >= untouched else DELIVERED
        if self._laid_out:
            return self._laid_out.popleft()
        if now < self._outage_until:
            if self._still_lost:
                self._still_lost -= 1
                return Ruling("lose", self._outage_answer)
            return Ruling("refuse", self._outage_answer)
        self._still_lost = 0
        return DELIVERED
