"""The class to subclass, and how it is collected: an item for each canonical scenario, and one for the search."""

from __future__ import annotations

import re
import unittest
from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from hypothesis import settings as Settings  # noqa: N812 - it is a class, whatever its name looks like

from cohortprop.campaign import canonical_for
from cohortprop.errors import UsageError
from cohortprop.profiles import allows
from cohortprop.pytest_plugin.bench import checks_for, on_bench
from cohortprop.pytest_plugin.options import asked_of
from cohortprop.pytest_plugin.search import search_case
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.trial import run

__all__ = ["CohortSyncTests", "Suite"]


class CohortSyncTests:
    """All that cohortprop can ask of a webhook. Subclass it beside a fixture that makes the receiver.

    Each canonical scenario is a test of its own, the same each time; `search` is one test that looks for others.

    Example: a whole test file.

        import pytest
        from cohortprop.pytest_plugin import CohortSyncTests
        from shop import create_receiver

        @pytest.fixture
        def cohort_receiver():
            return create_receiver

        class TestWebhook(CohortSyncTests):
            pass

    The fixture may have any scope, but no parameters: write a class for each receiver. `settings` are those of
    Hypothesis for the search, as in ``settings = hypothesis.settings(max_examples=500)``; its profile's when None.
    """

    __test__ = False  # this class itself is no test
    settings: ClassVar[Settings | None] = None

    def __init_subclass__(cls, **others: Any) -> None:
        super().__init_subclass__(**others)
        cls.__test__ = cls.__dict__.get("__test__", True)

    @pytest.mark.parametrize("scenario", CANONICAL)
    def test_canonical(self, scenario: str, cohort_receiver: object, request: pytest.FixtureRequest) -> None:
        """One of the fixed scenarios."""
        with on_bench(request.node, cohort_receiver, many=False) as bench:
            scenarios = canonical_for(bench.sample, bench.asked.settings.dialect, bench.asked.settings.world)
            if scenario not in scenarios:
                pytest.skip(f"the receiver excludes what this rests on: {', '.join(bench.sample.excludes)}")
            outcome = run(bench.kit, scenarios[scenario], bench.muted)
            if outcome.violation is not None:
                bench.fail(bench.shrunk(outcome, scenario))
            bench.advise(outcome)

    test_canonical.__test__ = True  # type: ignore[attr-defined]  # whatever `python_functions` says


class Suite(pytest.Class):
    """Collects a subclass of CohortSyncTests."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Its tests, and the search as a test case of its own."""
        if issubclass(self.obj, unittest.TestCase):
            raise self.CollectError(f"{self.name}: derive from CohortSyncTests alone, it does not mix with TestCase")
        self.add_marker("cohortprop")
        try:
            asked = asked_of(self.config)
            checks_for(asked)  # so that a wrong name is told once, and now
            name = re.sub(r"\W+", "_", self.nodeid)
            self.obj.search = None if asked.trials == 0 else search_case(name, asked, self.obj.settings)
        except UsageError as fault:
            raise self.CollectError(str(fault)) from None
        profile = asked.settings.world
        for each in super().collect():
            if getattr(each, "originalname", "") != "test_canonical" or (
                asked.settings.canonical and allows(profile, CANONICAL[_scenario_of(each)])
            ):
                yield each


def _scenario_of(item: Any) -> str:
    """The canonical scenario that an item was parametrized with."""
    name: str = item.callspec.params["scenario"]
    return name
