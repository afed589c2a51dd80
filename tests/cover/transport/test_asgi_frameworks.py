"""What is right in one framework is right in all, and what is wrong has the same name in each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cohortprop import Receiver
from cohortprop.checks import BUILT_IN
from cohortprop.simulation import Attempted
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.trial import open_kit, run
from cohortprop.wire import Reply
from tests.cover.transport.asgi_shops import BUGS, FRAMEWORKS, Factory, factory

MEETINGS = [scenario for name, scenario in CANONICAL.items() if "same-moment" in name]
SHORT = [CANONICAL[name] for name in ("a-plain-diff", "four-days-down", "a-duplicate", "no-proper-delivery")]


def verdicts(make: Factory, scenarios: list[Any] = SHORT) -> list[tuple[str, str, int]]:
    """What canonical scenarios find: check, cause, and the number of steps."""
    found = []
    with open_kit(make, BUILT_IN) as kit:
        for scenario in scenarios:
            violation = run(kit, scenario).violation
            if violation is not None:
                found.append((*violation.key, len(scenario.steps)))
    return found


@cache
def in_flask(bug: str) -> list[tuple[str, str, int]]:
    return verdicts(factory("flask", bug))


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "flask"])
def test_a_bug_has_the_same_name_as_in_flask(framework: str, bug: str) -> None:
    assert verdicts(factory(framework, bug)) == in_flask(bug)
    assert bool(in_flask(bug)) is bool(bug)


def test_the_bugs_are_told_apart() -> None:
    assert len({in_flask(bug)[0][:2] for bug in BUGS[1:]}) == len(BUGS) - 1


class Mailer:
    """Asks whether somebody was mailed, mails them, and then notes it: two at once both mail."""

    def __init__(self, lock: asyncio.Lock | None) -> None:
        self.lock: Any = lock if lock is not None else contextlib.AsyncExitStack()
        self.mails: list[tuple[str, str]] = []
        self.noted: set[tuple[str, str]] = set()

    async def take(self, request: Request) -> JSONResponse:
        message = await request.json()
        cohort = message["parameters"]["mixpanel_cohort_id"]
        async with self.lock:
            for member in message["parameters"]["members"] if message["action"] != "remove_members" else ():
                arrival = cohort, member["mixpanel_distinct_id"]
                if arrival not in self.noted:
                    await asyncio.sleep(0.001)  # the mail server's answer
                    self.mails.append(arrival)
                    self.noted.add(arrival)
        return JSONResponse({"action": message["action"], "status": "success"})

    async def arrivals(self) -> list[tuple[str, str]]:
        return self.mails


@pytest.mark.parametrize("locked", [False, True])
def test_a_race_between_two_awaits_is_found_and_named(locked: bool) -> None:
    def make() -> Receiver:
        mailer = Mailer(asyncio.Lock() if locked else None)
        app = Starlette(routes=[Route("/", mailer.take, methods=["POST"])])
        return Receiver(app, arrivals=mailer.arrivals, arrival_policy="once_per_user")

    found = {verdict[:2] for verdict in verdicts(make, MEETINGS)}
    assert found == (set() if locked else {("concurrency", "acted-twice-in-a-race")})


def _is_answered(event: Attempted) -> bool:
    return isinstance(event.reply, Reply)


START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize("clock", ["freezegun", "time_machine"])
def test_an_app_sees_virtual_time_and_its_loop_the_real_one(clock: str) -> None:
    """Three days pass between two deliveries, and each takes milliseconds."""
    seen: list[datetime] = []
    took: list[float] = []

    async def hook(request: Request) -> JSONResponse:
        loop = asyncio.get_running_loop()
        began = loop.time()
        seen.append(datetime.now(UTC))
        before = time.time()
        async with asyncio.timeout(1):
            await asyncio.sleep(0.001)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        assert time.time() == before == seen[-1].timestamp()
        took.append(loop.time() - began)
        return JSONResponse({"action": (await request.json())["action"], "status": "success"})

    receiver = Receiver(Starlette(routes=[Route("/", hook, methods=["POST"])]))
    with open_kit(lambda: receiver, BUILT_IN, clock=clock) as kit:
        outcome = run(kit, CANONICAL["four-days-down"])
    moments = [event.at for event in outcome.history if isinstance(event, Attempted) and _is_answered(event)]
    assert outcome.violation is None
    assert seen == [START + timedelta(seconds=moment) for moment in moments]
    assert seen[-1] - seen[0] >= timedelta(days=3)
    assert all(0.001 < each < 1 for each in took)


def test_probes_share_the_loop_of_the_app() -> None:
    """An engine that the app makes when it starts belongs to its loop; so do its locks."""
    loops: set[int] = set()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        loops.add(id(asyncio.get_running_loop()))
        yield
        loops.add(id(asyncio.get_running_loop()))

    async def hook(request: Request) -> JSONResponse:
        loops.add(id(asyncio.get_running_loop()))
        return JSONResponse({"action": (await request.json())["action"], "status": "success"})

    asked: list[str] = []

    def probe(name: str, answer: Any = ()) -> Any:
        async def ask(*_: str) -> Any:
            await asyncio.sleep(0)
            asked.append(name)
            loops.add(id(asyncio.get_running_loop()))
            return answer

        return ask

    @contextlib.asynccontextmanager
    async def dependency() -> AsyncIterator[None]:
        asked.append("trouble")
        loops.add(id(asyncio.get_running_loop()))
        yield
        asked.append("no trouble")

    receiver = Receiver(
        Starlette(lifespan=lifespan, routes=[Route("/", hook, methods=["POST"])]),
        arrivals=probe("arrivals"),
        reset=probe("reset"),
        drain=probe("drain"),
        restart=probe("restart", None),
        dependency=dependency,
    )
    with open_kit(lambda: receiver, ()) as kit:
        for scenario in CANONICAL.values():
            run(kit, scenario)
    assert {"arrivals", "reset", "drain", "restart", "trouble", "no trouble"} <= set(asked)
    assert asked.count("trouble") == asked.count("no trouble")
    assert len(loops) == 1
