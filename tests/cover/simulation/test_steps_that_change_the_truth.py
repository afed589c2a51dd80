"""Join, Leave, Edit, Rename, Describe, Merge: what they change at the source, and that alone they send nothing."""

from __future__ import annotations

import pytest

from cohortprop.simulation import Changed, Described, Edited, Renamed
from cohortprop.simulation.steps import Describe, Edit, Join, Leave, Merge, Rename, Step, Sync, Wait
from tests.cover.simulation.sandbox import COHORT, OTHER, Sandbox, two_cohorts


def test_users_join() -> None:
    sandbox = Sandbox(["ann"]).take(Join(COHORT, ("bob", "ann", "cy")))
    assert sandbox.members() == ["ann", "bob", "cy"]
    assert sandbox.history.events == [Changed(0.0, COHORT, ("bob", "cy"), ())]


def test_users_leave() -> None:
    sandbox = Sandbox(["ann", "bob", "cy"]).take(Leave(COHORT, ("cy", "dan", "ann")))
    assert sandbox.members() == ["bob"]
    assert sandbox.history.events == [Changed(0.0, COHORT, (), ("cy", "ann"))]


@pytest.mark.parametrize("step", [Join(COHORT, ("ann",)), Leave(COHORT, ("bob",)), Join(COHORT, ()), Leave(COHORT, ())])
def test_who_is_there_already_cannot_join_nor_who_is_not_leave(step: Step) -> None:
    sandbox = Sandbox(["ann"]).take(step)
    assert sandbox.members() == ["ann"]
    assert not sandbox.history.events


def test_one_cohort_changes_and_the_other_does_not() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(Join(OTHER, ("ann",)), Leave(COHORT, ("bob",)))
    assert sandbox.members(COHORT) == ["ann"]
    assert sandbox.members(OTHER) == ["cy", "dan", "ann"]


def test_a_change_happens_at_the_moment_of_the_step() -> None:
    sandbox = Sandbox().take(Wait(100), Join(COHORT, ("ann",)))
    assert sandbox.events(Changed) == [Changed(100.0, COHORT, ("ann",), ())]


def test_a_property_is_edited() -> None:
    sandbox = Sandbox(["ann"]).take(Edit("ann", "email", "new@example.com"), Sync(COHORT))
    assert sandbox.history.events[0] == Edited(0.0, "ann", "email", "new@example.com")
    assert sandbox.shop.payloads[0]["parameters"]["members"][0]["email"] == "new@example.com"


def test_a_property_is_taken_away() -> None:
    sandbox = Sandbox(["ann"]).take(Edit("ann", "email", None), Sync(COHORT))
    assert sandbox.events(Edited) == [Edited(0.0, "ann", "email", None)]
    assert "email" not in sandbox.shop.payloads[0]["parameters"]["members"][0]


def test_what_users_are_keyed_on_is_never_edited() -> None:
    sandbox = Sandbox(["ann"], receiver={"id_property": "email"})
    sandbox.take(Edit("ann", "email", "new@example.com"), Edit("ann", "first_name", "Anna"), Sync(COHORT))
    assert sandbox.events(Edited) == [Edited(0.0, "ann", "first_name", "Anna")]
    (member,) = sandbox.shop.payloads[0]["parameters"]["members"]
    assert (member["email"], member["first_name"]) == ("ann@example.com", "Anna")


def test_a_cohort_is_renamed() -> None:
    sandbox = Sandbox(["ann"]).take(Rename(COHORT, "Big spenders"), Sync(COHORT))
    assert sandbox.events(Renamed) == [Renamed(0.0, COHORT, "Big spenders")]
    assert sandbox.shop.payloads[0]["parameters"]["mixpanel_cohort_name"] == "Big spenders"


@pytest.mark.parametrize("description", ["who buys most", None])
def test_a_cohort_is_described(description: str | None) -> None:
    sandbox = Sandbox(["ann"]).take(Describe(COHORT, description), Sync(COHORT))
    assert sandbox.events(Described) == [Described(0.0, COHORT, description)]
    assert sandbox.shop.payloads[0]["parameters"].get("mixpanel_cohort_description") == description


def test_identities_merge_wherever_the_old_one_was() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(Join(OTHER, ("ann",)), Merge("ann", "$device:ann"))
    assert sandbox.members(COHORT) == ["bob", "$device:ann"]
    assert sandbox.members(OTHER) == ["cy", "dan", "$device:ann"]
    assert sandbox.events(Changed)[1:] == [
        Changed(0.0, COHORT, ("$device:ann",), ("ann",)),
        Changed(0.0, OTHER, ("$device:ann",), ("ann",)),
    ]


def test_an_identity_merges_into_one_that_is_there_already() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Merge("ann", "bob"))
    assert sandbox.members() == ["bob"]
    assert sandbox.events(Changed) == [Changed(0.0, COHORT, (), ("ann",))]


@pytest.mark.parametrize("step", [Merge("nobody", "ann"), Merge("ann", "ann")])
def test_there_may_be_nothing_to_merge(step: Step) -> None:
    sandbox = Sandbox(["ann"]).take(step)
    assert sandbox.members() == ["ann"]
    assert not sandbox.history.events


@pytest.mark.parametrize(
    "step",
    [
        Join(COHORT, ("bob",)),
        Leave(COHORT, ("ann",)),
        Edit("ann", "email", "x"),
        Rename(COHORT, "x"),
        Describe(COHORT, "x"),
        Merge("ann", "bob"),
    ],
)
def test_none_of_them_sends_anything_or_takes_time(step: Step) -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    sandbox.take_new()
    sandbox.take(step)
    assert sandbox.world.now == 0
    assert not sandbox.shop.heard
