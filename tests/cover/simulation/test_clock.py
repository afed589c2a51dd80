"""The clocks that a user can choose from, and the one promise of all: within a trial, time never runs backwards."""

from __future__ import annotations

import builtins
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import freezegun
import freezegun.api
import pytest

from cohortprop.errors import ToolkitError, UsageError
from cohortprop.simulation.clock import CLOCKS, NoClock, open_clock

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
REAL_TIME = time.time


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("name", ["freezegun", "time_machine"])
def test_the_app_sees_the_virtual_time(name: str) -> None:
    with open_clock(name) as clock:
        clock.start(START)
        assert now() == START
        clock.move(0.25)
        assert now() == START + timedelta(seconds=0.25)
        clock.move(4 * 86400)
        assert now() == START + timedelta(days=4)
        assert time.time() == (START + timedelta(days=4)).timestamp()
    assert now() > START + timedelta(days=5)


@pytest.mark.parametrize("name", ["freezegun", "time_machine"])
def test_time_stands_still_in_between(name: str) -> None:
    with open_clock(name) as clock:
        clock.start(START)
        first = time.time()
        time.sleep(0.01)
        assert time.time() == first


def test_without_a_clock_the_app_keeps_its_own_time() -> None:
    with open_clock("none") as clock:
        before = time.time()
        clock.start(START)
        clock.move(10**6)
        assert before <= time.time() < before + 60
        assert isinstance(clock, NoClock)


@pytest.mark.parametrize("name", CLOCKS)
def test_time_never_runs_backwards(name: str) -> None:
    with open_clock(name) as clock:
        clock.start(START)
        clock.move(100)
        with pytest.raises(ToolkitError, match=r"^the clock was moved back from 100 to 99\.9$"):
            clock.move(99.9)
        clock.move(100)
        clock.move(101)


@pytest.mark.parametrize("name", CLOCKS)
def test_it_cannot_move_before_it_has_started(name: str) -> None:
    with open_clock(name) as clock, pytest.raises(ToolkitError, match="to 5 before it was started"):
        clock.move(5)


@pytest.mark.parametrize("name", CLOCKS)
def test_each_trial_begins_at_its_own_start(name: str) -> None:
    with open_clock(name) as clock:
        clock.start(START)
        clock.move(10**7)
        for start in (START - timedelta(days=900), START, START + timedelta(days=1)):
            clock.start(start)
            if name != "none":
                assert now() == start
            clock.move(7)
            if name != "none":
                assert now() == start + timedelta(seconds=7)


@pytest.mark.parametrize("name", ["freezegun", "time_machine"])
def test_a_start_may_be_in_any_zone(name: str) -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=-11)))
    with open_clock(name) as clock:
        clock.start(start)
        assert now() == start
        assert time.time() == start.timestamp()


def test_a_move_to_where_it_stands_costs_nothing() -> None:
    clock = NoClock()
    clock._show = lambda moment: pytest.fail("shown again")  # type: ignore[method-assign]
    clock.move(0.0)
    clock._start = START
    clock.move(0)


def test_an_unknown_clock() -> None:
    with pytest.raises(UsageError, match=r"^clock='sundial': choose one of freezegun, time_machine, none$"):
        open_clock("sundial")


def test_freezegun_is_the_default() -> None:
    with open_clock() as clock:
        clock.start(START)
        assert now() == START


def test_a_clock_whose_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def importing(name: str, *rest: Any) -> Any:
        if name == "time_machine":
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.delitem(sys.modules, "time_machine", raising=False)
    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(UsageError) as fault, open_clock("time_machine"):
        pass
    assert str(fault.value) == "clock='time_machine' needs a package: pip install 'cohortprop[time-machine]'"


class TestFreezegunIsLeftAsItWas:
    @pytest.fixture(autouse=True)
    def _unusual_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(freezegun.api, "call_stack_inspection_limit", 7)

    def test_only_the_direct_caller_decides_while_it_lasts(self) -> None:
        with open_clock("freezegun"):
            assert freezegun.api.call_stack_inspection_limit == 1
        assert freezegun.api.call_stack_inspection_limit == 7

    def test_after_an_exception_too(self) -> None:
        with pytest.raises(ZeroDivisionError), open_clock("freezegun"):
            _ = 1 / 0
        assert freezegun.api.call_stack_inspection_limit == 7
        assert time.time is REAL_TIME

    def test_after_a_freeze_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*given: object, **named: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(freezegun, "freeze_time", fail)
        with pytest.raises(ZeroDivisionError), open_clock("freezegun"):
            pass
        assert freezegun.api.call_stack_inspection_limit == 7

    def test_its_own_list_of_modules_is_not_touched(self) -> None:
        before = freezegun.config.settings.default_ignore_list[:]
        with open_clock("freezegun"):
            assert freezegun.config.settings.default_ignore_list == before
        assert freezegun.config.settings.default_ignore_list == before


def test_a_test_that_freezes_time_itself_gets_its_time_back() -> None:
    with freezegun.freeze_time("2020-02-02"):
        with open_clock("freezegun") as clock:
            clock.start(START)
            assert now() == START
        assert now() == datetime(2020, 2, 2, tzinfo=UTC)
