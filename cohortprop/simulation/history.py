"""The history: the typed events of one trial, in order. The only source for checks, causes and reports.

Every event says `at` which virtual second it happened. A time in which nothing reached the receiver, however long, is
one event with a count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from cohortprop.sender import Kind
from cohortprop.simulation.steps import Step
from cohortprop.wire import Delivery, Outcome, Reply

__all__ = [
    "Attempted",
    "Changed",
    "Described",
    "Died",
    "Duplicated",
    "Edited",
    "Event",
    "Examined",
    "Fate",
    "Garbled",
    "History",
    "Hung",
    "Knocked",
    "LateArrived",
    "OutageBegan",
    "PhaseBegan",
    "Probed",
    "Renamed",
    "Restarted",
    "Resumed",
    "Silenced",
    "Skipped",
    "Stepped",
    "SyncEnded",
    "SyncStarted",
]

Fate: TypeAlias = Literal["deliver", "lose", "duplicate", "refuse"]
Phase: TypeAlias = Literal["way home", "aftermath"]


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of the scenario begins."""

    at: float
    number: int
    step: Step


@dataclass(frozen=True, slots=True)
class PhaseBegan:
    """The steps are over. The way home ends every trial; the aftermath follows a violation, to learn its cause."""

    at: float
    phase: Phase
    stage: int


@dataclass(frozen=True, slots=True)
class Changed:
    """Users entered or left a cohort, in truth."""

    at: float
    cohort: str
    joined: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """A property of a user changed."""

    at: float
    user: str
    property: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A cohort's name was edited."""

    at: float
    cohort: str
    name: str


@dataclass(frozen=True, slots=True)
class Described:
    """A cohort's description was edited."""

    at: float
    cohort: str
    description: str | None


@dataclass(frozen=True, slots=True)
class OutageBegan:
    """Attempts are refused from now until a moment; the first `lost` still reach the app."""

    at: float
    until: float
    answer: Outcome
    lost: int


@dataclass(frozen=True, slots=True)
class Silenced:
    """Until a moment no sync gets through to the receiver at all."""

    at: float
    until: float


@dataclass(frozen=True, slots=True)
class SyncStarted:
    """The sender began a sync."""

    at: float
    cohort: str
    session: str
    kind: Kind
    deliveries: int


@dataclass(frozen=True, slots=True)
class SyncEnded:
    """A sync succeeded, failed or paused."""

    at: float
    cohort: str
    session: str
    kind: Kind
    outcome: Literal["succeeded", "failed", "paused"]
    message: str


class Attempted(NamedTuple):
    """One attempt of a delivery.

    Args:
        at: virtual seconds.
        delivery: the request.
        attempt: 1 for the first try within its sync.
        fate: what the network did to it.
        reply: what the app answered; None when the attempt never reached it.
        outcome: what the sender saw.
        troubled: whether the app's own dependency was failing.
        log: what the app logged meanwhile.
        took: real seconds that the app needed; two runs of a scenario do not differ by it.
        crossing: number of the crossing that it took part in: another arrival with this number was under way at the
            same time, and which of the two came first nobody can say. 0 when it was alone.
    """

    at: float
    delivery: Delivery
    attempt: int
    fate: Fate
    reply: Outcome | None
    outcome: Outcome
    troubled: bool = False
    log: tuple[str, ...] = ()
    took: float = 0.0
    crossing: int = 0

    @property
    def reached(self) -> bool:
        """Whether the app got it."""
        return self.reply is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attempted) and self._replace(took=0.0)[:] == other._replace(took=0.0)[:]

    def __hash__(self) -> int:
        return hash(self._replace(took=0.0)[:])


@dataclass(frozen=True, slots=True)
class Duplicated:
    """The delivery that just arrived arrived again at once; nobody sees the second answer.

    With the same `crossing` as the attempt before it, the two were under way at the same time.
    """

    at: float
    delivery: Delivery
    reply: Outcome
    log: tuple[str, ...] = ()
    troubled: bool = False
    crossing: int = 0


@dataclass(frozen=True, slots=True)
class LateArrived:
    """An old delivery arrived once more, or for the first time after others had overtaken it.

    Args:
        strict: whether it is held to change nothing, so that the oracle is not told.
    """

    at: float
    delivery: Delivery
    reply: Outcome
    strict: bool = False
    log: tuple[str, ...] = ()
    troubled: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """Many attempts were refused, or many syncs had nothing to say, all alike: a time passed over by arithmetic."""

    at: float
    until: float
    refused: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Restarted:
    """The receiver's process was restarted."""

    at: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """A person resumed a paused sync."""

    at: float
    cohort: str


@dataclass(frozen=True, slots=True)
class Probed:
    """The receiver was looked at.

    Args:
        at: virtual seconds.
        held: identities held, by cohort; None without a `members` probe.
        arrivals: arrivals so far, counted by cohort and identity; None without an `arrivals` probe.
        source: the true members by cohort, as identities.
        settled: cohorts that a full sync has just brought up to date, with what may be asked of them: `equal` to the
            source, or to `include` it.
    """

    at: float
    held: Mapping[str, frozenset[str]] | None
    arrivals: Counter[tuple[str, str]] | None
    source: Mapping[str, tuple[str, ...]]
    settled: Mapping[str, Literal["equal", "include"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examined:
    """A refused delivery was sent once more without one of its peculiarities, to learn which one is refused.

    Args:
        at: virtual seconds.
        without: the peculiarity that was taken away; empty for the delivery as it was.
        reply: what the app answered.
    """

    at: float
    without: str
    reply: Outcome


@dataclass(frozen=True, slots=True)
class Knocked:
    """Somebody without the right credentials sent a delivery; a look came right before, and comes right after.

    Args:
        at: virtual seconds.
        credentials: what was shown.
        delivery: the request, in which nothing but the credentials is wrong.
        reply: what the app answered.
        log: what the app logged meanwhile.
    """

    at: float
    credentials: str
    delivery: Delivery
    reply: Outcome
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Garbled:
    """A request came that is no proper delivery; a look came right before, and comes right after.

    Args:
        at: virtual seconds.
        how: what is wrong with it.
        delivery: as it would have been with nothing wrong.
        body: the bytes that were sent.
        named: identities of those whom it may rightly let in, all of them or none: where it can be understood.
        perhaps: identities that may be let in or not.
        reply: what the app answered.
        log: what the app logged meanwhile.
        fault: what went wrong when the receiver was looked at afterwards, if it could not be.
    """

    at: float
    how: str
    delivery: Delivery
    body: bytes = field(repr=False)
    named: tuple[str, ...]
    perhaps: tuple[str, ...]
    reply: Outcome
    log: tuple[str, ...] = ()
    fault: str = ""

    @property
    def applied(self) -> bool:
        """Whether the app says that it has taken what can be understood of it."""
        return bool(self.named) and isinstance(self.reply, Reply) and self.reply.accepted


@dataclass(frozen=True, slots=True)
class Hung:
    """The app did not answer within the time limit; where it was, as a stack, or as two in a crossing."""

    at: float
    delivery: Delivery
    stack: str
    crossing: int = 0


@dataclass(frozen=True, slots=True)
class Died:
    """The server that was started for the receiver has ended by itself.

    Args:
        at: virtual seconds.
        delivery: the request under way, or the last one before; None if there was none.
        how: how it ended, and below it what it wrote last.
    """

    at: float
    delivery: Delivery | None
    how: str


Event: TypeAlias = (
    Stepped
    | PhaseBegan
    | Changed
    | Edited
    | Renamed
    | Described
    | OutageBegan
    | Silenced
    | SyncStarted
    | SyncEnded
    | Attempted
    | Duplicated
    | LateArrived
    | Skipped
    | Restarted
    | Resumed
    | Probed
    | Examined
    | Knocked
    | Garbled
    | Hung
    | Died
)


class History:
    """Events in order. Whoever listens hears of each as it happens.

    Args:
        listener: called with each event after it was added.
    """

    __slots__ = ("_listener", "events")

    def __init__(self, listener: Callable[[Event], object] | None = None) -> None:
        self.events: list[Event] = []
        self._listener = listener

    def __getstate__(self) -> list[Event]:
        return self.events  # whoever listens stays behind: a finished trial's history goes to other processes

    def __setstate__(self, events: list[Event]) -> None:
        self.events = events
        self._listener = None

    def add(self, event: Event) -> None:
        """Append an event."""
        self.events.append(event)
        if self._listener is not None:
            self._listener(event)

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def arrivals_at_app(self) -> Iterator[tuple[int, Delivery, Outcome, Literal["attempt", "duplicate", "late"]]]:
        """Every delivery that reached the app, in order: its place in the history, the answer, and how it came."""
        for place, event in enumerate(self.events):
            if isinstance(event, Attempted):
                if event.reply is not None:
                    yield place, event.delivery, event.reply, "attempt"
            elif isinstance(event, Duplicated):
                yield place, event.delivery, event.reply, "duplicate"
            elif isinstance(event, LateArrived):
                yield place, event.delivery, event.reply, "late"


def describe_outcome(outcome: Outcome) -> str:
    """An answer in a few words.

    Example:
        >>> from cohortprop.wire import NoReply
        >>> describe_outcome(Reply(503)), describe_outcome(NoReply("timed out"))
        ('503', 'timed out')
    """
    return str(outcome.status) if isinstance(outcome, Reply) else outcome.reason
