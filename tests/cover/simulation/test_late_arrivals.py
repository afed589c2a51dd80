"""Replay: an old delivery arrives once more, or for the first time after others have overtaken it."""

from __future__ import annotations

from typing import Any

import pytest

from cohortprop.simulation import Attempted, LateArrived
from cohortprop.simulation.steps import AbortSync, BackAndForth, Fates, Join, Leave, Outage, Replay, Sync
from tests.cover.simulation.sandbox import COHORT, Sandbox


def three_deliveries(**options: Any) -> Sandbox:
    """members(ann), then add_members(bob) and remove_members(ann)."""
    sandbox = Sandbox(["ann"], **options)
    sandbox.take(Sync(COHORT), Join(COHORT, ("bob",)), Leave(COHORT, ("ann",)), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)", "add_members(bob)", "remove_members(ann)"]
    return sandbox


@pytest.mark.parametrize(
    ("back", "heard"),
    [(0, "remove_members(ann)"), (1, "add_members(bob)"), (2, "members(ann)"), (3, "remove_members(ann)")],
)
def test_the_one_sent_so_many_before_the_latest_arrives_again(back: int, heard: str) -> None:
    sandbox = three_deliveries()
    before = sandbox.world.sender.phase(sandbox.world.now)
    sandbox.take(Replay(back))
    assert sandbox.take_new() == [heard]
    (late,) = sandbox.events(LateArrived)
    assert (str(late.delivery), late.strict, late.at) == (heard, False, 1800.0)
    assert sandbox.world.now == 1800
    assert sandbox.world.sender.phase(sandbox.world.now) == before


def test_the_very_bytes_arrive_again() -> None:
    sandbox = three_deliveries().take(Replay(2))
    assert sandbox.shop.payloads[3] == sandbox.shop.payloads[0]
    assert sandbox.events(LateArrived)[0].delivery is sandbox.events(Attempted)[0].delivery


def test_before_anything_was_sent_nothing_arrives() -> None:
    assert not Sandbox(["ann"]).take(Replay(0), Replay(5)).history.events


def test_a_delivery_counts_once_however_often_it_was_tried() -> None:
    sandbox = Sandbox(["ann"]).take(Fates(("lose", "lose")), Sync(COHORT), Sync(COHORT))
    sandbox.take_new()
    sandbox.take(Replay(2))
    assert sandbox.take_new() == ["members(ann)"]


def test_one_that_never_arrived_arrives_after_others_have_overtaken_it() -> None:
    sandbox = Sandbox(["ann"], strict_replays=True).take(AbortSync(COHORT, 0), Leave(COHORT, ("ann",)), Sync(COHORT))
    assert sandbox.take_new() == ["members()"]
    sandbox.take(Replay(1))
    assert sandbox.take_new() == ["members(ann)"]
    assert not sandbox.events(LateArrived)[0].strict


def test_with_strict_replays_one_that_was_acknowledged_is_strict() -> None:
    sandbox = three_deliveries(strict_replays=True).take(Replay(1))
    assert sandbox.events(LateArrived)[0].strict
    assert sandbox.sequence[-3:] == ["Probed", "LateArrived", "Probed"]


def test_one_that_arrived_but_was_not_acknowledged_is_not_strict() -> None:
    sandbox = Sandbox(["ann"], strict_replays=True, no_answer="fail").take(Fates(("lose",)), Sync(COHORT), Replay(0))
    assert not sandbox.events(LateArrived)[0].strict
    assert sandbox.sequence[-1] == "LateArrived"


def test_one_that_was_refused_by_the_app_is_not_strict() -> None:
    sandbox = Sandbox(["ann"], strict_replays=True)
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT), Replay(0))
    assert not sandbox.events(LateArrived)[0].strict


@pytest.mark.parametrize("probing", ["delivery", "step", "seldom"])
def test_only_where_each_delivery_is_looked_at_is_this_one(probing: str) -> None:
    sandbox = Sandbox(["ann"], probing=probing)  # type: ignore[arg-type]  # one of its readings
    sandbox.take(Sync(COHORT), Replay(0))
    assert sandbox.sequence[-1] == ("Probed" if probing == "delivery" else "LateArrived")


def test_a_late_arrival_is_not_held_up_by_an_outage() -> None:
    sandbox = three_deliveries().take(Outage(3600), Replay(0))
    assert sandbox.take_new() == ["remove_members(ann)"]


def test_a_look_after_a_late_arrival_sees_what_it_did() -> None:
    sandbox = three_deliveries(probing="delivery").take(Replay(2))
    assert sandbox.shop.held == {COHORT: {"ann"}}
    assert sandbox.sequence[-2:] == ["LateArrived", "Probed"]


def test_back_and_forth_is_replayed_as_any_other() -> None:
    sandbox = three_deliveries().take(BackAndForth(COHORT, ("bob",)))
    sandbox.take_new()
    assert sandbox.take(Replay(2)).take_new() == ["remove_members(bob)"]
