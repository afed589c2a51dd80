"""Outage, Fates, AbortSync, LoseLastAck: what reaches the receiver, and what the sender sees of it."""

from __future__ import annotations

import pytest

from cohortprop.simulation import Attempted, Duplicated, OutageBegan, SyncEnded
from cohortprop.simulation.steps import AbortSync, Fates, Join, LoseLastAck, Outage, Sync, Wait
from cohortprop.wire import NoReply, Reply
from tests.cover.simulation.sandbox import COHORT, HALF_HOUR, OTHER, Sandbox, two_cohorts

REFUSED = NoReply("connection refused")
TIMED_OUT = NoReply("timed out")


def fates(sandbox: Sandbox) -> list[str]:
    return [event.fate for event in sandbox.events(Attempted)]


def outcomes(sandbox: Sandbox) -> list[int | str]:
    """What the sender saw, attempt by attempt."""
    seen = [event.outcome for event in sandbox.events(Attempted)]
    return [each.status if isinstance(each, Reply) else each.reason for each in seen]


def ended(sandbox: Sandbox) -> list[str]:
    return [event.outcome for event in sandbox.events(SyncEnded)]


def test_an_outage_refuses_what_is_attempted_while_it_lasts() -> None:
    sandbox = Sandbox(["ann"]).take(Outage(HALF_HOUR), Sync(COHORT))
    assert sandbox.events(OutageBegan) == [OutageBegan(0.0, 1800.0, Reply(503), 0)]
    assert outcomes(sandbox) == [503] * 6
    assert all(not event.reached for event in sandbox.events(Attempted))
    assert not sandbox.shop.heard
    assert sandbox.take(Sync(COHORT)).take_new() == ["members(ann)"]
    assert outcomes(sandbox)[6:] == [200]


def test_an_outage_takes_no_time_by_itself() -> None:
    assert Sandbox().take(Wait(5), Outage(HALF_HOUR)).world.now == 5


@pytest.mark.parametrize(("status", "seen"), [(None, "connection refused"), (429, 429), (302, 302)])
def test_an_outage_says_what_a_proxy_would(status: int | None, seen: object) -> None:
    sandbox = Sandbox(["ann"]).take(Outage(60, status), Wait(1))
    assert outcomes(sandbox) == [seen]


def test_an_outage_that_answers_404_pauses_the_sync() -> None:
    sandbox = Sandbox(["ann"]).take(Outage(60, 404), Wait(HALF_HOUR * 9))
    assert ended(sandbox) == ["paused"]


def test_the_first_attempts_of_an_outage_may_reach_the_app_and_lose_their_acknowledgement() -> None:
    sandbox = Sandbox(["ann"]).take(Outage(HALF_HOUR, lost=2), Sync(COHORT))
    assert sandbox.events(OutageBegan)[0].lost == 2
    assert fates(sandbox) == ["lose", "lose", "refuse", "refuse", "refuse", "refuse"]
    assert outcomes(sandbox) == [503] * 6
    assert sandbox.take_new() == ["members(ann)"] * 2
    assert sandbox.events(Attempted)[0].reply is not None


def test_an_outage_ends_to_the_second() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT), Wait(HALF_HOUR - 10), Outage(10), Sync(COHORT))
    assert ended(sandbox) == ["succeeded"] * 2
    assert fates(sandbox) == ["deliver"] * 3
    sandbox.take(Wait(HALF_HOUR - 10), Outage(11), Sync(COHORT))
    assert fates(sandbox)[3] == "refuse"


def test_a_second_outage_does_not_shorten_the_first() -> None:
    sandbox = Sandbox(["ann"]).take(Outage(HALF_HOUR + 1), Outage(5, 429), Wait(HALF_HOUR), Wait(1))
    assert outcomes(sandbox) == [429] * 7


def test_fates_are_laid_out_one_by_one() -> None:
    sandbox = Sandbox("abcd", page_size=1)
    sandbox.take(Fates(("deliver", "duplicate")), Fates(("lose", "refuse", "refuse 429")), Sync(COHORT))
    assert fates(sandbox) == ["deliver", "duplicate", "lose", "refuse", "refuse", "deliver", "deliver"]
    assert outcomes(sandbox) == [200, 200, "timed out", "connection refused", 429, 200, 200]
    assert sandbox.take_new() == [f"members({user})" for user in "abbccd"]


def test_a_duplicate_arrives_twice_at_once() -> None:
    sandbox = Sandbox(["ann"]).take(Fates(("duplicate",)), Sync(COHORT))
    (again,) = sandbox.events(Duplicated)
    (first,) = sandbox.events(Attempted)
    assert again.delivery is first.delivery
    assert isinstance(again.reply, Reply)
    assert again.reply.status == 200
    assert sandbox.take_new() == ["members(ann)"] * 2
    assert ended(sandbox) == ["succeeded"]


def test_nobody_sees_the_answer_to_a_duplicate() -> None:
    sandbox = Sandbox(["ann"])
    sandbox.shop.answers = [200, 404]
    sandbox.take(Fates(("duplicate",)), Sync(COHORT))
    assert ended(sandbox) == ["succeeded"]
    assert outcomes(sandbox) == [200]


def test_a_sync_is_aborted_after_some_deliveries() -> None:
    sandbox = Sandbox("abc", page_size=1).take(AbortSync(COHORT, 1))
    assert sandbox.take_new() == ["members(a)"]
    assert ended(sandbox) == ["failed"]
    assert outcomes(sandbox) == [200, *[503] * 6]
    assert sandbox.world.now == 60
    sandbox.take(Sync(COHORT))
    assert sandbox.take_new() == ["members(a)", "members(b)", "members(c)"]


def test_a_sync_is_aborted_before_its_first_delivery() -> None:
    sandbox = Sandbox("ab", page_size=1).take(AbortSync(COHORT, 0, 404))
    assert not sandbox.shop.heard
    assert ended(sandbox) == ["paused"]


def test_a_sync_is_aborted_without_an_answer() -> None:
    sandbox = Sandbox("ab", page_size=1, no_answer="fail").take(AbortSync(COHORT, 1, None))
    assert outcomes(sandbox) == [200, "connection refused"]


def test_a_sync_that_is_over_before_comes_through() -> None:
    sandbox = Sandbox("ab", page_size=1).take(AbortSync(COHORT, 2))
    assert ended(sandbox) == ["succeeded"]


def test_an_aborted_sync_leaves_the_other_cohort_alone() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(AbortSync(COHORT, 0))
    assert sandbox.take_new() == ["members(cy, dan)"]
    assert sandbox.shop.held == {OTHER: {"cy", "dan"}}


def test_the_last_acknowledgement_is_lost_however_often_it_is_tried() -> None:
    sandbox = Sandbox("ab", page_size=1).take(LoseLastAck(COHORT))
    assert sandbox.take_new() == ["members(a)", *["members(b)"] * 6]
    assert outcomes(sandbox) == [200, *["timed out"] * 6]
    assert ended(sandbox) == ["failed"]
    assert sandbox.shop.held == {COHORT: {"a", "b"}}


def test_after_that_sync_the_network_is_as_before() -> None:
    sandbox = Sandbox("a").take(LoseLastAck(COHORT), Join(COHORT, ("b",)), AbortSync(COHORT, 0))
    sandbox.take_new()
    sandbox.take(Sync(COHORT))
    assert sandbox.take_new() == ["members(a, b)"]
    assert ended(sandbox) == ["failed", "failed", "succeeded"]


def test_a_rule_for_one_sync_goes_before_the_fates_and_those_before_the_outage() -> None:
    sandbox = Sandbox("ab", page_size=1, no_answer="fail")
    sandbox.take(Outage(60, 429), Fates(("duplicate", "lose")), AbortSync(COHORT, 1, None))
    assert outcomes(sandbox) == [200, "connection refused"]
    assert fates(sandbox) == ["deliver", "refuse"]
    sandbox.take(Outage(7200, 429), Sync(COHORT))
    assert fates(sandbox)[2:4] == ["duplicate", "lose"]
    sandbox.take(Sync(COHORT))
    assert outcomes(sandbox)[4:] == [429] * 6
