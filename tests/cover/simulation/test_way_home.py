"""The way home: faults end, the snapshot expires, and a refresh by `members` must leave all as the source has it."""

from __future__ import annotations

from typing import Any

import pytest

from cohortprop.simulation import Attempted, PhaseBegan, Probed, Silenced, SyncEnded, SyncStarted, go_home
from cohortprop.simulation.steps import Fates, Leave, Outage, Sync, Trouble
from tests.cover.simulation.sandbox import COHORT, HALF_HOUR, OTHER, Sandbox, two_cohorts

NOTHING_NEW = ["add_members()", "remove_members()"]


def home(sandbox: Sandbox) -> Sandbox:
    go_home(sandbox.world)
    return sandbox


def stages(sandbox: Sandbox) -> list[list[str]]:
    """The kinds of events in each stage, after its beginning."""
    found: list[list[str]] = []
    for event in sandbox.history:
        if isinstance(event, PhaseBegan):
            assert (event.phase, event.stage) == ("way home", len(found) + 1)
            found.append([])
        elif found:
            found[-1].append(type(event).__name__)
    return found


def demands(sandbox: Sandbox) -> list[dict[str, str]]:
    return [dict(event.settled) for event in sandbox.events(Probed)]


def test_its_three_stages() -> None:
    sandbox = home(Sandbox(["ann"]).take(Sync(COHORT)))
    assert sandbox.take_new() == ["members(ann)", *NOTHING_NEW, "members(ann)", "members(ann)"]
    sync = ["SyncStarted", "Attempted", "SyncEnded"]
    assert stages(sandbox) == [
        ["SyncStarted", "Attempted", "Attempted", "SyncEnded", "Probed"],
        ["Silenced", *sync, "Probed"],
        [*sync, "Probed"],
    ]
    assert sandbox.events(Silenced) == [Silenced(HALF_HOUR, HALF_HOUR + 73.5 * 3600)]


def test_all_faults_are_over_and_what_is_paused_is_resumed() -> None:
    sandbox = Sandbox(cohorts=two_cohorts())
    sandbox.shop.answers = [404]
    sandbox.take(Sync(COHORT), Outage(10**9), Fates(("lose", "refuse") * 9), Trouble(9))
    before = len(sandbox.history)
    home(sandbox)
    assert {event.fate for event in sandbox.events(Attempted, before)} == {"deliver"}
    assert {event.outcome for event in sandbox.events(SyncEnded, before)} == {"succeeded"}
    assert "Resumed" in stages(sandbox)[0]
    assert sandbox.shop.held == {COHORT: {"ann", "bob"}, OTHER: {"cy", "dan"}}


@pytest.mark.parametrize(
    ("readings", "demanded"),
    [
        ({}, [{}, {COHORT: "equal"}, {COHORT: "equal"}]),
        ({"empty_diff": "silent"}, [{}, {COHORT: "equal"}, {COHORT: "equal"}]),
        ({"full_sync": "add_members"}, [{}, {COHORT: "include"}, {COHORT: "equal"}]),
        ({"full_sync": "add_members", "empty_diff": "silent"}, [{}, {COHORT: "include"}, {COHORT: "equal"}]),
    ],
)
def test_what_may_be_demanded(readings: dict[str, Any], demanded: list[dict[str, str]]) -> None:
    sandbox = home(Sandbox(["ann"], **readings).take(Sync(COHORT)))
    assert demands(sandbox) == demanded
    assert sandbox.take_new()[-1] == "members(ann)"


def test_in_every_dialect_it_ends_by_members() -> None:
    sandbox = home(Sandbox(["ann"], full_sync="add_members", empty_diff="silent").take(Sync(COHORT)))
    assert sandbox.take_new() == ["add_members(ann)", "add_members(ann)", "members(ann)"]
    assert [event.kind for event in sandbox.events(SyncStarted)] == ["full"] * 3


def test_a_full_sync_with_nothing_to_say_settles_nobody() -> None:
    sandbox = Sandbox(["ann"], full_sync="add_members", empty_diff="silent").take(Sync(COHORT), Leave(COHORT, ("ann",)))
    home(sandbox)
    assert sandbox.take_new() == ["add_members(ann)", "remove_members(ann)", "members()"]
    assert demands(sandbox) == [{}, {}, {COHORT: "equal"}]  # time has passed, so there is a look at each stage


def test_an_empty_cohort_is_told_by_one_empty_page() -> None:
    sandbox = home(Sandbox())
    assert sandbox.take_new() == ["members()"] * 3
    assert demands(sandbox) == [{}, {COHORT: "equal"}, {COHORT: "equal"}]


def test_after_the_very_first_sync_nothing_is_demanded_beyond_what_is_possible() -> None:
    sandbox = home(Sandbox(["ann"]))
    assert sandbox.take_new() == ["members(ann)"] * 3
    assert demands(sandbox)[0] == {}


@pytest.mark.parametrize("taken", [0, 1])
def test_a_full_sync_that_is_refused_settles_nobody(taken: int) -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [200] * taken + [404] * 9
    home(sandbox)
    assert [event.outcome for event in sandbox.events(SyncEnded)][taken:] == ["paused"]
    assert demands(sandbox) == [{}, {}]


def test_a_refresh_that_is_refused_settles_nobody() -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [200, 200, 404]
    home(sandbox)
    assert demands(sandbox) == [{}, {COHORT: "equal"}, {}]


def test_a_sync_that_is_refused_is_not_resumed_twice() -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [404]
    home(sandbox)
    assert sandbox.take_new() == ["members(ann)"]


def test_one_cohort_may_come_through_and_the_other_not() -> None:
    sandbox = Sandbox(cohorts=two_cohorts())
    sandbox.shop.answers = [200, 404]
    home(sandbox)
    assert demands(sandbox) == [{}, {COHORT: "equal"}, {COHORT: "equal"}]


def test_a_one_time_export_is_finished_and_then_left_alone() -> None:
    sandbox = home(Sandbox(["ann"], one_time=True))
    assert sandbox.take_new() == ["members(ann)"]
    assert demands(sandbox)[1:] == [{}]
    assert len(stages(sandbox)) == 3


def test_an_export_that_failed_is_run_again() -> None:
    sandbox = home(Sandbox(["ann"], one_time=True).take(Outage(61), Sync(COHORT)))
    assert sandbox.take_new() == ["members(ann)"]
    assert "Resumed" in stages(sandbox)[0]


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_it_stops_where_it_is_halted(stage: int) -> None:
    sandbox = Sandbox(["ann"])

    def halt(event: object) -> None:
        if isinstance(event, Attempted) and len(stages(sandbox)) == stage:
            sandbox.world.halted = True

    sandbox.listener = halt
    home(sandbox)
    assert len(stages(sandbox)) == stage
    assert len(sandbox.take_new()) == stage
    assert stages(sandbox)[-1][-1] == "SyncEnded"  # the attempt under way is written down; nobody looks
