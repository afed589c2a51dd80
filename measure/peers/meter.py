"""Counts the requests that reach an app, in the same way for everybody who hunts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cohortprop import Receiver
from cohortprop.stopwatch import Stopwatch

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Job", "Meter", "Result", "Sighting", "Spent"]


@dataclass(frozen=True, slots=True)
class Job:
    """One campaign of one contender against one receiver.

    Args:
        contender: who hunts.
        name: of the receiver.
        seed: of the campaign.
        requests: budget.
        seconds: real ones at most, for those who do not get their requests sent.
        known: names of failures that are not counted, since correct receivers show them too.
        whole: whether to spend the budget whatever is found, for all that is reported.
    """

    contender: str
    name: str
    seed: int
    requests: int
    seconds: float
    known: frozenset[str] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """The moment at which something was first seen to be wrong.

    Args:
        what: was wrong, in a few words.
        requests: that had reached the app by then.
        seconds: since the campaign began.
    """

    what: str
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a campaign came to.

    Args:
        job: what was asked for.
        sighting: the first failure; None if there was none within the budget.
        requests: sent in all.
        seconds: it took in all.
        names: of all that was reported, where whoever hunts does not stop at the first.
    """

    job: Job
    sighting: Sighting | None
    requests: int
    seconds: float
    names: tuple[str, ...] = ()


class Spent(KeyboardInterrupt):
    """The budget is spent. Ends Hypothesis the way Ctrl-C does, which is the one way it never catches."""


class Meter:
    """Stands in front of the app of one campaign, and of all its fresh copies.

    Args:
        job: with the budget.

    Example:
        >>> meter = Meter(Job("nobody", "nothing", 0, requests=1, seconds=60))
        >>> receiver = meter.put_before(Receiver(lambda environ, start_response: [b"done"]))
        >>> receiver.app({}, print), meter.requests, meter.spent
        ([b'done'], 1, True)
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.requests = 0
        self.sighting: Sighting | None = None
        self.names: dict[str, None] = {}
        self._watch = Stopwatch(job.seconds)

    @property
    def spent(self) -> bool:
        """Whether the campaign has had all it may have."""
        return self.requests >= self.job.requests or self._watch.expired

    @property
    def seconds(self) -> float:
        """Real ones since the campaign began."""
        return self._watch.seconds

    def put_before(self, receiver: Receiver) -> Receiver:
        """The same receiver, its app metered, the one that comes up after a restart too."""
        receiver.app = self._metered(receiver.app)
        restart = receiver.restart
        if restart is not None:
            receiver.restart = lambda: self._metered_if_new(restart())
        return receiver

    @property
    def done(self) -> bool:
        """Whether the campaign may end."""
        return self.spent or (self.sighting is not None and not self.job.whole)

    def note(self, what: str, requests: int | None = None, seconds: float | None = None) -> None:
        """Something was seen to be wrong, now or at that moment; only the first within the budget counts."""
        requests = self.requests if requests is None else requests
        if requests <= self.job.requests:
            self.names.setdefault(what)
        if self.sighting is None and requests <= self.job.requests:
            self.sighting = Sighting(what, requests, self.seconds if seconds is None else seconds)

    def result(self) -> Result:
        """What the campaign came to."""
        return Result(self.job, self.sighting, self.requests, self.seconds, tuple(self.names))

    def _metered(self, app: WSGIApplication) -> Callable[..., Any]:
        def metered(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
            self.requests += 1
            return app(environ, start_response)

        return metered

    def _metered_if_new(self, app: Any) -> Any:
        return None if app is None else self._metered(app)
