"""One story for each faulty receiver: what the sender does, and what every correct receiver makes of it.

A story is a proof by hand that its receiver has the bug it declares, and that the sender can get there. Correct
receivers live through all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tests.zoo.player import RETRY_AFTER, THREE_DAYS, Player

__all__ = ["PLANTED", "STORIES"]

Story: TypeAlias = Callable[[Player], None]


# Membership


def left_during_an_outage(player: Player) -> None:
    player.full(["ann", "bob"])
    player.wait(THREE_DAYS)
    player.full(["ann"])
    player.expect_members("ann")


def two_pages(player: Player) -> None:
    player.full(["ann"], ["bob"])
    player.expect_members("ann", "bob")


def aborted_after_page_one(player: Player) -> None:
    player.send("members", ["ann"], page=1, total=2)
    player.full(["bob"], ["cid"])
    player.expect_members("bob", "cid")


def restarted_after_the_answer(player: Player) -> None:
    player.diff(["ann"], [])
    player.restart()
    player.expect_members("ann")


def restarted_between_two_pages(player: Player) -> None:
    session = player.new_session()
    player.send("members", ["ann"], session=session, page=1, total=2)
    player.restart()
    player.send("members", ["bob"], session=session, page=2, total=2)
    player.expect_members("ann", "bob")


def somebody_leaves(player: Player) -> None:
    player.full(["ann", "bob"])
    player.diff([], ["bob"])
    player.expect_members("ann")


def removal_of_somebody_who_is_out(player: Player) -> None:
    player.full(["ann", "bob"])
    player.full(["ann"])
    player.send("remove_members", ["bob"])
    player.expect_members("ann")


def removal_twice(player: Player) -> None:
    player.full(["ann", "bob"])
    session = player.new_session()
    player.send("remove_members", ["bob"], session=session)
    player.expect_members("ann")
    player.wait(RETRY_AFTER)
    player.send("remove_members", ["bob"], session=session)
    player.expect_members("ann")


def renamed_then_a_diff(player: Player) -> None:
    player.full(["ann", "bob"])
    player.send("add_members", ["cid"], name="Very important")
    player.expect_members("ann", "bob", "cid")


def address_changed_then_left(player: Player) -> None:
    player.full(["ann", "bob"])
    player.send("remove_members", ["bob"], emails={"bob": "robert@example.com"})
    player.expect_members("ann")


def leaves_one_of_two_cohorts(player: Player) -> None:
    player.full(["ann"], cohort="7")
    player.full(["ann"], cohort="8")
    player.diff([], ["ann"], cohort="7")
    player.expect_members(cohort="7")
    player.expect_members("ann", cohort="8")


def two_cohorts_in_full(player: Player) -> None:
    player.full(["ann"], cohort="7")
    player.full(["bob"], cohort="8")
    player.expect_members("bob", cohort="8")
    player.expect_members("ann", cohort="7")


def ids_that_differ_in_case(player: Player) -> None:
    player.full(["Ann", "ann", " ann"])
    player.diff([], ["ann"])
    player.expect_members("Ann", " ann")


def ids_with_leading_zeros(player: Player) -> None:
    player.full(["007", "7"])
    player.expect_members("007", "7")


def nothing_has_changed(player: Player) -> None:
    player.full(["ann"])
    player.diff([], [])
    player.expect_members("ann")


def added_twice_then_removed(player: Player) -> None:
    player.full(["bob"])
    session = player.new_session()
    player.send("add_members", ["ann"], session=session)
    player.wait(RETRY_AFTER)
    player.send("add_members", ["ann"], session=session)
    player.diff([], ["ann"])
    player.expect_members("bob")


def no_email(player: Player) -> None:
    player.without = {"email"}
    player.diff(["ann"], [])
    player.full(["ann", "bob"])
    player.expect_members("ann", "bob")


# Arrivals


def acknowledgement_lost(player: Player) -> None:
    session = player.new_session()
    player.send("add_members", ["ann"], session=session)
    player.wait(RETRY_AFTER)
    player.send("add_members", ["ann"], session=session)
    player.expect_mails("ann")


def trouble_then_a_retry(player: Player) -> None:
    session = player.new_session()
    with player.trouble():
        player.send("add_members", ["ann"], session=session)
    player.wait(RETRY_AFTER)
    player.send("add_members", ["ann"], session=session)
    player.expect_members("ann")
    player.expect_mails("ann")


def full_sync_of_old_members(player: Player) -> None:
    player.full(["ann"], ["bob"])
    player.wait(THREE_DAYS)
    player.full(["ann"], ["bob"])
    player.expect_members("ann", "bob")
    player.expect_mails("ann", by_diff=False)
    player.expect_mails("bob", by_diff=False)


def doubled_by_the_network(player: Player) -> None:
    session = player.new_session()
    player.send("add_members", ["ann"], session=session)
    player.send("add_members", ["ann"], session=session)
    player.expect_mails("ann")


def restarted_before_the_mail(player: Player) -> None:
    player.diff(["ann"], [])
    player.restart()
    player.expect_mails("ann")


def entered_with_a_full_sync(player: Player) -> None:
    player.full(["ann"])
    player.expect_mails("ann", by_diff=False)


# Acceptance


def first_sync_is_a_diff(player: Player) -> None:
    player.diff(["ann"], [])
    player.expect_members("ann")


def empty_lists(player: Player) -> None:
    player.full([])
    player.diff([], [])
    player.expect_members()


def added_again(player: Player) -> None:
    player.diff(["ann"], [])
    player.diff(["ann", "bob"], [])
    player.expect_members("ann", "bob")


def full_page(player: Player) -> None:
    users = [f"user-{number}" for number in range(1000)]
    player.full(users, ["ann"])
    player.expect_members("ann", *users)


def odd_ids(player: Player) -> None:
    player.full(["Zoë Ångström", "$device:1f-2", "a b"])
    player.expect_members("Zoë Ångström", "$device:1f-2", "a b")


def unknown_fields(player: Player) -> None:
    player.send("members", ["ann"], extra={"mixpanel_integration_id": "0", "new_in_2027": {"a": [1]}})
    player.expect_members("ann")


def second_full_sync_is_answered(player: Player) -> None:
    player.limit = 1.0
    player.full(["ann"])
    player.full(["ann", "bob"])
    player.limit = None
    player.expect_members("ann", "bob")


# Envelope


def all_actions_are_echoed(player: Player) -> None:
    player.full(["ann"])
    player.diff(["bob"], ["ann"])
    player.expect_members("bob")


STORIES: Final[Mapping[str, Story]] = {
    "acks_before_work": restarted_after_the_answer,
    "answers_plain_ok": all_actions_are_echoed,
    "casts_ids": ids_with_leading_zeros,
    "counts_repeats": added_twice_then_removed,
    "crashes_on_sparse_members": no_email,
    "drops_sparse_members": no_email,
    "echoes_wrong_action": all_actions_are_echoed,
    "empty_list_wipes": nothing_has_changed,
    "folds_ids": ids_that_differ_in_case,
    "forgets_to_mail": trouble_then_a_retry,
    "hangs": second_full_sync_is_answered,
    "ignores_removals": somebody_leaves,
    "keyed_by_email": address_changed_then_left,
    "keyed_by_name": renamed_then_a_diff,
    "last_page_wins": two_pages,
    "last_page_wins_sqlite": two_pages,
    "leaves_everywhere": leaves_one_of_two_cohorts,
    "mails_before_saving": trouble_then_a_retry,
    "mails_from_memory": restarted_before_the_mail,
    "mails_on_duplicate": doubled_by_the_network,
    "mails_on_full_sync": full_sync_of_old_members,
    "mails_on_refill_sqlite": full_sync_of_old_members,
    "mails_on_retry": acknowledgement_lost,
    "merges_full_sync": left_during_an_outage,
    "merges_full_sync_sqlite": left_during_an_outage,
    "refuses_empty_page": empty_lists,
    "refuses_extra_fields": unknown_fields,
    "refuses_full_page": full_page,
    "refuses_odd_ids": odd_ids,
    "refuses_renamed": renamed_then_a_diff,
    "refuses_sparse_members": no_email,
    "refuses_unknown_cohort": first_sync_is_a_diff,
    "removals_add": removal_of_somebody_who_is_out,
    "removals_toggle": removal_twice,
    "replaces_everything": two_cohorts_in_full,
    "silent_on_full_sync": entered_with_a_full_sync,
    "stages_in_memory": restarted_between_two_pages,
    "stages_per_cohort": aborted_after_page_one,
    "stages_per_cohort_sqlite": aborted_after_page_one,
    "success_on_error": trouble_then_a_retry,
    "swallows_errors": trouble_then_a_retry,
    "unique_key_error": added_again,
}
"""The story that each faulty receiver does not live through."""

PLANTED: Final[Mapping[str, Mapping[tuple[str, str], Story]]] = {
    "four_bugs": {
        ("membership", "ghost-after-full-sync"): left_during_an_outage,
        ("arrivals", "lost-arrival"): entered_with_a_full_sync,
        ("rename", "refused-rename"): renamed_then_a_diff,
        ("envelope", "action-not-echoed"): all_actions_are_echoed,
    },
}
"""For each receiver with several bugs, the story of each bug."""
