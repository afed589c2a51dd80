"""Runs Schemathesis on the description of the webhook: all its phases, all its checks, round after round.

The package is needed by `nox -s power` only. Its own hook for failures that a user has looked at and does not count,
`filter_failure`, is what tells us of each failure, and what drops those that correct receivers show as well.
"""

from __future__ import annotations

import itertools
import re
import threading
from typing import TYPE_CHECKING, Any, Final

from cohortprop import zoo
from measure.peers.meter import Job, Meter, Result
from measure.peers.openapi import describe

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["hunt", "places"]

_PATIENCE: Final = 5.0
"""Seconds after which the server in front of the app gives it up, and answers 504."""
_VIOLATED: Final = re.compile(r"violates `\w+` at (\S+)")
_COMPONENT: Final = re.compile(r"Invalid component: in (.+)")
_DETOURS: Final = re.compile(r"/(?:properties|oneOf/\d+|items)(?=/|$)")

_TEXT: Final = [("Content-Type", "text/plain")]


def hunt(job: Job) -> Result:
    """Run Schemathesis until it reports a failure that is not known, or the budget is spent.

    One app lives through a whole campaign, as it does behind a URL. Schemathesis is run again, with another seed, until
    the budget is spent; its examples, and the cases that cover the schema, are the same each time, and come once.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import from_schema
    from schemathesis.engine.events import FatalError

    meter = Meter(job)
    receiver = meter.put_before(zoo.find(job.name).factory())

    def counts(context: Any, failure: Any, case: Any, response: Any) -> bool:
        """Whether a failure counts."""
        names = _names(failure)
        if not job.known.isdisjoint(names) or meter.done:
            return False
        for name in names:
            meter.note(name)
        return True

    for number in itertools.count():
        schema = schemathesis.openapi.from_dict(
            describe(receiver), config=SchemathesisConfig.from_dict(_settings(job, number, receiver.sent_headers))
        )
        schema.app = _served(receiver.app)
        schema.hook("filter_failure")(counts)
        events = from_schema(schema).execute()
        for event in events:
            if isinstance(event, FatalError):
                raise event.exception
            if meter.done:
                events.stop()
        if meter.done:
            break
    return meter.result()


def _settings(job: Job, number: int, headers: dict[str, str]) -> dict[str, Any]:
    """Schemathesis' own defaults, but that nothing is kept, nothing shrunk, and a failure does not end a phase."""
    settings: dict[str, Any] = {
        "seed": 1000 * job.seed + number,
        "continue-on-failure": True,
        "generation": {"database": "none", "no-shrink": True},
        "cache": {"enabled": False},
        "headers": headers,
    }
    # What a link takes over would mend what was meant to be wrong, and an answer of 200 to it would be held against it.
    phases: dict[str, Any] = {"stateful": {"generation": {"mode": "positive"}}}
    if number:
        phases |= {"examples": {"enabled": False}, "coverage": {"enabled": False}}
    return {**settings, "phases": phases}


def _names(failure: Any) -> list[str]:
    """What a failure is known by: its kind and status, as in Schemathesis' own baselines.

    A request that should have been refused is known by each place at which it breaks the schema: who leaves one thing
    unchecked on purpose still wants to hear of the others.
    """
    from schemathesis.baseline import failure_identity

    _, _, title, signature = failure_identity(failure, "")
    kind = f"{title} {signature}".rstrip()
    return [f"{kind} at {place}" for place in places(str(failure))] or [kind]


def places(message: str) -> list[str]:
    """Where the schema was violated: paths without the detours of JSON Schema, or else what is said about it.

    Example:
        >>> places("- violates `type` at /properties/parameters/oneOf/0/properties/members (1.5)")
        ['/parameters/members']
        >>> places("Invalid component: in body - members -> Value null value")
        ['body - members -> Value null value']
    """
    paths = {_DETOURS.sub("", place) or "/" for place in _VIOLATED.findall(message)}
    return sorted(paths or {said.strip() for said in _COMPONENT.findall(message)})


def _served(app: WSGIApplication) -> WSGIApplication:
    """The app behind a server, which answers 500 for one that crashes, and 504 for one that never answers."""

    def served(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        answer: list[tuple[tuple[Any, ...], list[bytes]]] = []

        def call() -> None:
            began: list[tuple[Any, ...]] = []
            try:
                body = list(app(environ, lambda *given: began.append(given)))  # type: ignore[arg-type]
                answer.append((began[-1], body))
            except Exception as crash:  # noqa: BLE001 - whatever it is
                answer.append((("500 Internal Server Error", _TEXT), [repr(crash).encode()]))

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        begun, body = answer[0] if answer else (("504 Gateway Timeout", _TEXT), [b"no answer"])
        start_response(*begun)
        return body

    return served
