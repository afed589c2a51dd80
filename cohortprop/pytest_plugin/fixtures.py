"""The fixtures: `cohort_receiver`, which a user overrides, and `cohort_sync`, a script on it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from cohortprop.errors import UsageError
from cohortprop.pytest_plugin.options import asked_of

if TYPE_CHECKING:
    from cohortprop.receiver import Receiver
    from cohortprop.script import Script

__all__ = ["cohort_receiver", "cohort_sync"]


@pytest.fixture
def cohort_receiver(request: pytest.FixtureRequest) -> Callable[[], Receiver]:
    """Write your own: a Receiver, or (better) the function without arguments that makes one. See CohortSyncTests.

    Without one of your own, the target of --cohortprop or of [tool.cohortprop] is taken.
    """
    from cohortprop.target import load_target

    asked = asked_of(request.config)
    targets = asked.targets or tuple(filter(None, [asked.settings.target]))
    started = not targets and asked.settings.start is not None
    if len(targets) != 1 and not started:
        named = f"--cohortprop names {len(targets)}" if targets else "there is none"
        raise pytest.fail.Exception(
            f"no receiver to test ({named}): write a fixture named cohort_receiver that returns the function "
            "which makes your Receiver",
            pytrace=False,
        )
    try:
        return (asked.settings.load() if started else load_target(targets[0])).make
    except UsageError as fault:
        raise pytest.fail.Exception(str(fault), pytrace=False) from None


@pytest.fixture
def cohort_sync(request: pytest.FixtureRequest, cohort_receiver: object) -> Iterator[Script]:
    """A trial in your own hand: `cohort_sync.join("ann")`, `.sync()`, `.outage(days=4)`, ...; see cohortprop.script.

    Each step fails the test when the receiver does what no correct one may do. Time is frozen while the test runs.
    """
    from cohortprop.pytest_plugin.bench import checks_for, receiver_from, tell_finding
    from cohortprop.script import open_script

    item = request.node
    asked = asked_of(request.config)
    with contextlib.ExitStack() as stack:
        try:
            script = open_script(
                receiver_from(cohort_receiver, asked).make,
                name="cohort_receiver",
                checks=checks_for(asked),
                clock=asked.settings.clock,
                time_limit=asked.settings.time_limit,
                on_failure=lambda finding: tell_finding(item, finding),
            )
            sync = stack.enter_context(script)
        except UsageError as fault:
            raise pytest.fail.Exception(str(fault), pytrace=False) from None
        yield sync
