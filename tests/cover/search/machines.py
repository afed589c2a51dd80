"""Machines to run: plans with everything in them, and a kit that stays open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.machine import MachinePlan, build_machine
from cohortprop.profiles import PROFILES, readings_for
from cohortprop.receiver import Receiver
from cohortprop.trial import Outcome, TrialKit, open_kit


@contextmanager
def zoo_kit(name: str) -> Iterator[TrialKit]:
    """At the real time, which is quicker: for receivers that do not look at the clock."""
    with open_kit(zoo.find(name).factory, BUILT_IN, clock="none") as kit:
        yield kit


def plan_for(kit: TrialKit, profile: str = "hostile", **changes: Any) -> MachinePlan:
    """A plan with all that this kit's receiver makes possible under a profile."""
    chosen = PROFILES[profile]
    given = {"readings": readings_for(chosen), "faults": chosen.faults, "crossings": chosen.crossings, **changes}
    return MachinePlan.for_receiver(kit.receiver(), lambda: kit, **given)


def settings_for(examples: int, steps: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=phases or (Phase.generate,),
        database=None,
        derandomize=False,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def run_machine(machine: type[RuleBasedStateMachine], chosen: settings, number: int = 0) -> None:
    seed(number)(machine)
    run_state_machine_as_test(machine, settings=chosen)


def drawn(kit: TrialKit, trials: int, steps: int = 15, number: int = 0, **changes: Any) -> list[Outcome]:
    """The outcomes of so many drawn trials."""
    told: list[Outcome] = []
    tell: Callable[[Outcome], None] = told.append
    run_machine(build_machine(plan_for(kit, tell=tell, **changes)), settings_for(trials, steps), number)
    return told


class Enough(KeyboardInterrupt):
    """Ends a run of Hypothesis between two trials."""


def drawn_until(kit: TrialKit, enough: Callable[[list[Outcome]], bool], trials: int, steps: int) -> list[Outcome]:
    """The outcomes of drawn trials, until there are enough; so many at most."""
    told: list[Outcome] = []

    def may_stop() -> None:
        if enough(told):
            raise Enough

    machine = build_machine(plan_for(kit, tell=told.append, may_stop=may_stop))
    with suppress(Enough):
        run_machine(machine, settings_for(trials, steps), 1)
    return told


def guarded(app: Any, right: str) -> Any:
    """The app, behind credentials."""

    def door(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("HTTP_AUTHORIZATION") == right:
            return app(environ, start_response)
        start_response("401 Unauthorized", [("Content-Type", "application/json")])
        return [b'{"status": "failure", "error": {"message": "who are you?", "code": 401}}']

    return door


def hooked(receiver: Receiver) -> Receiver:
    """The same receiver, with hooks that do nothing and a lock on its door, so that a machine has every rule."""
    receiver.restart = receiver.restart or (lambda: None)
    receiver.dependency = receiver.dependency or nullcontext
    receiver.auth = ("mixpanel", "s3cret")
    receiver.app = guarded(receiver.app, receiver.sent_headers["Authorization"])
    return receiver
