"""After a refusal: which peculiarity of the delivery does the receiver not take?"""

from __future__ import annotations

from typing import Any

from cohortprop.simulation import Attempted, Examined, PhaseBegan, examine_refusal
from cohortprop.simulation.steps import Describe, Edit, Fates, Join, Leave, Rename, Sync
from cohortprop.transport import Watchdog
from cohortprop.wire import NoReply, Reply
from tests.cover.simulation.sandbox import COHORT, OTHER, Sandbox, two_cohorts


def refused(sandbox: Sandbox) -> list[str]:
    """Refuse the last delivery of the sync that comes now; returns what was taken away from it in turn."""
    sandbox.world.halted = True
    examine_refusal(sandbox.world, sandbox.world.sent[-1])
    return [event.without for event in sandbox.events(Examined)]


def payloads(sandbox: Sandbox) -> dict[str, Any]:
    """What the receiver got in the examination, by what it lacked."""
    examined = sandbox.events(Examined)
    return dict(zip((event.without for event in examined), sandbox.shop.payloads[-len(examined) :], strict=True))


def test_first_the_delivery_as_it_was_then_without_each_peculiarity() -> None:
    sandbox = Sandbox(["ann", "bob"]).take(Sync(COHORT), Leave(COHORT, ("bob",)), Sync(COHORT))
    assert refused(sandbox) == ["", "a known member", "an unannounced cohort"]
    assert payloads(sandbox)[""] == sandbox.world.sent[-1].payload
    assert payloads(sandbox)["an unannounced cohort"]["action"] == "members"
    (other,) = payloads(sandbox)["a known member"]["parameters"]["members"]
    assert other["mixpanel_distinct_id"] == "bobxq"


def test_it_is_a_phase_of_its_own() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    before = len(sandbox.history)
    refused(sandbox)
    assert sandbox.history.events[before] == PhaseBegan(0.0, "aftermath", 1)
    assert sandbox.sequence[before + 1 :] == ["Examined"]


def test_the_answers_are_kept() -> None:
    sandbox = Sandbox(["Ann"]).take(Sync(COHORT))
    sandbox.shop.answers = [500, 200]
    refused(sandbox)
    replies = [event.reply for event in sandbox.events(Examined)]
    assert [isinstance(reply, Reply) and reply.status for reply in replies] == [500, 200]


def test_a_new_name_is_compared_with_the_first_one() -> None:
    sandbox = Sandbox(["ann"]).take(
        Sync(COHORT), Rename(COHORT, "New"), Describe(COHORT, "Newer"), Join(COHORT, ("bob",)), Sync(COHORT)
    )
    examine_refusal(sandbox.world, sandbox.world.sent[-2])
    parameters = payloads(sandbox)["a new name"]["parameters"]
    assert (parameters["mixpanel_cohort_name"], parameters["mixpanel_cohort_description"]) == ("VIPs", "a cohort")


def test_without_a_first_description_there_is_one_all_the_same() -> None:
    sandbox = Sandbox(["ann"]).take(Describe(COHORT, None), Sync(COHORT))
    assert refused(sandbox) == ["", "a missing field"]
    assert payloads(sandbox)["a missing field"]["parameters"]["mixpanel_cohort_description"] == "a cohort"


def test_members_are_known_from_earlier_deliveries_of_the_cohort() -> None:
    sandbox = Sandbox(cohorts=two_cohorts()).take(Sync(COHORT), Join(COHORT, ("cy",)), Sync(COHORT))
    added = next(each for each in sandbox.world.sent if str(each) == "add_members(cy)")
    examine_refusal(sandbox.world, added)
    assert "a known member" not in payloads(sandbox)  # cy is known in the other cohort only
    assert OTHER in {each.cohort_id for each in sandbox.world.sent}


def test_and_from_this_one_if_its_acknowledgement_was_lost() -> None:
    lost = Sandbox(["ann"]).take(Fates(("lose",)), Sync(COHORT))
    assert refused(lost) == ["", "a known member"]
    tried_again = Sandbox(["ann"]).take(Fates(("refuse",)), Sync(COHORT))
    assert refused(tried_again) == [""]


def test_an_acknowledgement_of_another_delivery_does_not_count() -> None:
    sandbox = Sandbox("ab", page_size=1).take(Fates(("lose",)), Sync(COHORT))
    assert refused(sandbox) == [""]


def test_it_knows_on_what_users_are_keyed() -> None:
    sandbox = Sandbox(receiver={"id_property": "User ID"}).take(Sync(COHORT))
    assert refused(sandbox) == ["", "no members"]
    (somebody,) = payloads(sandbox)["no members"]["parameters"]["members"]
    assert somebody["User ID"] == "somebody"


def test_a_sparse_member() -> None:
    sandbox = Sandbox(["ann"]).take(Edit("ann", "email", None), Sync(COHORT))
    assert refused(sandbox) == ["", "a sparse member"]


def test_it_stops_where_the_receiver_hangs() -> None:
    with Watchdog(0.3).watching() as watchdog:
        sandbox = Sandbox(["Ann"], watchdog=watchdog).take(Edit("Ann", "email", None), Sync(COHORT))
        sandbox.shop.hangs_on = 3
        assert refused(sandbox) == ["", "a sparse member"]  # and not without its odd id
    assert sandbox.world.halted
    assert sandbox.events(Examined)[-1].reply == NoReply("timed out")


def test_the_sender_and_its_attempts_are_not_concerned() -> None:
    sandbox = Sandbox(["ann", "Bob"]).take(Sync(COHORT))
    before = (sandbox.world.sender.phase(0), len(sandbox.world.sent), len(sandbox.events(Attempted)))
    refused(sandbox)
    assert (sandbox.world.sender.phase(0), len(sandbox.world.sent), len(sandbox.events(Attempted))) == before
