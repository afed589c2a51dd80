"""Who sees virtual time while time is frozen: the app, its libraries and its threads, whoever calls them."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from cohortprop.receiver import Receiver
from cohortprop.simulation import Attempted, CohortSeed, History, Scenario, World, take
from cohortprop.simulation.clock import Clock, open_clock
from cohortprop.simulation.steps import ExpireSnapshot, Fates, Step, Sync, Wait
from cohortprop.transport import WsgiTransport
from tests.cover.simulation.sandbox import Shop

# Apps still ask for the time in this way, and Python warns of it from 3.12 on.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = START + timedelta(days=4)

APP = """
import calendar
import time
import datetime
from time import time as bound_time, time_ns, monotonic, perf_counter, gmtime, strftime
from datetime import datetime as bound_datetime, date

def look():
    return [
        time.time(),
        bound_time(),
        time.time_ns() / 1e9,
        time_ns() / 1e9,
        time.monotonic(),
        monotonic(),
        time.perf_counter(),
        perf_counter(),
        datetime.datetime.now(datetime.timezone.utc).timestamp(),
        bound_datetime.now(datetime.timezone.utc).timestamp(),
        bound_datetime.utcnow().replace(tzinfo=datetime.timezone.utc).timestamp(),
        calendar.timegm(gmtime()),
        calendar.timegm(time.strptime(strftime("%Y-%m-%dT%H:%M:%S"), "%Y-%m-%dT%H:%M:%S")),
        datetime.datetime.combine(date.today(), datetime.time(9), datetime.timezone.utc).timestamp(),
    ]
"""


def load(name: str, monkeypatch: pytest.MonkeyPatch, code: str = APP) -> ModuleType:
    """A module of this name, imported like any other."""
    module = ModuleType(name)
    exec(code, module.__dict__)  # noqa: S102 - the code stands above
    monkeypatch.setitem(sys.modules, name, module)
    return module


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load("shop_app", monkeypatch)


@contextmanager
def opened_later() -> Iterator[Clock]:
    """A clock, four days into a trial."""
    with open_clock("freezegun") as clock:
        clock.start(START)
        clock.move(4 * 86400)
        yield clock


ALL_LATER = [LATER.timestamp()] * 14


def test_the_app_and_what_it_imported_by_name(app: ModuleType) -> None:
    with opened_later():
        assert app.look() == ALL_LATER
    assert all(seen != LATER.timestamp() for seen in app.look())


def test_what_is_imported_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened_later():
        late = load("late_app", monkeypatch)
        assert late.look() == ALL_LATER
    assert all(seen != LATER.timestamp() for seen in late.look()[:-1])


@pytest.mark.parametrize(
    "name",
    ["gifts", "giveaway.app", "queues", "queue_app", "threading_app", "richmond", "hypothesis_app", "pytest_app",
     "multiprocessing_app", "selenium_app", "nose.plugins.app", "cohortprop.zoo.some_app", "cohortprop.simulation.app"],
)  # fmt: skip
def test_an_app_of_any_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are told apart by how their names begin."""
    app = load(name, monkeypatch)
    with opened_later():
        assert app.look() == ALL_LATER


def test_worker_threads(app: ModuleType) -> None:
    with opened_later():
        assert in_a_thread(app.look) == ALL_LATER


def in_a_thread(look: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(look()))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_that_was_there_before(app: ModuleType) -> None:
    questions: queue.Queue[bool] = queue.Queue()
    answers: queue.Queue[Any] = queue.Queue()

    def work() -> None:
        while questions.get():
            answers.put(app.look())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    questions.put(True)
    assert answers.get(timeout=5) != ALL_LATER
    with opened_later():
        questions.put(True)
        assert answers.get(timeout=5) == ALL_LATER
    questions.put(False)
    thread.join()


def test_an_app_that_is_called_from_a_rule_of_hypothesis(app: ModuleType) -> None:
    seen: list[Any] = []

    class Machine(RuleBasedStateMachine):
        @rule()
        def look(self) -> None:
            seen.append(app.look())  # two frames below Hypothesis
            seen.append([time.time(), datetime.now(UTC).timestamp()])  # and one

    with opened_later():
        run_state_machine_as_test(Machine, settings=settings(max_examples=2, stateful_step_count=2, database=None))
    assert all(each in (ALL_LATER, ALL_LATER[:2]) for each in seen)
    assert len(seen) >= 2


def test_a_test_of_hypothesis_itself() -> None:
    seen = []

    @given(st.integers())
    @settings(max_examples=2, database=None)
    def look(_: int) -> None:
        seen.append((time.time(), datetime.now(UTC), date.today()))  # noqa: DTZ011 - apps do

    with opened_later():
        look()
        expected = (LATER.timestamp(), LATER, LATER.date())
    assert set(seen) == {expected}


STEPS: tuple[Step, ...] = (Fates(("refuse", "lose")), Sync("7"), Wait(1800), ExpireSnapshot("7"), Wait(3600))


@pytest.mark.parametrize("name", ["freezegun", "time_machine"])
def test_an_app_in_a_world_sees_the_moment_of_each_attempt(name: str) -> None:
    seen: list[datetime] = []
    shop = Shop()

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(datetime.now(UTC))
        return shop(environ, start_response)

    scenario = Scenario((CohortSeed("7", "VIPs", ("ann",)),), start="2024-02-28T09:00:00-11:00")
    receiver = Receiver(app, members=shop.members)
    with open_clock(name) as clock:
        for _ in range(2):
            seen.clear()
            world = World(receiver, WsgiTransport(receiver), scenario, clock, History())
            for step in STEPS:
                take(world, step)
            attempts = [event.at for event in world.history if isinstance(event, Attempted) and event.reached]
            expected = [scenario.started_at + timedelta(seconds=at) for at in attempts]
            assert len(seen) > 6
            assert [abs(a - b) < timedelta(microseconds=2) for a, b in zip(seen, expected, strict=True)] == [
                True
            ] * len(seen)
