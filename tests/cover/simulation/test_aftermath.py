"""The aftermath: what a receiver that has gone wrong does next, under clean conditions."""

from __future__ import annotations

import pytest

from cohortprop.simulation import LateArrived, PhaseBegan, Probed, examine
from cohortprop.simulation.ending import NEWCOMER, examine_arrivals
from cohortprop.simulation.history import Attempted
from cohortprop.simulation.steps import AbortSync, Fates, Leave, Outage, Sync, Trouble
from tests.cover.simulation.sandbox import COHORT, OTHER, Sandbox, two_cohorts

NOTHING_NEW = ["add_members()", "remove_members()"]


def heard_by_stage(sandbox: Sandbox) -> list[list[str]]:
    """What the receiver heard in each stage; `look` where it was looked at."""
    found: list[list[str]] = []
    for event in sandbox.history:
        if isinstance(event, PhaseBegan):
            assert (event.phase, event.stage) == ("aftermath", len(found) + 1)
            found.append([])
        elif found and isinstance(event, (Attempted, LateArrived)):
            found[-1].append(str(event.delivery) + " late" * isinstance(event, LateArrived))
        elif found and isinstance(event, Probed):
            found[-1].append("look")
    return found


def test_its_five_stages_for_a_member() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT))
    examine(sandbox.world, COHORT, "ann")
    assert heard_by_stage(sandbox) == [
        [*NOTHING_NEW, "look"],
        ["members(ann, bob)", "look"],
        ["add_members()", "remove_members(ann)", "look", "add_members(ann)", "remove_members()", "look"],
        ["members(bob)", "look", "remove_members(ann) late", "look"],
        ["members()", "look"],
    ]


def test_its_five_stages_for_somebody_who_is_out() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT), Leave(COHORT, ("ann",)), Sync(COHORT))
    examine(sandbox.world, COHORT, "ann")
    assert heard_by_stage(sandbox)[2:] == [
        ["add_members(ann)", "remove_members()", "look", "add_members()", "remove_members(ann)", "look"],
        ["members(bob)", "look", "remove_members(ann) late", "look"],
        ["members()", "look"],
    ]


def test_faults_are_over() -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT), Outage(10**9), Fates(("lose",) * 9), Trouble(9))
    sandbox.world.halted = True
    before = len(sandbox.history)
    examine(sandbox.world, COHORT, "ann")
    assert {event.fate for event in sandbox.events(Attempted, before)} == {"deliver"}
    assert heard_by_stage(sandbox)[0] == ["members(ann)", "look"]
    assert len(heard_by_stage(sandbox)) == 5


def test_a_removal_that_was_never_sent_cannot_arrive_again() -> None:
    sandbox = Sandbox(["ann", "bob"], empty_diff="silent").take(Sync(COHORT))
    sandbox.shop.answers = [404]  # to the full sync, and so the user's leaving is never told by a diff
    examine(sandbox.world, COHORT, "ann")
    assert not sandbox.events(LateArrived)


def test_a_removal_from_another_cohort_is_not_taken() -> None:
    sandbox = Sandbox(cohorts=two_cohorts(connection="webhook")).take(Sync(OTHER), Leave(OTHER, ("cy",)), Sync(OTHER))
    examine(sandbox.world, COHORT, "ann")
    assert [str(event.delivery) for event in sandbox.events(LateArrived)] == ["remove_members(ann)"]
    assert sandbox.events(LateArrived)[0].delivery.cohort_id == COHORT


def test_somebody_who_was_alone_has_nobody_else_to_leave() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    examine(sandbox.world, COHORT, "ann")
    assert heard_by_stage(sandbox)[4] == ["members()", "look"]
    assert sandbox.members() == []


def test_nobody_looks_in_between() -> None:
    sandbox = Sandbox(["ann"], probing="delivery").take(AbortSync(COHORT, 0))
    before = len(sandbox.history)
    examine(sandbox.world, COHORT, "ann")
    assert len(sandbox.events(Probed, before)) == 7  # as above: one a stage, two in the third and the fourth
    sandbox.take(Sync(COHORT))
    assert sandbox.sequence[-1] == "Probed"


def test_a_one_time_export_is_not_examined() -> None:
    sandbox = Sandbox(["ann"], one_time=True).take(Sync(COHORT))
    sandbox.world.halted = True
    before = len(sandbox.history)
    examine(sandbox.world, COHORT, "ann")
    examine_arrivals(sandbox.world, COHORT)
    assert len(sandbox.history) == before


def test_a_cohort_that_the_receiver_has_made_up_is_not_examined() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    sandbox.world.halted = True
    before = len(sandbox.history)
    examine_arrivals(sandbox.world, "1")
    assert len(sandbox.history) == before
    assert not sandbox.world.halted


@pytest.mark.parametrize("stage", [1, 2, 3, 4, 5])
def test_it_stops_where_it_is_halted(stage: int) -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT))
    halt_in(sandbox, stage)
    examine(sandbox.world, COHORT, "ann")
    assert len(heard_by_stage(sandbox)) == stage
    assert len(heard_by_stage(sandbox)[-1]) == 1


def halt_in(sandbox: Sandbox, stage: int) -> None:
    """Halt the world after the first attempt of a stage."""

    def halt(event: object) -> None:
        if isinstance(event, Attempted) and len(heard_by_stage(sandbox)) == stage:
            sandbox.world.halted = True

    sandbox.listener = halt


def test_a_receiver_that_acts_too_often_is_shown_a_newcomer() -> None:
    sandbox = Sandbox(["ann"]).take(AbortSync(COHORT, 0), Outage(10**9))
    examine_arrivals(sandbox.world, COHORT)
    assert heard_by_stage(sandbox) == [
        ["members(ann)", "members(ann)", "look"],
        ["members(ann)", "look"],
        [f"add_members({NEWCOMER})", f"add_members({NEWCOMER})", "remove_members()", "look"],
        ["add_members()", f"remove_members({NEWCOMER})", f"add_members({NEWCOMER})", "remove_members()", "look"],
    ]
    assert [event.fate for event in sandbox.events(Attempted)][-7:-4] == ["lose", "deliver", "deliver"]
    assert sandbox.members() == ["ann", NEWCOMER]


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
def test_that_stops_where_it_is_halted_too(stage: int) -> None:
    sandbox = Sandbox(["ann"], probing="delivery").take(Sync(COHORT))
    halt_in(sandbox, stage)
    examine_arrivals(sandbox.world, COHORT)
    assert len(heard_by_stage(sandbox)) == stage
    assert len(heard_by_stage(sandbox)[-1]) == 1
