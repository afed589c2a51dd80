"""A receiver that hangs becomes a finding with the place where it hangs, and the next trial has a fresh one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from cohortprop.checks import select
from cohortprop.simulation import Examined, Hung, PhaseBegan
from cohortprop.simulation.steps import Join, Sync
from cohortprop.trial import TrialKit, run
from cohortprop.wire import NoReply
from cohortprop.zoo.envelope import Page
from cohortprop.zoo.roster import Roster
from tests.cover.trial.apps import VIPS, kit_for, scenario

HANGS = ("acceptance", "hangs")
JOINING = (Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), Sync(VIPS))


def waits_for_ever(roster: Roster, page: Page) -> None:
    if "dan" in page.ids:
        threading.Event().wait()
    roster.take(page)


def swallows_the_interruption(roster: Roster, page: Page) -> None:
    if "dan" in page.ids:
        try:
            threading.Event().wait()
        except BaseException:  # noqa: BLE001 - that is what such a receiver does
            return
    roster.take(page)


@pytest.fixture(params=[waits_for_ever, swallows_the_interruption])
def kit(request: pytest.FixtureRequest) -> Iterator[TrialKit]:
    take: Callable[[Roster, Page], None] = request.param
    with kit_for(take, time_limit=0.2) as opened:
        yield opened


def test_hanging_is_a_violation_with_a_stack(kit: TrialKit) -> None:
    outcome = run(kit, scenario(*JOINING))
    assert outcome.violation is not None
    assert outcome.violation.key == HANGS
    assert outcome.violation.severity == "bug"
    (hung,) = [event for event in outcome.history if isinstance(event, Hung)]
    assert hung is outcome.history.events[outcome.violation.place]
    assert "test_hanging.py" in hung.stack
    assert ".wait()" in hung.stack
    assert outcome.violation.delivery is hung.delivery


def test_nothing_more_is_asked_of_it(kit: TrialKit) -> None:
    outcome = run(kit, scenario(*JOINING))
    assert not [event for event in outcome.history if isinstance(event, (Examined, PhaseBegan))]
    assert outcome.scenario.steps == JOINING[:3]


def test_the_next_trial_works(kit: TrialKit) -> None:
    assert run(kit, scenario(*JOINING)).violation is not None
    outcome = run(kit, scenario(Sync(VIPS), Join(VIPS, ("eve",)), Sync(VIPS)))
    assert outcome.violation is None
    assert not [event for event in outcome.history if isinstance(event, Hung)]


def test_a_hang_that_is_muted_ends_the_trial_without_a_violation(kit: TrialKit) -> None:
    outcome = run(kit, scenario(*JOINING), {HANGS})
    assert outcome.violation is None
    assert outcome.muted == {HANGS: 1}
    assert isinstance(outcome.history.events[-2], Hung)


def test_without_the_check_nobody_is_accused_of_it() -> None:
    with kit_for(waits_for_ever, select(without=["acceptance"]), time_limit=0.2) as kit:
        outcome = run(kit, scenario(*JOINING))
    assert outcome.violation is None
    assert getattr(outcome.history.events[-1], "outcome", None) == NoReply("timed out")
