"""What cohortprop itself costs, as ratios to a floor measured in the same run.

    python -m measure.bench
    python -m measure.bench --rounds 30

Each figure is the median over rounds. In every round the thing and its floors are run one right after the other, and
what is counted is the time that this process spends computing, so that other work on the machine does not count.

**Machine step.** A step of the search that sends nothing: members come and go, somebody's address, a cohort's name is
edited. The floor is a bare Hypothesis state machine with the same rules, the same strategies and the same seed, so the
very same draws, and empty rule bodies; time is not frozen round it. The receiver does nothing; all checks are on.
Starting a trial is in the measurement, ending it is not, for that is deliveries.

**Delivery.** A sync of three hundred pages in a trial, from the sender's plan to the history's last event, under frozen
time, with the watchdog, the capture of logs and all checks. One floor is the app's own call, answer and closing
included: it is timed inside another such trial, less what reading the time costs, so that the difference is everything
but the app. The other floor is the same bodies given to `WsgiTransport` alone. Once with a Flask app of the usual kind,
which stands for apps as people write them, and once with one of the leanest of the zoo, beside which twice the bare
call is less than it takes to write down the event; so that is shown without an aim. So are two things that come on top
of deliveries: a sync's beginning and end, measured on syncs that have nothing to say, and looking at a receiver with
five members after each delivery. The aim in microseconds is one for machines on which a step of the bare Hypothesis
machine takes at most 170 µs. On a slower one, or a busy one, what is held against it is what the delivery would take
there: each round measures that yardstick, too, and both figures are shown.

**Live.** The same bodies sent to a server in a process of its own, a plain one of the standard library, through the
live transport and through a bare client of the same library, httpx, each over one connection that is kept. Here waiting
counts, so this is wall time. Beside it, the library's own share: the bare client against the same request and answer
over a bare socket.

**ASGI.** A request to an ASGI app through `AsgiTransport`, watched and with its log captured, once with a bare app and
once with FastAPI. Its floor is the same app called through the library that runs both, an event loop of asyncio's:
`run_until_complete`, with the same scope. What that library costs over the app itself, driven by hand, is beside it.

**Silence.** Three days in which every attempt is refused, 864 of them, and a year in which there is nothing to say: the
steps of a trial, after its first sync.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter, process_time  # no time is frozen round the first; freezegun leaves the other alone
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request
from flask.typing import ResponseReturnValue
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import (
    INITIALIZE_RULE_MARKER,
    RULE_MARKER,
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from cohortprop import Receiver, zoo
from cohortprop.checks import BUILT_IN
from cohortprop.machine import MachinePlan, build_machine
from cohortprop.profiles import PROFILES, readings_for
from cohortprop.sender import Dialect
from cohortprop.simulation import Attempted, CohortSeed, Scenario
from cohortprop.simulation.scenario import Probing
from cohortprop.simulation.steps import Join, Outage, Step, Sync, Wait
from cohortprop.transport import WsgiTransport
from cohortprop.trial import Trial, TrialKit, open_kit
from measure.asgi_calls import bare_app, fastapi_app, measure
from measure.spread import markdown_table

STEP_RATIO, DELIVERY_MICROSECONDS, DELIVERY_RATIO, OUTAGE_MS, YEAR_MS = 1.3, 40.0, 2.0, 1.0, 10.0
ASGI_RATIO = LIVE_RATIO = 2.0
SPEED_UP, GROWTH = 1.8, 1.1
"""The aims."""

YARDSTICK = 170.0
"""Microseconds of a step of a bare Hypothesis machine where the aims in microseconds were set: 100 to 170."""

STEPS, TRIALS = 50, 20
"""Of a run of the machine."""

SILENT_RULES = frozenset({"begin", "churn", "rename", "edit", "merge"})
"""The rules of the machine that send nothing, and its beginning."""

COHORT = "1001"
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Args:
        what: was measured.
        ours: its figure in each round.
        unit: of the figures.
        floors: what each is held against; empty where the aim is absolute.
        aim: in words.
        met: whether the aim is met; None where there is none.
    """

    what: str
    ours: Sequence[float]
    unit: str
    floors: Sequence[float] = ()
    aim: str = ""
    met: bool | None = None

    @property
    def cells(self) -> list[str]:
        """As they are printed."""
        floor = f"{median(self.floors):.1f} {self.unit}" if self.floors else ""
        ratio = f"{_ratio(self.ours, self.floors):.2f}" if self.floors else ""
        met = "" if self.met is None else "met" if self.met else "not met"
        return [self.what, f"{median(self.ours):.1f} {self.unit}", floor, ratio, self.aim, met]


def _ratio(ours: Sequence[float], floors: Sequence[float]) -> float:
    """The median over pairs, each of one round."""
    return median(mine / floor for mine, floor in zip(ours, floors, strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure.

    Returns:
        0 if every aim is met, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m measure.bench", description="What cohortprop itself costs.")
    parser.add_argument("--rounds", type=int, default=31, help="of measurements; default 31")
    options = parser.parse_args(argv)
    rows = [
        machine_step(options.rounds),
        *delivery("Flask", flask_receiver, options.rounds, gated=True),
        *delivery("the leanest of the zoo", zoo.applies_each_page, options.rounds, gated=False),
        *live(options.rounds),
        *asgi("a bare ASGI app", bare_app, options.rounds),
        *asgi("FastAPI", fastapi_app(), options.rounds),
        *silence(options.rounds),
        *crews(),
    ]
    heads = ["measured", "median", "floor", "ratio", "aim", ""]
    print(markdown_table(heads, [row.cells for row in rows], "lrrrll"))
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores:
        print(f"The machine is busy (load {load:.1f}, {cores} cores): figures in µs and ms are too high.")
    return 0 if all(row.met is not False for row in rows) else 1


# Machine step


def machine_step(rounds: int) -> Row:
    """A step that sends nothing, against the same draws alone."""
    ours, floors = [], []
    for number in range(rounds):
        floors.append(_bare_run(number))
        ours.append(_machine_run(number))
    met = _ratio(ours, floors) <= STEP_RATIO
    return Row("a machine step that sends nothing", ours, "µs", floors, f"at most {STEP_RATIO} x", met)


def _machine_run(number: int) -> float:
    with open_kit(_nothing_receiver, BUILT_IN) as kit:
        return _microseconds_a_step(_silent(_machine(lambda: kit)), number)


def _bare_run(number: int) -> float:
    return _microseconds_a_step(_hollow(_silent(_machine(_no_kit))), number)


def _machine(kit: Callable[[], TrialKit]) -> type[RuleBasedStateMachine]:
    readings = readings_for(PROFILES["realistic"])
    return build_machine(MachinePlan.for_receiver(_nothing_receiver(), kit, readings=readings))


def _no_kit() -> TrialKit:
    raise AssertionError("the bare machine has no trial")


def _silent(machine: type[RuleBasedStateMachine]) -> type[RuleBasedStateMachine]:
    """The machine without the rules that send, and without the way home."""
    names = {name for name, _ in _rules(machine)}
    assert names >= SILENT_RULES, f"the machine has no rules {SILENT_RULES - names}"
    removed = dict.fromkeys(names - SILENT_RULES)
    return type("Silent", (machine,), {**removed, "teardown": RuleBasedStateMachine.teardown})


def _hollow(machine: type[RuleBasedStateMachine]) -> type[RuleBasedStateMachine]:
    """A bare Hypothesis machine with the rules of another, whose bodies are empty."""
    body: dict[str, Any] = {}
    for name, kind in _rules(machine):
        made = initialize if kind == INITIALIZE_RULE_MARKER else rule
        arguments = getattr(getattr(machine, name), kind).arguments
        body[name] = made(**arguments)(_empty(name))  # type: ignore[no-untyped-call]
    return type("Hollow", (RuleBasedStateMachine,), body)


def _empty(name: str) -> Callable[..., None]:
    def nothing(self: RuleBasedStateMachine, **arguments: object) -> None:
        """Take the draws, and do nothing with them."""

    nothing.__name__ = name
    return nothing


def _rules(machine: type[RuleBasedStateMachine]) -> Iterator[tuple[str, str]]:
    for name in dir(machine):
        for kind in (RULE_MARKER, INITIALIZE_RULE_MARKER):
            if hasattr(getattr(machine, name), kind):
                yield name, kind


def _microseconds_a_step(machine: type[RuleBasedStateMachine], number: int) -> float:
    run = settings(
        max_examples=TRIALS,
        stateful_step_count=STEPS,
        phases=[Phase.generate],
        database=None,
        derandomize=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(machine)
    began = process_time()
    run_state_machine_as_test(machine, settings=run)
    return (process_time() - began) * 1e6 / (STEPS * TRIALS)


def _nothing_receiver() -> Receiver:
    return Receiver(_refuse, members=_nobody, arrivals=tuple)


def _nobody(_cohort_id: str) -> tuple[str, ...]:
    return ()


def _refuse(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
    """Is never called; if a step did send something, this refusal would end the run with a violation."""
    start_response("404 Not Found", [])
    return []


# Delivery


def delivery(name: str, factory: Callable[[], Receiver], rounds: int, *, gated: bool) -> list[Row]:
    """One delivery in a trial, against the app's own call, and against the bare call through the transport."""
    app, carried, ours, silent, looking, pace = [], [], [], [], [], []
    timed = TimedApp(factory)
    with open_kit(factory, BUILT_IN) as kit, open_kit(timed.receiver, BUILT_IN) as timing_kit:
        bodies = _bodies(kit)
        for number in range(rounds):
            pace.append(max(1.0, _bare_run(number) / YARDSTICK))
            carried.append(_microseconds_a_call(WsgiTransport(factory()).send, bodies))
            ours.append(_microseconds(kit, MANY_PAGES, [Sync(COHORT)]) / len(bodies))
            _microseconds(timing_kit, MANY_PAGES, [Sync(COHORT)])
            app.append(timed.seconds * 1e6 / len(bodies) - _microseconds_a_reading())
            silent.append(_microseconds(kit, _small("seldom"), [Sync(COHORT)] * 101) / 201)
            looking.append(_microseconds(kit, _small("delivery"), [Sync(COHORT)] * 101) / 201)
    more = median(mine - own for mine, own in zip(ours, app, strict=True))
    there = median((mine - own) / slower for mine, own, slower in zip(ours, app, pace, strict=True))
    aim = f"at most {DELIVERY_MICROSECONDS:.0f} µs more; is {more:.1f}"
    if median(pace) > 1:
        aim += f" here, where all takes {median(pace):.1f} times as long: {there:.1f}"
    twice = _ratio(ours, carried) <= DELIVERY_RATIO if gated else None
    what = f"a delivery to {name}"
    return [
        Row(f"{what}; floor: the app's own call", ours, "µs", app, aim, there <= DELIVERY_MICROSECONDS),
        Row(f"{what}; floor: the bare transport", ours, "µs", carried, f"at most {DELIVERY_RATIO:g} x" * gated, twice),
        Row(f"{what}, in syncs of two, empty; floor: in one of 300", silent, "µs", ours),
        Row(f"{what}, and a look; floor: without the look", looking, "µs", silent),
    ]


class TimedApp:
    """Builds receivers whose app counts the seconds that it takes; each starts the count anew.

    Args:
        factory: builds the receiver itself.
    """

    def __init__(self, factory: Callable[[], Receiver]) -> None:
        self.seconds = 0.0
        self._factory = factory

    def receiver(self) -> Receiver:
        """A receiver with the app wrapped."""
        receiver = self._factory()
        app = receiver.app
        self.seconds = 0.0

        def timed(environ: object, start_response: object) -> list[bytes]:
            began = process_time()
            answer = app(environ, start_response)
            chunks = list(answer)
            if hasattr(answer, "close"):
                answer.close()
            self.seconds += process_time() - began
            return chunks

        receiver.app = timed
        return receiver


MANY_PAGES = Scenario(
    (CohortSeed(COHORT, "VIPs", tuple(f"user-{number}" for number in range(300))),), page_size=1, probing="seldom"
)


def _small(probing: Probing) -> Scenario:
    return Scenario((CohortSeed(COHORT, "VIPs", ("ann", "bob", "cy", "dan", "eve")),), probing=probing)


def _bodies(kit: TrialKit) -> list[bytes]:
    trial = Trial(kit, MANY_PAGES)
    violation = trial.apply(Sync(COHORT))
    assert violation is None, violation
    return [event.delivery.body for event in trial.outcome.history if isinstance(event, Attempted)]


def _microseconds(kit: TrialKit, scenario: Scenario, steps: Sequence[Step], before: Sequence[Step] = ()) -> float:
    """What the steps take in a trial of their own."""
    trial = Trial(kit, scenario)
    for step in before:
        trial.apply(step)
    began = process_time()
    for step in steps:
        trial.apply(step)
    return (process_time() - began) * 1e6


def _microseconds_a_call(call: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    began = process_time()
    for body in bodies:
        call(body)
    return (process_time() - began) * 1e6 / len(bodies)


def _microseconds_a_reading() -> float:
    """What reading the time costs."""
    began = process_time()
    for _ in range(299):
        process_time()
    return (process_time() - began) * 1e6 / 300


def flask_receiver() -> Receiver:
    """A webhook as one is written with Flask: it replaces on `members`, page by page, and applies diffs."""
    app = Flask("shop")
    held: dict[str, dict[str, Any]] = {}
    pages: dict[str, set[str]] = {}

    @app.post("/cohorts")
    def take() -> ResponseReturnValue:
        message = request.get_json()
        parameters = message["parameters"]
        cohort = held.setdefault(parameters["mixpanel_cohort_id"], {})
        users = {member["mixpanel_distinct_id"]: member for member in parameters["members"]}
        if message["action"] == "remove_members":
            for user in users:
                cohort.pop(user, None)
        else:
            cohort.update(users)
        if message["action"] == "members":
            named = pages.setdefault(parameters["mixpanel_session_id"], set())
            named.update(users)
            if parameters["page_info"]["page_count"] == parameters["page_info"]["total_pages"]:
                for user in cohort.keys() - named:
                    del cohort[user]
        return {"action": message["action"], "status": "success"}

    return Receiver(app, path="/cohorts", members=lambda cohort_id: held.get(cohort_id, ()))


# Live

SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_POST(self):
        action = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["action"]
        body = json.dumps({"action": action, "status": "success"}).encode()
        head = f"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
        self.wfile.write(head.encode() + body)
    def log_message(self, *args):
        pass
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def live(rounds: int) -> list[Row]:
    """An attempt through the live transport, against the bare client; and that against a bare socket."""
    import httpx  # an extra

    from cohortprop import Process
    from cohortprop.transport import LogCapture, Transports, Watchdog

    with open_kit(zoo.applies_each_page, BUILT_IN) as kit:
        bodies = _bodies(kit)
    ours, floors, sockets = [], [], []
    receiver = Receiver(Process([sys.executable, "-c", SERVER]), path="/hook", headers={"X-Shop": "berlin"})
    watchdog = Watchdog()
    with watchdog.watching(), contextlib.closing(Transports(watchdog, LogCapture())) as transports:
        transport = transports.open(receiver)
        assert transports.receiver is not None
        url = transports.receiver.url
        headers = {"X-Shop": "berlin", "Content-Type": "application/json"}
        with httpx.Client(trust_env=False) as client, _bare_socket(url) as call:
            for _ in range(rounds):
                sockets.append(_wall_microseconds_a_call(call, bodies))
                floors.append(
                    _wall_microseconds_a_call(lambda body: client.post(url, content=body, headers=headers), bodies)
                )
                ours.append(_wall_microseconds_a_call(transport.send, bodies))
    met = _ratio(ours, floors) <= LIVE_RATIO
    return [
        Row("an attempt over HTTP; floor: the bare client", ours, "µs", floors, f"at most {LIVE_RATIO:g} x", met),
        Row("the bare client itself; floor: a bare socket", floors, "µs", sockets),
    ]


@contextlib.contextmanager
def _bare_socket(url: str) -> Iterator[Callable[[bytes], bytes]]:
    """A request and its answer with nothing in between."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def call(body: bytes) -> bytes:
            connected.sendall(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return connected.recv(65536)  # the server writes its answer in one piece

        yield call


def _wall_microseconds_a_call(call: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    began = perf_counter()
    for body in bodies:
        call(body)
    return (perf_counter() - began) * 1e6 / len(bodies)


# ASGI


def asgi(name: str, app: Any, rounds: int) -> list[Row]:
    """A request through the transport, against one through an event loop alone, and that against the app alone."""
    calls = measure(app, rounds)
    met = _ratio(calls.ours, calls.loop) <= ASGI_RATIO
    what = f"a request to {name}"
    return [
        Row(f"{what}; floor: an event loop alone", calls.ours, "µs", calls.loop, f"at most {ASGI_RATIO:g} x", met),
        Row(f"{what} through an event loop alone; floor: the app, by hand", calls.loop, "µs", calls.app),
    ]


# Workers, and long campaigns


def crews() -> list[Row]:
    """Two workers against one, and a long campaign against a short one."""
    from measure.crews import LONG, SHORT, growth, speed_up

    two, one = speed_up(2)
    long, short = growth()
    faster = _ratio(two, one) >= SPEED_UP
    steady = long <= GROWTH * short
    return [
        Row("trials a second by two workers; floor: by one", two, "", one, f"at least {SPEED_UP:g} x", faster),
        Row(f"held after {LONG} trials; floor: after {SHORT}", [long], "kB", [short], f"at most {GROWTH:g} x", steady),
    ]


# Silence


def silence(rounds: int) -> list[Row]:
    """Times in which nothing reaches the receiver."""
    small = _small("delivery")
    speechless = replace(small, dialect=Dialect(empty_diff="silent"))
    synced: list[Step] = [Sync(COHORT)]
    down, year = [], []
    with open_kit(zoo.applies_each_page, BUILT_IN) as kit:
        for _ in range(rounds):
            outage: list[Step] = [Outage(3 * DAY, 503), Wait(3 * DAY)]
            down.append(_microseconds(kit, small, outage, [*synced, Join(COHORT, ("fay",))]) / 1e3)
            year.append(_microseconds(kit, speechless, [Wait(365 * DAY)], synced) / 1e3)
    return [
        Row("a three-day outage", down, "ms", aim=f"under {OUTAGE_MS:g} ms", met=median(down) < OUTAGE_MS),
        Row("a silent virtual year", year, "ms", aim=f"under {YEAR_MS:g} ms", met=median(year) < YEAR_MS),
    ]


if __name__ == "__main__":
    sys.exit(main())
