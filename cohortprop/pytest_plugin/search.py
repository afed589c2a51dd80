"""The search as one item: the real `.TestCase` of the real state machine, so that all of Hypothesis' own ways work.

Its statistics, its database, its profiles and `--hypothesis-seed` apply as they do to any test. The machine is built
when tests are collected, and the receiver is known only when they run: then the machine is fitted to it.

Hypothesis shrinks what it has found, in its own way, for some seconds; what comes of that our shrinker takes further,
on the data. One failure is told at a time: the search for all of them is `cohortprop run`.

HypoFuzz does not call the test but its machine, for hours, between setting up the fixtures and tearing them down. So
it finds the bench laid by then, and nobody hurries it. What it finds is in the database under the key of the test.
"""

from __future__ import annotations

import contextlib
import functools
import unittest
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as Settings  # noqa: N812 - it is a class, whatever its name looks like
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from cohortprop.errors import UsageError
from cohortprop.machine import MachinePlan, ViolationFound, build_machine, fitted_to
from cohortprop.profiles import readings_for
from cohortprop.pytest_plugin.bench import Bench, muted_by, on_bench
from cohortprop.pytest_plugin.hypofuzz import in_hypofuzz_run, look_at_the_app_only
from cohortprop.pytest_plugin.options import Asked
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import Outcome

__all__ = ["search_case"]

_FLAKY: Final = "; not every time: the same scenario has passed, too; something outlives a trial, or is left to chance"
_SHRINK_SECONDS: Final = 3.0


class _SeenEnough(KeyboardInterrupt):
    """Ends the search at once. Of all exceptions Hypothesis lets only those through that are Ctrl-C.

    What it has found it has kept in its database by then; only its statistics are lost.
    """


class _Search:
    """What the machine asks and tells while one search runs."""

    def __init__(self) -> None:
        self.begin(None)

    def begin(self, bench: Bench | None, *, fuzzed: bool = False) -> None:
        """A run begins.

        Args:
            bench: with the receiver.
            fuzzed: whether the run is HypoFuzz's, which ends, shrinks and tells as it sees fit.
        """
        self._bench = bench
        self._fuzzed = fuzzed
        self._fitted: type[RuleBasedStateMachine] | None = None
        self.trials = 0
        self.best: Outcome | None = None
        self._shrinking = Stopwatch()

    @property
    def bench(self) -> Bench:
        assert self._bench is not None, "the search runs on a bench only"
        return self._bench

    def readings(self) -> dict[str, tuple[str, ...]]:
        """What there is to draw, now that the receiver is known."""
        settings = self.bench.asked.settings
        return readings_for(settings.world, settings.dialect, self.bench.sample.excludes)

    def fitted(self, machine: type[RuleBasedStateMachine]) -> RuleBasedStateMachine:
        """A machine without the rules for which the receiver has no hook, in place of the one that was collected."""
        if self._fitted is None:
            self._fitted = fitted_to(self.bench.sample, machine)
        return object.__new__(self._fitted)

    def before_trial(self) -> None:
        """Count; when Hypothesis has been shrinking for long enough, what there is must do."""
        if self._fuzzed:
            return
        if self.best is None:
            self.trials += 1
        elif self._shrinking.expired:
            raise _SeenEnough

    def before_raising(self, outcome: Outcome) -> None:
        """Keep the shortest failure; one that hangs ends the search, since each more would cost the time limit."""
        if self._fuzzed:
            return
        if self.best is None:
            self._shrinking = Stopwatch(_SHRINK_SECONDS)
        if self.best is None or len(outcome.scenario.steps) <= len(self.best.scenario.steps):
            self.best = outcome
        if outcome.violation is not None and outcome.violation.signature == "hang":
            raise _SeenEnough


def search_case(name: str, asked: Asked, settings: Settings | None = None) -> type[unittest.TestCase]:
    """The test case of a search.

    Args:
        name: of the machine's class, unique among all: part of the key under which Hypothesis keeps failures.
        asked: what is in force.
        settings: those of Hypothesis, if not its profile's.
    """
    search = _Search()
    plan = MachinePlan(
        kit=lambda: search.bench.kit,
        readings=search.readings,
        faults=asked.settings.world.faults,
        crossings=asked.settings.world.crossings,
        strict_replays=asked.settings.strict_replays,
        restarts=True,
        troubles=True,
        credentials=True,
        muted=muted_by(asked),
        may_stop=search.before_trial,
        raising=search.before_raising,
    )
    machine = build_machine(plan, name)
    # What Hypothesis' own plugin does for parametrised tests: from Python 3.13 on the name alone is not in the key.
    machine._hypothesis_internal_add_digest = name.encode()  # noqa: SLF001 - there is no public way
    machine.__new__ = search.fitted  # type: ignore[method-assign,assignment]
    if asked.seed is not None:
        seed(asked.seed)(machine)
    case = machine.TestCase

    @pytest.fixture(autouse=True)
    def _cohort_bench(self: Any, request: pytest.FixtureRequest, cohort_receiver: object) -> Iterator[None]:
        """A unittest item takes no fixtures as arguments; an autouse one may ask for them."""
        self.item, self.found = request.node, cohort_receiver
        with contextlib.ExitStack() as stack:
            if in_hypofuzz_run():
                look_at_the_app_only()
                search.begin(stack.enter_context(on_bench(self.item, self.found, many=True)), fuzzed=True)
            yield

    @functools.wraps(case.runTest)  # with the marks by which Hypothesis knows it
    def run_test(self: Any) -> None:
        with on_bench(self.item, self.found, many=True) as bench:
            search.begin(bench)
            run = functools.partial(run_state_machine_as_test, machine, settings=self.settings)
            note = _note_on_failure(run, search)
            if search.best is not None:
                seed_used = asked.seed
                again = "" if seed_used is None else f"The same draws again: --cohortprop-seed={seed_used}"
                bench.fail(bench.shrunk(search.best, "search", search.trials), note, again)

    own = {"runTest": run_test, "_cohort_bench": _cohort_bench, "settings": _settings(asked, settings)}
    return type("search", (case,), own)


def _settings(asked: Asked, settings: Settings | None) -> Settings:
    """Those of the class or the profile, but one failure at a time, and no explaining: the story does that."""
    parent = Settings.default if settings is None else settings
    assert parent is not None
    phases = [phase for phase in parent.phases if phase is not Phase.explain]
    kept: dict[str, Any] = {} if asked.database is None else {"database": asked.database, "derandomize": False}
    return Settings(
        parent,
        max_examples=parent.max_examples if asked.trials is None else asked.trials,
        phases=phases,
        report_multiple_bugs=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **kept,
    )


def _note_on_failure(run: Callable[[], None], search: _Search) -> str:
    """Run the search; what is to be said about its failure, beyond the violation that the search has kept.

    Raises:
        UsageError: the user's own part has failed, such as a probe, and there is no violation to be told.
    """
    try:
        run()
    except (_SeenEnough, ViolationFound):
        return ""
    except UsageError:
        if search.best is None:
            raise
    except Flaky as failure:
        if search.best is not None:
            return _FLAKY if search.bench.reusable else ""
        raise next((each for each in _leaves(failure) if isinstance(each, UsageError)), failure) from None
    return ""


def _leaves(failure: BaseException) -> Iterator[BaseException]:
    """The failures in a failure: Hypothesis raises several as a group."""
    if isinstance(failure, BaseExceptionGroup):
        for each in failure.exceptions:
            yield from _leaves(each)
    else:
        yield failure
