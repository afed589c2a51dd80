"""Runs the afternoon's state machine: example after example, until one fails or the budget is spent."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from cohortprop import zoo
from cohortprop.simulation import open_clock
from cohortprop.transport import ReceiverHung, Watchdog
from measure.peers.afternoon_machine import WebhookMachine
from measure.peers.meter import Job, Meter, Result, Spent

__all__ = ["hunt"]

_PATIENCE = 5.0
"""Seconds that one request may take, as with pytest-timeout."""
_ENOUGH = 1_000_000
"""Examples: the budget in requests is the one that counts here."""


def hunt(job: Job) -> Result:
    """Run the machine with Hypothesis' own settings, but without end and without shrinking.

    Time is frozen by freezegun, in the way that leaves Hypothesis' own clock alone.
    """
    meter = Meter(job)
    entry = zoo.find(job.name)

    class Watched(WebhookMachine):
        """Notes the moment at which the machine fails, before Hypothesis runs the example once more to report it."""

        def __init__(self) -> None:
            if meter.spent:
                raise Spent
            receiver = meter.put_before(entry.factory())
            receiver.app = _guarded(receiver.app, watchdog)
            super().__init__(receiver, clock.start)

        def teardown(self) -> None:
            """What the machine does at its end, unless it has failed before."""
            error = sys.exception()
            if error is None:
                try:
                    super().teardown()
                except Exception as failure:
                    _note(failure)
                    raise
            elif isinstance(error, Exception):
                _note(error)

    def _note(failure: Exception) -> None:
        if not isinstance(failure, HypothesisException):
            meter.note(f"{type(failure).__name__}: {failure}".partition("\n")[0])
            raise Spent

    with Watchdog(_PATIENCE).watching() as watchdog, open_clock() as clock, contextlib.suppress(Spent):
        seed(job.seed)(Watched)
        run_state_machine_as_test(
            Watched,
            settings=settings(
                max_examples=_ENOUGH,
                phases=[Phase.generate],
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return meter.result()


def _guarded(app: Any, watchdog: Watchdog) -> Any:
    """The app, interrupted when it takes too long."""

    def guarded(environ: Any, start_response: Any) -> Any:
        try:
            with watchdog.guard():
                return app(environ, start_response)
        except ReceiverHung:
            raise TimeoutError(f"no answer within {_PATIENCE:g} seconds") from None

    return guarded
