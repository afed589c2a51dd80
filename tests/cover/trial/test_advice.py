"""Advice is worth a word at the end; it neither ends a trial nor hides a bug."""

from __future__ import annotations

from typing import Any

from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.simulation import PhaseBegan
from cohortprop.simulation.steps import Join, Leave, Sync
from cohortprop.trial import Outcome, open_kit, run
from cohortprop.zoo.envelope import read, succeed
from cohortprop.zoo.roster import Roster
from tests.cover.trial.apps import VIPS, factory, ignores_removals, scenario

STEPS = (Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS))
CREATED = ("envelope", "unusual-success-status")


def outcome_of_creating(take: Any, muted: frozenset[tuple[str, str]] = frozenset()) -> Outcome:
    """Of a receiver that answers 201."""

    def build() -> Any:
        roster = Roster()

        def app(environ: Any, start_response: Any) -> list[bytes]:
            page = read(environ)
            take(roster, page)
            return succeed(start_response, page.action, "201 Created")

        described = factory()()
        described.app, described.members, described.arrivals = app, roster.members, roster.arrivals
        return described

    with open_kit(build, BUILT_IN, clock="none") as kit:
        return run(kit, scenario(*STEPS), muted)


def test_advice_does_not_end_a_trial() -> None:
    outcome = outcome_of_creating(Roster.take)
    assert outcome.violation is None
    assert outcome.scenario.steps == STEPS
    assert outcome.history.events[-1] is not None
    assert [event.stage for event in outcome.history if isinstance(event, PhaseBegan)] == [1, 2, 3]


def test_advice_is_told_once_however_often_it_applies() -> None:
    outcome = outcome_of_creating(Roster.take)
    assert [each.key for each in outcome.advice] == [CREATED]
    assert outcome.advice[0].severity == "advice"


def test_advice_does_not_hide_a_bug() -> None:
    outcome = outcome_of_creating(ignores_removals)
    assert outcome.violation is not None
    assert outcome.violation.cause == "remove-ignored"
    assert [each.key for each in outcome.advice] == [CREATED]


def test_advice_that_is_muted_is_counted_instead() -> None:
    outcome = outcome_of_creating(Roster.take, frozenset({CREATED}))
    assert not outcome.advice
    assert outcome.muted[CREATED] > 1


def test_a_bug_of_the_envelope_is_a_violation() -> None:
    with open_kit(zoo.find("answers_plain_ok").factory, BUILT_IN, clock="none") as kit:
        outcome = run(kit, scenario(*STEPS))
    assert outcome.violation is not None
    assert outcome.violation.severity == "bug"
    assert outcome.violation.key == ("envelope", "no-envelope")
