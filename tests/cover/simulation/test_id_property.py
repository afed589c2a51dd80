"""A receiver may key its users on another property than the distinct id."""

from __future__ import annotations

from typing import Any

import pytest

from cohortprop.simulation import Probed
from cohortprop.simulation.steps import Edit, Join, Leave, Sync
from tests.cover.simulation.sandbox import COHORT, Sandbox


def exported(sandbox: Sandbox) -> dict[str, object]:
    """The first member as it was delivered."""
    member: dict[str, object] = sandbox.shop.payloads[0]["parameters"]["members"][0]
    return member


def truth(sandbox: Sandbox) -> tuple[str, ...]:
    sandbox.world.probe()
    return sandbox.events(Probed)[-1].source[COHORT]


def test_the_distinct_id_is_the_default() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    assert truth(sandbox) == ("ann",)
    assert set(exported(sandbox)) == {"mixpanel_distinct_id", "email", "first_name", "last_name", "phone_number"}


def test_one_of_the_default_properties() -> None:
    sandbox = Sandbox(["ann"], receiver={"id_property": "email"}).take(Sync(COHORT))
    assert truth(sandbox) == ("ann@example.com",)
    assert set(exported(sandbox)) == {"mixpanel_distinct_id", "email", "first_name", "last_name", "phone_number"}


def test_any_other_is_exported_too_and_unique() -> None:
    sandbox = Sandbox(["ann", "bob"], receiver={"id_property": "User ID"}).take(Sync(COHORT))
    assert truth(sandbox) == ("User ID of ann", "User ID of bob")
    assert exported(sandbox)["User ID"] == "User ID of ann"


def test_one_that_the_scenario_exports_is_exported_once() -> None:
    sandbox = Sandbox(["ann"], receiver={"id_property": "Plan"}, exported=("Plan", "$city")).take(Sync(COHORT))
    assert (exported(sandbox)["Plan"], exported(sandbox)["$city"]) == ("Plan of ann", "$city of ann")


def test_it_is_never_edited() -> None:
    sandbox = Sandbox(["ann"], receiver={"id_property": "User ID"})
    sandbox.take(Edit("ann", "User ID", "x"), Edit("ann", "User ID", None), Sync(COHORT))
    assert truth(sandbox) == ("User ID of ann",)
    assert "Edited" not in sandbox.sequence


def test_whoever_lacks_it_is_not_among_those_who_can_be_held() -> None:
    users = [f"u{number}" for number in range(20)]
    sandbox = Sandbox(users, receiver={"id_property": "email"}, optional_fields="populated").take(Sync(COHORT))
    delivered = [member.get("email") for member in sandbox.shop.payloads[0]["parameters"]["members"]]
    assert None in delivered
    assert truth(sandbox) == tuple(email for email in delivered if email is not None)


def test_the_truth_follows_the_source() -> None:
    sandbox = Sandbox(["ann", "bob"], receiver={"id_property": "email"})
    sandbox.take(Leave(COHORT, ("ann",)), Join(COHORT, ("cy",)))
    assert truth(sandbox) == ("bob@example.com", "cy@example.com")


@pytest.mark.parametrize("readings", [{}, {"optional_fields": "populated"}, {"optional_fields": "bare"}])
def test_a_property_of_the_apps_own_is_there_in_every_dialect(readings: dict[str, Any]) -> None:
    sandbox = Sandbox(["ann"], receiver={"id_property": "User ID"}, **readings).take(Sync(COHORT))
    assert exported(sandbox)["User ID"] == "User ID of ann"
