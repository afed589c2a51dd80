"""What a story is made of before it is told: syncs with their requests and tries, silences, and what else happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from cohortprop.reports.phrases import delivery_in_words, outcome_in_words, span, tries
from cohortprop.reports.words import ALONGSIDE, attempt_in_words
from cohortprop.simulation import Attempted, Duplicated
from cohortprop.wire import Delivery, NoReply, Reply

__all__ = ["Part", "PlainPart", "QuietPart", "SyncPart", "Told", "Try"]


@dataclass(slots=True)
class Try:
    """One arrival of a delivery, or its refusal, and what showed at the receiver afterwards."""

    event: Attempted | Duplicated
    notes: list[str] = field(default_factory=list)
    beside: str = ""

    @property
    def dull(self) -> bool:
        """Whether it went well, and nothing came of it."""
        event = self.event
        well = isinstance(event, Attempted) and event.fate == "deliver" and isinstance(event.reply, Reply)
        return well and isinstance(event.reply, Reply) and event.reply.accepted and not self.notes

    @property
    def words(self) -> str:
        """How it fared, and what showed then; goes on where the delivery was named."""
        return "; ".join([_fortune(self.event, self.beside), *self.notes])


@dataclass(slots=True)
class Told:
    """One delivery within a sync, with its tries, and what it is the first to say of an edited property."""

    delivery: Delivery
    tries: list[Try] = field(default_factory=list)
    failing: bool = False
    news: str = ""

    @property
    def dull(self) -> bool:
        """Whether it named nobody, went well, and nothing came of it."""
        return not self.delivery.ids and not self.failing and all(each.dull for each in self.tries)

    def lines(self, id_property: str) -> Iterator[str]:
        """A line for each request that goes over the wire; tries in a row that fared the same are one."""
        before: float | None = None
        for words, group in groupby(self.tries, key=lambda each: each.words):
            same = list(group)
            first, last = same[0].event, same[-1].event
            if before is None:
                head = f"{delivery_in_words(self.delivery, id_property)} " + (f"{self.news} " if self.news else "")
            elif isinstance(first, Duplicated):
                head = ""
            else:
                later = f"{span(round(first.at - before))} later, " if first.at - before >= 1 else ""
                head = f"{later}the same request again "
            within = f" within {span(round(last.at - first.at))}" if last.at > first.at else ""
            yield f"{head}{words}" + (f", {tries(len(same))}{within}" if len(same) > 1 else "")
            before = last.at


@dataclass(slots=True)
class SyncPart:
    """A sync, or what goes on of it after something else came between.

    Args:
        head: what kind of sync it is.
        meaning: what that kind is, for whoever reads of one for the first time.
        first: whether it is the first of its cohort.
        goes_on: whether the beginning was told already.
        items: its deliveries, and what happened between them.
        outcome: how it ended; empty if it has not.
    """

    at: float
    cohort: str
    session: str
    head: str
    meaning: str = ""
    first: bool = False
    goes_on: bool = False
    items: list[Told | str] = field(default_factory=list)
    outcome: str = ""

    @property
    def dull(self) -> bool:
        """Whether it can be left out of the story."""
        told = all(isinstance(item, Told) and item.dull for item in self.items)
        return told and not self.first and self.outcome in ("succeeded", "")

    @property
    def failing(self) -> bool:
        """Whether the request to look at is one of its own."""
        return any(isinstance(item, Told) and item.failing for item in self.items)

    @property
    def paged(self) -> bool:
        """Whether it has more than one page."""
        return any(isinstance(item, Told) and item.delivery.total_pages > 1 for item in self.items)

    def names(self, user: str, id_property: str) -> bool:
        """Whether a delivery of it names the user."""
        return any(user in item.delivery.identities(id_property) for item in self.items if isinstance(item, Told))

    @property
    def refused(self) -> int:
        """How many attempts were refused, if no attempt arrived at all; else 0."""
        attempts = [each.event for item in self.items if isinstance(item, Told) for each in item.tries]
        if any(isinstance(item, str) for item in self.items) or not attempts:
            return 0
        same = all(isinstance(each, Attempted) and each.reply is None for each in attempts)
        return len(attempts) if same else 0


@dataclass(slots=True)
class QuietPart:
    """A time in which nothing arrives, with what happened meanwhile."""

    at: float
    until: float
    head: str
    refused: int = 0
    answer: str = ""
    tail: str = ""
    meanwhile: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PlainPart:
    """Anything else, as it stands."""

    at: float
    text: str
    change: bool = False
    elsewhere: bool = False


Part: TypeAlias = SyncPart | QuietPart | PlainPart


def _fortune(event: Attempted | Duplicated, beside: str) -> str:
    if isinstance(event, Duplicated):
        when = "at the same moment" if event.crossing else "right after it"
        return f"a copy of it arrives {when} → {outcome_in_words(event.reply, event.delivery)}"
    fared = "→ no answer within the time limit" if isinstance(event.reply, NoReply) else attempt_in_words(event)
    if beside == "its copy":
        return f"arrives twice at the same moment {fared.replace(ALONGSIDE, '')}"
    return f"at the same moment as {beside} {fared.replace(ALONGSIDE, '')}" if beside else fared
