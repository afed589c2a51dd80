"""A copy of a delivery, too, says whether it met trouble of the receiver's own."""

from __future__ import annotations

from cohortprop.reports.words import event_in_words
from cohortprop.simulation import Attempted, Duplicated, LateArrived
from cohortprop.simulation.steps import Fates, Replay, Sync, Trouble
from tests.cover.simulation.sandbox import COHORT, Sandbox


def test_trouble_of_two_attempts_takes_in_a_copy() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(2), Fates(("duplicate",)), Sync(COHORT))
    assert [event.troubled for event in sandbox.events(Attempted)] == [True, False]
    assert [event.troubled for event in sandbox.events(Duplicated)] == [True]
    assert sandbox.shop.heard == ["members(ann)!", "members(ann)!", "members(ann)"]


def test_trouble_of_one_attempt_spares_the_copy() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(1), Fates(("duplicate",)), Sync(COHORT))
    assert [event.troubled for event in sandbox.events(Duplicated)] == [False]


def test_a_late_copy_may_meet_trouble() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Trouble(1), Replay(0), Replay(0))
    assert [event.troubled for event in sandbox.events(LateArrived)] == [True, False]


def test_it_is_told() -> None:
    sandbox = Sandbox(["ann"]).take(Trouble(2), Fates(("duplicate",)), Sync(COHORT), Trouble(1), Replay(0))
    copies: list[Duplicated | LateArrived] = [*sandbox.events(Duplicated), *sandbox.events(LateArrived)]
    assert all("while the receiver's dependency (its database, say) fails" in event_in_words(event) for event in copies)
