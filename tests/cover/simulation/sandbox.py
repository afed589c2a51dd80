"""A world to take steps in, round a receiver that does as it is told and writes down what it hears."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from cohortprop.receiver import Receiver
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Event, History, NoClock, Probing, Scenario, World, take
from cohortprop.simulation.steps import Step
from cohortprop.transport import Watchdog, WsgiTransport
from cohortprop.wire import MEMBERS, REMOVE_MEMBERS

COHORT = "7"
OTHER = "8"
HALF_HOUR = 1800
DAY = 24 * 3600

EventType = TypeVar("EventType")


class Shop:
    """A receiver: applies each page at once, and can be told what to answer instead."""

    def __init__(self) -> None:
        self.held: dict[str, set[str]] = {}
        self.arrived: list[tuple[str, str]] = []
        self.heard: list[str] = []
        """Every request, as in ``"add_members(ann)"``; one that was made in trouble has an exclamation mark."""
        self.payloads: list[dict[str, Any]] = []
        self.answers: list[int] = []
        """Statuses of the next answers; a request that gets one of them is not acted on, unless it is a 2xx."""
        self.hangs_on = 0
        """Number of the request on which it hangs, from 1."""
        self.in_trouble = False
        self.restarted = 0
        self.drained = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        payload = json.loads(environ["wsgi.input"].read())
        action, cohort = payload["action"], payload["parameters"]["mixpanel_cohort_id"]
        users = [member["mixpanel_distinct_id"] for member in payload["parameters"]["members"]]
        self.payloads.append(payload)
        self.heard.append(f"{action}({', '.join(users)})" + ("!" if self.in_trouble else ""))
        while len(self.payloads) == self.hangs_on:
            time.sleep(0.01)
        status = self.answers.pop(0) if self.answers else 500 if self.in_trouble else 200
        if status < 300:
            self.apply(
                action, cohort, users, first=payload["parameters"].get("page_info", {}).get("page_count", 1) == 1
            )
        start_response(f"{status} So", [("Content-Type", "application/json")])
        word = "success" if status < 300 else "failure"
        return [json.dumps({"action": action, "status": word}).encode()]

    def apply(self, action: str, cohort: str, users: Iterable[str], *, first: bool) -> None:
        held = self.held.setdefault(cohort, set())
        if action == MEMBERS and first:
            held.clear()
        if action == REMOVE_MEMBERS:
            held.difference_update(users)
        else:
            self.arrived += [(cohort, user) for user in users if user not in held]
            held.update(users)

    def members(self, cohort: str) -> set[str]:
        return self.held.get(cohort, set())

    def arrivals(self) -> list[tuple[str, str]]:
        return self.arrived

    def restart(self) -> None:
        self.restarted += 1

    def drain(self) -> None:
        self.drained += 1

    @contextlib.contextmanager
    def trouble(self) -> Iterator[None]:
        self.in_trouble = True
        yield
        self.in_trouble = False

    def receiver(self, **changes: Any) -> Receiver:
        given = {
            "members": self.members,
            "arrivals": self.arrivals,
            "restart": self.restart,
            "drain": self.drain,
            "dependency": self.trouble,
        }
        return Receiver(self, **{**given, **changes})


class Sandbox:
    """A world at virtual second 0, with one cohort unless others are given. Nobody looks at the receiver by default."""

    def __init__(
        self,
        members: Iterable[str] = (),
        *,
        cohorts: tuple[CohortSeed, ...] | None = None,
        page_size: int = 1000,
        probing: Probing = "seldom",
        strict_replays: bool = False,
        receiver: dict[str, Any] | None = None,
        one_time: bool = False,
        watchdog: Watchdog | None = None,
        exported: tuple[str, ...] = (),
        **readings: str,
    ) -> None:
        if cohorts is None:
            cohorts = (CohortSeed(COHORT, "VIPs", tuple(members), one_time=one_time),)
        scenario = Scenario(
            cohorts, (), Dialect.pin(readings), page_size, probing, strict_replays=strict_replays, exported=exported
        )
        self.shop = Shop()
        self.history = History(self._hear)
        self.listener: Callable[[Event], object] | None = None
        described = self.shop.receiver(**(receiver or {}))
        transport = WsgiTransport(described, watchdog)
        self.world = World(described, transport, scenario, NoClock(), self.history)

    def _hear(self, event: Event) -> None:
        if self.listener is not None:
            self.listener(event)

    def take(self, *steps: Step) -> Sandbox:
        for step in steps:
            take(self.world, step)
        return self

    def events(self, kind: type[EventType], since: int = 0) -> list[EventType]:
        return [event for event in self.history.events[since:] if isinstance(event, kind)]

    def take_new(self) -> list[str]:
        """What the receiver has heard since the last call."""
        heard = self.shop.heard[:]
        self.shop.heard.clear()
        return heard

    def members(self, cohort: str = COHORT) -> list[str]:
        return list(self.world.source.members(cohort))

    @property
    def sequence(self) -> list[str]:
        """The kinds of all events, in order."""
        return [type(event).__name__ for event in self.history]


def two_cohorts(*, connection: str = "second", one_time: bool = False) -> tuple[CohortSeed, ...]:
    return (
        CohortSeed(COHORT, "VIPs", ("ann", "bob")),
        CohortSeed(OTHER, "Trials", ("cy", "dan"), connection=connection, one_time=one_time),
    )
