"""A time in which nothing reaches the receiver is passed over by arithmetic, and nobody can tell by what follows."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortprop.sender import Dialect
from cohortprop.simulation import Attempted, CohortSeed, Scenario, Skipped, SyncEnded, SyncStarted, World, take
from cohortprop.simulation.clock import NoClock
from cohortprop.simulation.history import History
from cohortprop.simulation.steps import (
    AbortSync,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Join,
    Leave,
    Outage,
    Replay,
    Resume,
    Step,
    Sync,
    Trouble,
    Wait,
)
from cohortprop.transport import WsgiTransport
from cohortprop.wire import NoReply, Reply
from tests.cover.simulation.sandbox import COHORT, DAY, HALF_HOUR, Sandbox, Shop, two_cohorts
from tests.cover.simulation.strategies import DIALECTS, SCENARIOS, STEPS_BY_KIND

YEAR = 365 * DAY


def test_an_outage_of_three_days_costs_few_events() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Leave(COHORT, ("ann",)), Outage(3 * DAY), Wait(3 * DAY))
    refusals = [event for event in sandbox.events(Attempted) if event.fate == "refuse"]
    skipped = sandbox.events(Skipped)
    assert len(sandbox.history) < 60
    assert len(refusals) + sum(event.refused for event in skipped) == 6 * 2 * 24 * 3 - 6  # the sync at 0 came before
    assert all(event.outcome == Reply(503) for event in skipped)
    assert skipped[0].at < HALF_HOUR * 4
    assert skipped[-1].until > 3 * DAY - 2 * HALF_HOUR


def test_what_a_skipped_attempt_would_have_seen_is_told() -> None:
    sandbox = Sandbox(["ann"]).take(Outage(3 * DAY, None), Wait(3 * DAY))
    assert {event.outcome for event in sandbox.events(Skipped)} == {NoReply("connection refused")}


def test_the_outage_is_over_when_it_is_over() -> None:
    sandbox = Sandbox(["ann"]).take(Outage(3 * DAY), Wait(3 * DAY + HALF_HOUR + 1))
    reached = [event for event in sandbox.events(Attempted) if event.reached]
    assert [event.at for event in reached] == [3 * DAY, 3 * DAY + HALF_HOUR, 3 * DAY + HALF_HOUR]
    assert sandbox.take_new() == ["members(ann)", "add_members()", "remove_members()"]


def test_a_diff_that_fails_for_three_days_turns_into_a_full_sync() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Outage(4 * DAY), Wait(4 * DAY), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"] * 2
    assert sandbox.events(SyncStarted)[-1].kind == "full"


@pytest.mark.parametrize("minutes", [1, 29, 31, 61])
def test_a_short_wait_has_nothing_to_leap_over(minutes: int) -> None:
    sandbox = Sandbox(["ann"]).take(Outage(DAY), Wait(minutes * 60))
    assert not sandbox.events(Skipped)
    assert sandbox.world.now == minutes * 60


def test_where_something_arrives_each_half_hour_nothing_is_skipped() -> None:
    sandbox = Sandbox(["ann"]).take(Wait(DAY))
    assert not sandbox.events(Skipped)
    assert len(sandbox.shop.heard) == 1 + 47 * 2


def test_a_silent_year_costs_few_events_and_little_time() -> None:
    sandbox = Sandbox(["ann"], empty_diff="silent").take(Sync(COHORT))
    began = time.perf_counter()
    sandbox.take(Wait(YEAR))
    assert time.perf_counter() - began < 1
    assert sandbox.sequence == ["SyncStarted", "Attempted", "SyncEnded", "Skipped"]
    (skipped,) = sandbox.events(Skipped)
    assert (skipped.refused, skipped.outcome) == (0, None)
    assert sandbox.world.now == YEAR
    sandbox.take(Join(COHORT, ("bob",)), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)", "add_members(bob)"]  # its snapshot is as fresh as ever


def test_a_year_of_pause_costs_one_move() -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT), Wait(YEAR))
    assert sandbox.world.now == YEAR
    assert sandbox.sequence == ["SyncStarted", "Attempted", "SyncEnded"]
    sandbox.take(Resume(COHORT), Sync(COHORT))
    assert sandbox.take_new() == ["members(ann)"] * 2


def test_fates_laid_out_are_not_repeated_for_days() -> None:
    """The outage would pause the sync with its first 404, but two syncs fail before for reasons of their own."""
    steps = (Outage(4 * DAY, 404), Fates(("refuse 503",) * 18), Wait(2 * DAY))
    sandbox = Sandbox(["ann"]).take(*steps)
    assert [event.outcome for event in sandbox.events(SyncEnded)] == ["failed"] * 3 + ["paused"]


def test_two_cohorts_are_leapt_over_together() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(Outage(3 * DAY), Wait(3 * DAY), Sync(COHORT))
    assert sum(event.refused for event in sandbox.events(Skipped)) > 1600
    assert sandbox.take_new() == ["members(ann, bob)", "members(cy, dan)"]


def _standing(world: World) -> list[dict[str, Any]]:
    """All that the sender will ever act on, but for the names of sessions."""
    return [
        {
            "state": each.state,
            "due_at": round(each.due_at, 3) if each.acts else None,
            "position": each.position if each.syncing else None,
            "tries": each.tries if each.syncing else None,
            "failed": each.failed,
            "succeeded": each.succeeded,
            "snapshot": each.snapshot and (list(each.snapshot.members), round(each.snapshot.taken_at, 3)),
        }
        for each in world.sender.subscriptions.values()
    ]


def _run(scenario: Scenario, answers: list[int], *, leaping: bool) -> World:
    shop = Shop()
    shop.answers = answers[:]
    receiver = shop.receiver()
    world = World(receiver, WsgiTransport(receiver), scenario, NoClock(), History())
    if not leaping:
        world._leap = lambda mark, until: False  # type: ignore[method-assign]
    for step in scenario.steps:
        take(world, step)
    return world


def _reached(world: World) -> list[tuple[float, str, object]]:
    return [
        (round(event.at, 3), str(event.delivery), event.outcome)
        for event in world.history
        if isinstance(event, Attempted) and event.reached
    ]


def _held(world: World) -> dict[str, set[str]]:
    assert isinstance(world.receiver.app, Shop)
    return world.receiver.app.held


def _refused(world: World) -> int:
    return sum(
        event.refused if isinstance(event, Skipped) else isinstance(event, Attempted) and not event.reached
        for event in world.history
    )


# A late copy of what was skipped, and those whom it named, cannot be had: there was no delivery.
_KINDS: list[type[Step]] = [kind for kind in STEPS_BY_KIND if kind not in (Replay, FlipFailed)]
_LONG = st.sampled_from([5_400, 9_000, 90_000, 260_000, 270_000, 300_000])
_OFTEN = st.one_of(
    st.builds(Wait, _LONG),
    st.builds(Outage, _LONG, st.sampled_from([None, 302, 404, 422, 429, 503]), st.integers(0, 8)),
    st.builds(Fates, st.lists(st.sampled_from(["lose", "refuse", "refuse 503", "refuse 422"]), max_size=20).map(tuple)),
    *(STEPS_BY_KIND[kind] for kind in (Join, Leave, Sync, AbortSync, ExpireSnapshot, Trouble)),
)
_STEPS = st.lists(_OFTEN | st.one_of(*(STEPS_BY_KIND[kind] for kind in _KINDS)), max_size=10).map(tuple)


@given(
    SCENARIOS.filter(lambda scenario: not scenario.strict_replays),
    _STEPS,
    DIALECTS,
    st.lists(st.sampled_from([200, 200, 404, 503]), max_size=6),
)
@settings(max_examples=100)
def test_all_ends_as_if_no_time_had_been_leapt_over(
    scenario: Scenario, steps: tuple[Step, ...], dialect: Dialect, answers: list[int]
) -> None:
    # A sync that expires into silence frees its connection a minute sooner: the one thing that others could notice.
    alone = dialect.full_sync == "add_members" and dialect.empty_diff == "silent"
    cohorts = tuple(replace(each, connection=each.id) if alone else each for each in scenario.cohorts)
    scenario = replace(scenario, cohorts=cohorts, steps=steps, dialect=dialect)
    leaping, stepping = (_run(scenario, answers, leaping=leaping) for leaping in (True, False))
    assert leaping.now == pytest.approx(stepping.now, abs=1e-3)
    assert _reached(leaping) == _reached(stepping)
    assert _refused(leaping) == _refused(stepping)
    assert _held(leaping) == _held(stepping)
    assert _standing(leaping) == _standing(stepping)
    assert not any(isinstance(event, Skipped) for event in stepping.history)


def test_the_comparison_does_leap() -> None:
    scenario = Scenario((CohortSeed(COHORT, "VIPs", ("ann",)),), (Sync(COHORT), Outage(4 * DAY), Wait(4 * DAY)))
    leaping, stepping = (_run(scenario, [], leaping=leaping) for leaping in (True, False))
    assert len(stepping.history) > 1000
    assert len(leaping.history) < 60
    assert _refused(leaping) == _refused(stepping) > 1000
