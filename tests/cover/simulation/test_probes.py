"""Looking inside a receiver: whatever form the user's probes have, and whatever is wrong with them."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import pytest

from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver
from cohortprop.simulation.clock import open_clock
from cohortprop.simulation.probes import Probes, ask
from cohortprop.transport import run_alone
from tests.cover.simulation.sandbox import Sandbox


def app(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("nobody calls it")


def probes(*cohorts: str, **given: Any) -> Probes:
    return Probes(Receiver(app, **given), cohorts or ("7",))


def refusal(look: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as fault:
        look()
    assert len(str(fault.value).splitlines()) == 1
    return str(fault.value)


async def slowly(answer: Any) -> Any:
    await asyncio.sleep(0)
    return answer


def one_by_one(*answers: Any) -> Iterator[Any]:
    yield from answers


class Row(NamedTuple):
    cohort: str
    user: str


@pytest.mark.parametrize(
    "members",
    [
        lambda cohort: ["ann", 7],
        lambda cohort: ("7", "ann", "ann"),
        lambda cohort: {7: "x", "ann": "y"},
        lambda cohort: {"7", "ann"},
        lambda cohort: one_by_one("ann", 7),
        lambda cohort: slowly(["ann", "7"]),
        lambda cohort: slowly(one_by_one("ann", "7")),
        lambda cohort: map(str, ["ann", 7]),
    ],
)
def test_members_in_any_form(members: Callable[[str], Any]) -> None:
    assert probes(members=members).members() == {"7": frozenset({"ann", "7"})}


def test_each_cohort_is_asked_for() -> None:
    assert probes("7", "8", members=lambda cohort: [f"ann of {cohort}"]).members() == {
        "7": frozenset({"ann of 7"}),
        "8": frozenset({"ann of 8"}),
    }


def test_an_unknown_cohort_is_empty() -> None:
    assert probes(members=lambda cohort: []).members() == {"7": frozenset()}


@pytest.mark.parametrize("answer", [None, "ann", b"ann", 7, object])
def test_members_that_are_no_collection(answer: object) -> None:
    assert refusal(probes(members=lambda cohort: answer).members) == (
        f"Receiver(members=...) returned {answer!r} for cohort '7': "
        "expected the ids, an empty list if it does not know the cohort"
    )


@pytest.mark.parametrize("odd", [None, b"ann", 1.5, ("7", "ann"), True, {"id": "ann"}])
def test_members_that_are_no_ids(odd: object) -> None:
    expected = f"Receiver(members=...) yields {odd!r}: expected ids, as strings or integers"
    assert refusal(probes(members=lambda cohort: ["ann", odd]).members) == expected


def test_what_is_long_is_shown_in_part() -> None:
    said = refusal(probes(members=lambda cohort: "x" * 500).members)
    assert f" returned '{'x' * 76}... for" in said


def test_an_asynchronous_generator_is_no_collection() -> None:
    async def members(cohort: str) -> AsyncIterator[str]:
        yield "ann"

    assert refusal(probes(members=members).members).startswith("Receiver(members=...) returned <async_generator ")


@pytest.mark.parametrize(
    "arrivals",
    [
        lambda: [("7", "ann"), ("7", "ann"), ("8", "ann")],
        lambda: ([7, "ann"], ["7", "ann"], [8, "ann"]),
        lambda: one_by_one(Row("7", "ann"), Row("7", "ann"), Row("8", "ann")),
        lambda: slowly([("7", "ann"), (7, "ann"), ("8", "ann")]),
    ],
)
def test_arrivals_in_any_form(arrivals: Callable[[], Any]) -> None:
    assert probes(arrivals=arrivals).arrivals() == {("7", "ann"): 2, ("8", "ann"): 1}


def test_arrivals_may_be_rows_of_a_database() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.row_factory = sqlite3.Row
        found = probes(arrivals=lambda: database.execute("SELECT 7, 'ann'")).arrivals()
    assert found == {("7", "ann"): 1}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        "7a",
        ["7a"],
        [b"7a"],
        ["ann"],
        [("7",)],
        [("7", "ann", 1)],
        [("7", None)],
        [(None, "ann")],
        [{"cohort": "7", "user": "ann"}],
        [{"7", "ann"}],
        [7],
        [("7", "ann"), None],
    ],
)
def test_arrivals_that_are_no_pairs(answer: object) -> None:
    said = refusal(probes(arrivals=lambda: answer).arrivals)
    assert said == f"Receiver(arrivals=...): expected pairs of cohort id and id, got {answer!r}"


def test_without_probes_there_is_nothing_to_see() -> None:
    bare = probes()
    assert (bare.members(), bare.arrivals()) == (None, None)
    bare.drain()
    bare.require_empty(after_reset=False)


HERE = __file__.rsplit("/", 1)[-1]


def failing(*_: object) -> Any:
    raise RuntimeError("no such table\nand more")


def failing_plainly() -> None:
    failing()


async def failing_later(*_: object) -> Any:
    raise RuntimeError("no such table")


def failing_half_way(*_: object) -> Iterator[Any]:
    yield from [("7", "ann")][:0]
    raise RuntimeError("no such table")


@pytest.mark.parametrize("probe", [failing, failing_later, failing_half_way])
@pytest.mark.parametrize("name", ["members", "arrivals"])
def test_a_probe_that_fails(name: str, probe: Callable[..., Any]) -> None:
    line = probe.__code__.co_firstlineno + (2 if probe is failing_half_way else 1)
    look = getattr(probes(**{name: probe}), name)
    assert refusal(look) == f"Receiver({name}=...) failed: RuntimeError: no such table ({HERE}, line {line})"


@pytest.mark.parametrize(("name", "look"), [("drain", "drain"), ("restart", "restart")])
def test_another_function_that_fails(name: str, look: str) -> None:
    line = failing.__code__.co_firstlineno + 1
    said = refusal(getattr(probes(**{name: failing_plainly}), look))
    assert said == f"Receiver({name}=...) failed: RuntimeError: no such table ({HERE}, line {line})"


def unheard_of(cohort: str) -> list[str]:
    known: dict[str, list[str]] = {}
    return known[cohort]


def unheard_of_later(cohort: str) -> Iterator[str]:
    yield from unheard_of(cohort)


@pytest.mark.parametrize("members", [unheard_of, unheard_of_later])
def test_a_cohort_that_the_probe_has_not_heard_of_gets_a_hint(members: Callable[[str], Any]) -> None:
    said = refusal(probes(members=members).members)
    assert said.startswith("Receiver(members=...) failed: KeyError: '7' (")
    assert said.endswith("); a cohort that it does not know has no members")


def test_only_members_get_that_hint() -> None:
    said = refusal(probes(arrivals=lambda: unheard_of("7")).arrivals)
    assert said.startswith("Receiver(arrivals=...) failed: KeyError: '7' (")
    assert said.endswith(")")


def test_the_users_own_traceback_is_kept() -> None:
    with pytest.raises(UsageError) as fault:
        probes(members=failing).members()
    assert isinstance(fault.value.__cause__, RuntimeError)


def test_ctrl_c_is_not_a_failure_of_the_probe() -> None:
    def members(cohort: str) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        probes(members=members).members()


def test_drain_and_restart_may_be_asynchronous() -> None:
    done: list[str] = []

    async def drain() -> None:
        await asyncio.sleep(0)
        done.append("drained")

    async def restart() -> object:
        done.append("restarted")
        return app

    both = probes(drain=drain, restart=restart)
    both.drain()
    assert both.restart() is app
    assert done == ["drained", "restarted"]


@pytest.mark.parametrize("clock", ["freezegun", "time_machine", "none"])
def test_an_asynchronous_probe_may_sleep_while_time_is_frozen(clock: str) -> None:
    async def drain() -> None:
        await asyncio.wait_for(asyncio.sleep(0.01), 5)

    with open_clock(clock):
        probes(drain=drain).drain()


def test_a_dependency_may_be_an_async_context_manager() -> None:
    """It is left on the loop on which it was entered, whatever happens in between."""
    told: list[object] = []

    @contextlib.asynccontextmanager
    async def dependency() -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        told.append("in trouble")
        try:
            yield
        except KeyError:
            told.append("interrupted")
            raise
        finally:
            told.append(asyncio.get_running_loop() is loop)

    with probes(dependency=dependency).trouble():
        assert told == ["in trouble"]
    assert told == ["in trouble", True]
    with pytest.raises(KeyError), probes(dependency=dependency).trouble():
        raise KeyError
    assert told[2:] == ["in trouble", "interrupted", True]


def test_an_async_context_manager_that_fails_is_named() -> None:
    there = False

    @contextlib.asynccontextmanager
    async def dependency() -> AsyncIterator[None]:
        if not there:
            raise ConnectionError("no broker")
        yield

    said = r"^Receiver\(dependency=...\) failed: ConnectionError: no broker \(test_probes.py, line "
    with pytest.raises(UsageError, match=said), probes(dependency=dependency).trouble():
        pass


def test_async_probes_run_where_they_are_told_to() -> None:
    ran: list[object] = []

    def run(awaitable: Any) -> Any:
        ran.append(awaitable)
        return run_alone(awaitable)

    async def members(cohort: str) -> list[str]:
        return ["ann"]

    looks = Probes(Receiver(app, members=members, drain=nothing_to_drain), ("7",), run)
    looks.drain()
    assert looks.members() == {"7": frozenset({"ann"})}
    assert len(ran) == 2


async def nothing_to_drain() -> None:
    """Is awaited, and has nothing to do."""


@pytest.mark.parametrize("answer", [None, app])
def test_a_restart_gives_an_app_or_none(answer: object) -> None:
    assert probes(restart=lambda: answer).restart() is answer


def test_a_restart_that_gives_something_else() -> None:
    said = refusal(probes(restart=lambda: ["app"]).restart)
    assert said == "Receiver(restart=...) returned ['app']: expected the new app, or None"


def test_a_function_of_the_user_is_asked_with_what_it_takes() -> None:
    assert ask("reset", lambda: 3) == 3
    assert ask("members", lambda *given: given, "7") == ("7",)


class TestEmptyAtTheStart:
    NOT_EMPTY = "the receiver is not empty at the start of a trial: "
    WAY_OUT = "; build a fresh app in the factory, or give Receiver(reset=...)"
    NOT_RESET = "Receiver(reset=...) does not empty the receiver: "

    def test_it_must_hold_nobody(self) -> None:
        looks = probes("7", "8", members=lambda cohort: ["bob", "ann"] if cohort == "8" else [])
        seen = "members('8') already yields ['ann', 'bob']"
        assert refusal(lambda: looks.require_empty(after_reset=False)) == self.NOT_EMPTY + seen + self.WAY_OUT
        assert refusal(lambda: looks.require_empty(after_reset=True)) == f"{self.NOT_RESET}{seen} right after it"

    def test_nobody_must_have_arrived(self) -> None:
        looks = probes(members=lambda cohort: [], arrivals=lambda: [("7", "ann")])
        seen = "arrivals() already yields [('7', 'ann')]"
        assert refusal(lambda: looks.require_empty(after_reset=False)) == self.NOT_EMPTY + seen + self.WAY_OUT
        assert refusal(lambda: looks.require_empty(after_reset=True)) == f"{self.NOT_RESET}{seen} right after it"

    def test_somebody_may_have_arrived_whom_it_holds(self) -> None:
        looks = probes(members=lambda cohort: ["ann"], arrivals=lambda: [("7", "ann")])
        assert "members('7') already yields" in refusal(lambda: looks.require_empty(after_reset=False))

    def test_an_empty_one_is_fine(self) -> None:
        looks = probes(members=lambda cohort: (), arrivals=list)
        looks.require_empty(after_reset=True)
        looks.require_empty(after_reset=False)

    def test_a_receiver_fresh_from_the_factory_is_empty(self) -> None:
        Sandbox(["ann"]).world.probes.require_empty(after_reset=False)
