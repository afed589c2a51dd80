"""A memory on a real Redis server, which goes and comes back in the middle of a run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortprop.errors import UsageError
from cohortprop.memory import Memory, Remembered, open_database
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.clock import open_clock
from cohortprop.stopwatch import Stopwatch
from tests.examples.servers import free_port, redis

TARGET = "shop:receiver"
MERGED = Remembered("membership", "merged-cohorts", Scenario((CohortSeed("7", "VIPs", ("ann",)),)))
TWICE = Remembered("arrivals", "twice", MERGED.scenario)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def url(port: int) -> Iterator[str]:
    with redis(os.environ["PATH"], port) as server:
        yield server["REDIS_URL"]


@pytest.fixture
def told() -> list[str]:
    return []


def test_what_one_machine_keeps_is_news_to_another(url: str) -> None:
    here, there = (Memory(open_database(url), TARGET) for _ in range(2))
    here.keep(MERGED)
    assert there.news() == [MERGED]
    there.forget(MERGED)
    assert Memory(open_database(url), TARGET).news() == []
    assert Memory(open_database(url.removesuffix("/0")), TARGET).news() == []


def test_databases_of_one_server_are_apart(url: str) -> None:
    Memory(open_database(url), TARGET).keep(MERGED)
    assert Memory(open_database(url.removesuffix("/0") + "/1"), TARGET).news() == []


def test_what_nobody_asks_for_expires_after_three_months(url: str) -> None:
    from redis import Redis

    Memory(open_database(url), TARGET).keep(MERGED)
    client = Redis.from_url(url)
    (key,) = client.keys()
    assert 89 * 86400 < client.ttl(key) <= 90 * 86400
    client.close()


def test_hypothesis_keeps_its_examples_there_while_time_is_frozen(url: str) -> None:
    drawn: list[int] = []

    def fails() -> None:
        @settings(database=open_database(url), deadline=None)
        @given(st.integers(0, 1000))
        def test(number: int) -> None:
            drawn.append(number)
            assert number < 500

        test()

    with open_clock():
        for _ in range(2):
            drawn.clear()
            with pytest.raises(AssertionError):
                fails()
    assert drawn[0] == 500


def test_a_server_that_goes_in_the_middle_loses_nothing(port: int, told: list[str]) -> None:
    with redis(os.environ["PATH"], port) as server:
        database = open_database(server["REDIS_URL"], tell=told.append)
        memory = Memory(database, TARGET, tell=told.append)
        memory.keep(MERGED)
        assert told == []
    memory.keep(TWICE)
    assert memory.news() == []
    memory.close()
    assert len(told) == 2
    assert told[0].startswith(f"database 'redis://127.0.0.1:{port}/0': ConnectionError: ")
    assert told[0].endswith("; the run goes on without it")
    assert told[1].endswith("at the end, the shared database does not show 2 findings of this run")
    with redis(os.environ["PATH"], port) as server:
        patience = Stopwatch(30)
        while not patience.expired and len(told) < 4:
            memory.news()  # as before the next block
            if Memory(open_database(server["REDIS_URL"]), TARGET).news() == [TWICE]:
                break
        else:
            pytest.fail("what waited was not written")
    assert len(told) == 2


def test_a_server_that_lets_everybody_wait_holds_nobody_up(
    url: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis import Redis

    monkeypatch.setattr("cohortprop.memory.databases._ANSWER_WITHIN", 0.1)
    memory = Memory(open_database(url, tell=told.append), TARGET, tell=told.append)
    with Redis.from_url(url) as client:
        client.client_pause(1500)
    watch = Stopwatch()
    for _ in range(100):
        memory.keep(MERGED)
        memory.news()
    assert watch.seconds < 2
    (line,) = told
    assert "TimeoutError: " in line
    patience = Stopwatch(30)
    found: list[Remembered] = []
    while not found and not patience.expired:
        with contextlib.suppress(UsageError):  # as long as it lets everybody wait
            found = Memory(open_database(url), TARGET).news()
        memory.news()
    assert found == [MERGED]
    assert len(told) == 1


def test_hypothesis_goes_on_when_the_server_goes_in_the_middle(port: int, told: list[str]) -> None:
    with redis(os.environ["PATH"], port) as server:
        database = open_database(server["REDIS_URL"], tell=told.append)

    @settings(database=database, deadline=None)
    @given(st.integers(0, 1000))
    def fails(number: int) -> None:
        assert number < 500, f"{number} is too many"

    with pytest.raises(AssertionError, match="500 is too many"):
        fails()
    assert len(told) == 1


def test_a_server_that_wants_a_password(port: int) -> None:
    with redis(os.environ["PATH"], port, "--requirepass", "s3cret"):
        here = f"127.0.0.1:{port}/0"
        Memory(open_database(f"redis://:s3cret@{here}"), TARGET).keep(MERGED)
        for password in ("", ":wr0ng@"):
            with pytest.raises(UsageError) as caught:
                open_database(f"redis://{password}{here}")
            assert str(caught.value).partition(": ")[2] == (
                "the server refuses the credentials; write redis://USER:PASSWORD@HOST:PORT/DB"
            )


def test_a_database_that_the_server_does_not_have(url: str) -> None:
    with pytest.raises(UsageError, match="the server refuses: ResponseError: DB index is out of range"):
        open_database(url.removesuffix("/0") + "/4711")


def test_no_server_at_the_start_is_wrong_usage_in_one_line(port: int) -> None:
    pytest.importorskip("redis")
    with pytest.raises(UsageError) as caught:
        open_database(f"redis://me:s3cret@127.0.0.1:{port}/0")
    line = str(caught.value)
    assert line.startswith(f"database 'redis://***@127.0.0.1:{port}/0': no Redis server answers there: ")
    assert "\n" not in line
    assert "s3cret" not in line
