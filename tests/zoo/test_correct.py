from __future__ import annotations

import pytest

from cohortprop import zoo
from cohortprop.zoo import Entry
from tests.zoo.conftest import Play
from tests.zoo.player import RETRY_AFTER, THREE_DAYS, Player

CORRECT = zoo.correct()


@pytest.fixture(params=CORRECT, ids=lambda entry: entry.name)
def player(request: pytest.FixtureRequest, play: Play) -> Player:
    entry: Entry = request.param
    return play(entry.factory())


def _with(hook: str) -> pytest.MarkDecorator:
    having = [entry for entry in CORRECT if getattr(entry.factory(), hook) is not None]
    return pytest.mark.parametrize("entry", having, ids=lambda entry: entry.name)


# Full syncs


def test_each_page_of_a_full_sync_may_come_twice(player: Player) -> None:
    session = player.new_session()
    for number, users in enumerate((["ann"], ["bob"], ["cid"]), 1):
        for _ in range(2):
            player.send("members", users, session=session, page=number, total=3)
            player.wait(RETRY_AFTER)
    player.expect_members("ann", "bob", "cid")
    for user in ("ann", "bob", "cid"):
        player.expect_mails(user, by_diff=False)


def test_full_sync_of_old_and_new_members_mails_the_new(player: Player) -> None:
    player.full(["ann"], ["bob"])
    player.wait(THREE_DAYS)
    player.full(["bob"], ["cid"])
    player.expect_members("bob", "cid")
    for user in ("bob", "cid"):
        player.expect_mails(user, by_diff=False)


def test_full_sync_starts_again_under_a_new_id(player: Player) -> None:
    player.full(["ann", "bob"])
    player.send("members", ["cid"], page=1, total=2)
    player.full(["ann"], ["dee"])
    player.expect_members("ann", "dee")
    for user in ("ann", "dee"):
        player.expect_mails(user, by_diff=False)


def test_full_sync_starts_again_under_the_same_id(player: Player) -> None:
    player.full(["bob", "dee"])
    session = player.new_session()
    player.send("members", ["ann"], session=session, page=1, total=2)
    player.full(["ann"], ["bob"], session=session)
    player.expect_members("ann", "bob")
    player.expect_mails("bob", by_diff=False)


def test_whole_full_sync_comes_again_under_the_same_id(player: Player) -> None:
    player.full(["dee"])
    session = player.full(["ann"], ["bob"])
    player.full(["ann"], ["bob"], session=session)
    player.expect_members("ann", "bob")
    player.expect_mails("ann", by_diff=False)


def test_aborted_full_sync_then_a_diff_settles_whom_the_diff_names(player: Player) -> None:
    player.full(["ann", "bob"])
    player.send("members", ["ann"], page=1, total=2)
    player.diff(["cid"], ["bob"])
    held = player.members()
    assert player.identity("cid") in held
    assert player.identity("bob") not in held
    player.full(["ann"], ["cid"])
    player.expect_members("ann", "cid")
    player.expect_mails("cid")


def test_leftovers_of_an_aborted_full_sync_do_not_complete_the_next(player: Player) -> None:
    player.diff(["dee"], [])
    aborted = player.new_session()
    player.send("members", ["ann"], session=aborted, page=1, total=3)
    player.send("members", ["bob"], session=aborted, page=2, total=3)
    player.full(["cid"], ["dee"])
    player.expect_members("cid", "dee")
    player.expect_mails("dee")


def test_cohort_runs_empty(player: Player) -> None:
    player.full(["ann"])
    player.full([])
    player.expect_members()


def test_full_sync_by_add_members_is_no_news_to_old_members(player: Player) -> None:
    player.diff(["ann", "bob"], [])
    player.wait(THREE_DAYS)
    player.diff(["ann", "bob", "cid"], [])
    player.expect_members("ann", "bob", "cid")
    for user in ("ann", "bob", "cid"):
        player.expect_mails(user)


def test_single_page_without_page_info(player: Player) -> None:
    player.without = {"page_info", "mixpanel_cohort_description"}
    player.full(["ann"])
    player.full(["bob"])
    player.diff(["cid"], ["bob"])
    player.expect_members("cid")


# Diffs


def test_halves_of_a_diff_numbered_in_one_run(player: Player) -> None:
    player.full(["ann", "bob"])
    session = player.new_session()
    player.send("add_members", ["cid"], session=session, page=1, total=4)
    player.send("add_members", ["dee"], session=session, page=2, total=4)
    player.send("remove_members", ["ann"], session=session, page=3, total=4)
    player.send("remove_members", ["bob"], session=session, page=4, total=4)
    player.expect_members("cid", "dee")


def test_halves_of_a_diff_numbered_apart_removals_first(player: Player) -> None:
    player.full(["ann", "bob"])
    session = player.new_session()
    for number, user in ((1, "ann"), (2, "bob")):
        player.send("remove_members", [user], session=session, page=number, total=2)
    for number, user in ((1, "cid"), (2, "dee")):
        player.send("add_members", [user], session=session, page=number, total=2)
    player.expect_members("cid", "dee")


def test_diff_starts_again_under_the_same_id(player: Player) -> None:
    player.full(["ann"])
    session = player.new_session()
    for _ in range(2):
        player.send("add_members", ["bob"], session=session)
        player.send("remove_members", ["ann"], session=session)
        player.wait(1800)
    player.expect_members("bob")
    player.expect_mails("bob")


def test_leaving_and_coming_back_is_an_entry(player: Player) -> None:
    player.diff(["ann"], [])
    player.diff([], ["ann"])
    player.expect_members()
    player.diff(["ann"], [])
    player.expect_members("ann")
    player.expect_mails("ann", entries=2)
    if player.receiver.arrival_policy == "once_per_entry":
        assert player.arrivals()["7", player.identity("ann")] == 2


def test_unmentioned_by_a_full_sync_and_back_is_an_entry(player: Player) -> None:
    player.diff(["ann"], [])
    player.full(["bob"], ["cid"])
    player.diff(["ann"], [])
    player.expect_members("ann", "bob", "cid")
    player.expect_mails("ann", entries=2)
    if player.receiver.arrival_policy == "once_per_entry":
        assert player.arrivals()["7", player.identity("ann")] == 2


def test_leaving_after_an_aborted_full_sync_and_back_is_an_entry(player: Player) -> None:
    player.diff(["ann", "bob"], [])
    player.send("members", ["ann"], page=1, total=2)
    player.diff([], ["bob"])
    player.diff(["bob"], [])
    assert player.identity("bob") in player.members()
    player.expect_mails("bob", entries=2)
    if player.receiver.arrival_policy == "once_per_entry":
        assert player.arrivals()["7", player.identity("bob")] == 2


def test_cohorts_are_apart(player: Player) -> None:
    player.send("members", ["ann"], cohort="7", page=1, total=2, session="a")
    player.send("members", ["bob"], cohort="8", page=1, total=2, session="b")
    player.send("members", ["cid"], cohort="7", page=2, total=2, session="a")
    player.send("members", ["dee"], cohort="8", page=2, total=2, session="b")
    player.expect_members("ann", "cid", cohort="7")
    player.expect_members("bob", "dee", cohort="8")
    player.expect_members(cohort="9")


# Requests that are none

UNKNOWN_ACTION = b"""{"action": "explode", "parameters": {
    "mixpanel_cohort_id": "7", "mixpanel_cohort_name": "VIPs", "mixpanel_session_id": "s",
    "members": [{"mixpanel_distinct_id": "ann", "User ID": "ann"}]
}}"""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"action": "members"}',
        b'{"action": "members", "parameters": {"members": null}}',
        UNKNOWN_ACTION,
        b"\xff\xfe",
    ],
)
def test_malformed_request_is_a_failure_in_the_envelope(player: Player, body: bytes) -> None:
    answer = player.post(body)
    assert answer.status == 400
    assert answer.envelope["status"] == "failure"
    assert answer.envelope["error"]["code"] == 400
    player.expect_members()


def test_another_method_is_a_failure_in_the_envelope(player: Player) -> None:
    answer = player.post(b"", method="GET")
    assert (answer.status, answer.envelope["error"]["code"]) == (405, 405)


# Hooks


def test_some_can_be_restarted_and_some_can_get_into_trouble() -> None:
    receivers = [entry.factory() for entry in CORRECT]
    assert any(receiver.restart for receiver in receivers)
    assert any(receiver.dependency for receiver in receivers)
    assert any(receiver.drain for receiver in receivers)
    assert {receiver.arrival_policy for receiver in receivers} == {"once_per_entry", "once_per_user"}
    assert {receiver.arrives_on for receiver in receivers} == {"any", "add_members"}


@_with("restart")
def test_restart_anywhere_loses_nothing(entry: Entry, play: Play) -> None:
    player = play(entry.factory())
    session = player.new_session()
    for number, user in enumerate(("ann", "bob"), 1):
        player.send("members", [user], session=session, page=number, total=2)
        player.restart()
    player.diff(["cid"], ["ann"])
    player.restart()
    player.expect_members("bob", "cid")
    player.expect_mails("cid")
    player.expect_mails("bob")


@_with("dependency")
def test_trouble_leaves_nothing_half_done(entry: Entry, play: Play) -> None:
    player = play(entry.factory())
    player.full(["ann", "bob"])
    before = player.arrivals()
    session = player.new_session()
    for action, users in (("members", ["ann", "cid"]), ("add_members", ["cid"]), ("remove_members", ["ann"])):
        with player.trouble():
            answer = player.send(action, users, session=session)
        assert answer.status == 503
        assert answer.envelope["error"]["code"] == 503
        player.expect_members("ann", "bob")
        assert player.arrivals() == before
    player.diff(["cid"], ["ann"])
    player.expect_members("bob", "cid")
    player.expect_mails("cid")


def test_queue_is_guarded_by_a_password_with_colons(play: Play) -> None:
    player = play(zoo.queues_pages())
    for headers in ({}, {"Authorization": "Basic bWl4cGFuZWw6czNjcmV0"}, {"Authorization": "ünknown"}):
        answer = player.post(b"", headers=headers)
        assert (answer.status, answer.envelope["status"]) == (401, "failure")


def test_queue_does_nothing_before_it_is_drained(play: Play) -> None:
    player = play(zoo.queues_pages())
    player.diff(["ann"], [])
    assert player.receiver.members is not None
    assert set(player.receiver.members("7")) == set()
    player.expect_members("ann")


def test_silence_on_full_syncs_is_declared(play: Play) -> None:
    player = play(zoo.remembers_bodies())
    player.full(["ann"])
    assert player.arrivals() == {}
    player.diff(["bob"], [])
    assert player.arrivals() == {("7", "bob"): 1}


def test_members_without_the_property_do_no_harm(play: Play) -> None:
    player = play(zoo.keys_on_user_id())
    player.without = {player.receiver.id_property}
    player.full(["ann"])
    player.without = set()
    player.diff(["bob"], [])
    player.expect_members("bob")
