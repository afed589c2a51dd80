"""Hypothesis stops shrinking after five minutes: virtual days must not count as such."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import freezegun
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from cohortprop.simulation.clock import NoClock, open_clock

DAY = 86400


class Overdrawn(Exception):
    """What the machine finds."""


def smallest(opened: AbstractContextManager[Any]) -> list[tuple[str, int]]:
    """The steps to which Hypothesis shrinks a failure that needs a jump of four days."""
    ran: list[tuple[str, int]] = []

    with opened as clock:

        class Machine(RuleBasedStateMachine):
            def __init__(self) -> None:
                super().__init__()
                ran.clear()
                clock.start(datetime(2026, 1, 5, tzinfo=UTC))
                self.now = 0
                self.account = 0

            @rule(days=st.integers(0, 9))
            def wait(self, days: int) -> None:
                ran.append(("wait", days))
                self.now += days * DAY
                clock.move(self.now)
                self.look()

            @rule(amount=st.integers(0, 1000))
            def spend(self, amount: int) -> None:
                ran.append(("spend", amount))
                self.account += amount
                self.look()

            def look(self) -> None:
                if self.account >= 100 and self.now >= 4 * DAY:
                    raise Overdrawn

        chosen = settings(
            derandomize=True,
            database=None,
            max_examples=200,
            stateful_step_count=30,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        with pytest.raises(Overdrawn):
            run_state_machine_as_test(Machine, settings=chosen)
    return ran


def test_a_failure_after_four_days_shrinks_as_far_as_with_no_freeze() -> None:
    frozen = smallest(open_clock("freezegun"))
    assert frozen == smallest(nullcontext(NoClock()))
    assert sorted(frozen) == [("spend", 100), ("wait", 4)]


def test_it_would_not_if_hypothesis_saw_the_days_pass() -> None:
    """The test above can fail."""

    @contextmanager
    def naive() -> Any:
        with freezegun.freeze_time("2026-01-05") as frozen:
            frozen_clock = NoClock()
            frozen_clock._show = frozen.move_to  # type: ignore[method-assign, assignment]
            yield frozen_clock

    found = smallest(naive())
    assert sorted(found) != [("spend", 100), ("wait", 4)]


def test_a_rule_may_run_for_virtual_days_without_being_called_slow() -> None:
    ran: list[int] = []

    def machine(clock: Any) -> type[RuleBasedStateMachine]:
        class Machine(RuleBasedStateMachine):
            @rule()
            def wait(self) -> None:
                ran.append(1)
                clock.move(len(ran) * DAY)

        return Machine

    with open_clock("freezegun") as clock:
        clock.start(datetime(2026, 1, 5, tzinfo=UTC))
        chosen = settings(max_examples=5, stateful_step_count=5, database=None, deadline=60_000)
        run_state_machine_as_test(machine(clock), settings=chosen)
    assert len(ran) >= 5
