"""One story for each faulty receiver: what the sender does, and what every correct receiver makes of it.

A story is a proof by hand that its receiver has the bug it declares, and that the sender can get there. Correct
receivers live through all of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from tests.zoo.player import DAY, RETRY_AFTER, THREE_DAYS, Player

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


def a_month_of_silence(player: Player) -> None:
    player.full(["ann", "bob"])
    player.wait(31 * DAY)
    player.expect_members("ann", "bob")


def trouble_until_it_is_taken(player: Player) -> None:
    """Whatever the answer is, the sender goes by it."""
    session = player.new_session()
    with player.trouble():
        answer = player.send("add_members", ["ann"], session=session)
    if answer.status >= 300:
        player.wait(RETRY_AFTER)
        player.send("add_members", ["ann"], session=session)
    player.expect_members("ann")


def two_cohorts_in_turns(player: Player) -> None:
    first, second = player.new_session(), player.new_session()
    player.send("members", ["ann"], session=first, cohort="7", page=1, total=2)
    player.send("members", ["bob"], session=second, cohort="8", page=1, total=2)
    player.send("members", ["cid"], session=first, cohort="7", page=2, total=2)
    player.send("members", ["dan"], session=second, cohort="8", page=2, total=2)
    player.expect_members("ann", "cid", cohort="7")
    player.expect_members("bob", "dan", cohort="8")


def two_projects(player: Player) -> None:
    player.send("members", ["ann"], cohort="7", extra={"mixpanel_project_id": "1"})
    player.send("members", ["bob"], cohort="8", extra={"mixpanel_project_id": "2"})
    player.expect_members("ann", cohort="7")
    player.expect_members("bob", cohort="8")


def address_shared(player: Player) -> None:
    player.send("members", ["ann", "bob"], emails={"bob": "ann@example.com"})
    player.expect_members("ann", "bob")


# Arrivals


def named_again_after_a_week(player: Player) -> None:
    player.full(["ann"])
    player.wait(8 * DAY)
    player.full(["ann"])
    player.expect_mails("ann", by_diff=False)


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


def description_edited(player: Player) -> None:
    player.full(["ann"])
    player.send("add_members", ["bob"], extra={"mixpanel_cohort_description": "edited"})
    player.expect_members("ann", "bob")


def no_page_info(player: Player) -> None:
    player.without = {"page_info"}
    player.full(["ann"])
    player.expect_members("ann")


def no_description(player: Player) -> None:
    player.without = {"mixpanel_cohort_description"}
    player.full(["ann"])
    player.expect_members("ann")


def unknown_fields(player: Player) -> None:
    player.send("members", ["ann"], extra={"mixpanel_integration_id": "0", "new_in_2027": {"a": [1]}})
    player.expect_members("ann")


def second_full_sync_is_answered(player: Player) -> None:
    player.limit = 3.0
    player.full(["ann"])
    player.full(["ann", "bob"])
    player.limit = None
    player.expect_members("ann", "bob")


# Envelope


def all_actions_are_echoed(player: Player) -> None:
    player.full(["ann"])
    player.diff(["bob"], ["ann"])
    player.expect_members("bob")


# At the same moment


def two_cohorts_at_once(player: Player) -> None:
    expected = []
    for seed in range(20):
        expected.append(f"user-{seed}")
        player.both(("7", "add_members", expected[-1:]), ("8", "add_members", expected[-1:]), seed)
        player.expect_members(*expected, cohort="7")
        player.expect_members(*expected, cohort="8")


def a_page_and_its_copy(player: Player) -> None:
    for seed in range(20):
        delivery = ("7", "add_members", [f"user-{seed}", f"user-{seed} too"])
        player.both(delivery, delivery, seed)
        player.expect_mails(f"user-{seed}")
        player.expect_mails(f"user-{seed} too")


def first_contact_at_once(player: Player) -> None:
    for seed in range(20):
        first = (str(100 + seed), "add_members", ["ann", "bob"])
        player.both(first, first, seed)
        player.diff([], ["ann"], cohort=first[0])
        player.expect_members("bob", cohort=first[0])


# Strangers at the door


def right_credentials(player: Player) -> None:
    player.full(["ann"])
    player.expect_members("ann")


def no_credentials(player: Player) -> None:
    player.full(["ann"])
    player.knock(lambda right: None)
    player.expect_members("ann")


def one_letter_too_many(player: Player) -> None:
    player.full(["ann"])
    player.knock(_one_letter_more)
    player.expect_members("ann")


def _one_letter_more(right: str) -> str:
    scheme, _, encoded = right.rpartition(" ")
    if scheme != "Basic":
        return right + "x"
    return "Basic " + base64.b64encode(base64.b64decode(encoded) + b"x").decode()


def half_a_header(player: Player) -> None:
    player.full(["ann"])
    player.knock(lambda right: "Basic")
    player.expect_members("ann")


def letters_beyond_ascii(player: Player) -> None:
    player.full(["ann"])
    player.knock(lambda right: "pässwörd")
    player.expect_members("ann")


# No proper deliveries


def half_a_page(player: Player) -> None:
    player.full(["ann"])
    body = player.body("7", "add_members", ["eve", "joe"], player.new_session())
    player.garble(body[: len(body) // 2], may=None)
    player.full(["ann", "bob"])
    player.expect_members("ann", "bob")


def a_member_without_an_id(player: Player) -> None:
    player.full(["ann"])
    player.garble(_changed(player, lambda content: content["parameters"]["members"][1].clear()), may=("eve",))
    player.full(["ann", "bob"])
    player.expect_members("ann", "bob")


def an_unknown_action(player: Player) -> None:
    player.full(["ann"])
    player.garble(_changed(player, lambda content: content.update(action="merge_members")))
    player.full(["ann", "bob"])
    player.expect_members("ann", "bob")


def a_huge_number(player: Player) -> None:
    player.diff(["ann"], [])
    player.expect_members("ann")
    body = _changed(player, lambda content: content["parameters"]["members"][0].update(first_name=10**300))
    player.garble(body, may=("eve", "joe"))
    player.full(["ann", "bob"])
    player.expect_members("ann", "bob")


def _changed(player: Player, change: Callable[[dict[str, Any]], object]) -> bytes:
    content = json.loads(player.body("7", "add_members", ["eve", "joe"], player.new_session()))
    change(content)
    return json.dumps(content).encode()


STORIES: Final[Mapping[str, Story]] = {
    "a_row_an_entry_sqlite": added_twice_then_removed,
    "acks_before_work": restarted_after_the_answer,
    "adds_for_any_action_sqlite": an_unknown_action,
    "adds_the_owner": first_sync_is_a_diff,
    "answers_plain_ok": all_actions_are_echoed,
    "applies_as_it_reads": a_member_without_an_id,
    "asks_for_a_beginning_sqlite": one_letter_too_many,
    "asks_for_nothing": no_credentials,
    "asks_for_the_name_only": one_letter_too_many,
    "asks_if_shown_sqlite": no_credentials,
    "binds_any_value_sqlite": a_huge_number,
    "blames_the_request": trouble_then_a_retry,
    "caches_for_a_day": a_month_of_silence,
    "casts_ids": ids_with_leading_zeros,
    "chokes_on_its_queue": a_member_without_an_id,
    "collates_ids_sqlite": ids_that_differ_in_case,
    "columns_by_field_sqlite": unknown_fields,
    "commits_in_batches_sqlite": restarted_after_the_answer,
    "compares_text_sqlite": letters_beyond_ascii,
    "counts_repeats": added_twice_then_removed,
    "crashes_on_sparse_members": no_email,
    "creates_by_name_sqlite": renamed_then_a_diff,
    "creates_cohort_twice": first_contact_at_once,
    "decodes_in_good_faith": half_a_header,
    "deletes_nobody_sqlite": somebody_leaves,
    "deletes_the_user_sqlite": leaves_one_of_two_cohorts,
    "drops_sparse_members": no_email,
    "echoes_wrong_action": all_actions_are_echoed,
    "empty_list_wipes": nothing_has_changed,
    "expires_rows_sqlite": a_month_of_silence,
    "first_five_hundred": full_page,
    "folds_ids": ids_that_differ_in_case,
    "forgets_mails_after_a_day": named_again_after_a_week,
    "forgets_to_mail": trouble_then_a_retry,
    "half_a_page_sqlite": trouble_then_a_retry,
    "hangs": second_full_sync_is_answered,
    "ignores_removals": somebody_leaves,
    "ignores_rows_without_email_sqlite": no_email,
    "insists_on_description_sqlite": no_description,
    "insists_on_news": added_again,
    "insists_on_page_info": no_page_info,
    "keyed_by_email": address_changed_then_left,
    "keyed_by_name": renamed_then_a_diff,
    "last_page_wins": two_pages,
    "last_page_wins_sqlite": two_pages,
    "leaves_everywhere": leaves_one_of_two_cohorts,
    "locks_cohorts_crosswise": two_cohorts_at_once,
    "logs_and_goes_on": trouble_until_it_is_taken,
    "logs_what_it_cannot_read": half_a_page,
    "mails_before_noting": a_page_and_its_copy,
    "mails_before_saving": trouble_then_a_retry,
    "mails_by_ledger": a_page_and_its_copy,
    "mails_from_memory": restarted_before_the_mail,
    "mails_on_duplicate": doubled_by_the_network,
    "mails_on_full_sync": full_sync_of_old_members,
    "mails_on_refill_sqlite": full_sync_of_old_members,
    "mails_on_retry": acknowledgement_lost,
    "mails_once_a_day_sqlite": named_again_after_a_week,
    "marks_before_saving": trouble_then_a_retry,
    "members_in_memory": restarted_after_the_answer,
    "merges_full_sync": left_during_an_outage,
    "merges_full_sync_sqlite": left_during_an_outage,
    "not_found_on_error_sqlite": trouble_then_a_retry,
    "nothing_for_nothing": nothing_has_changed,
    "numeric_column_sqlite": ids_with_leading_zeros,
    "one_person_an_address_sqlite": address_shared,
    "one_pile_of_pages": two_cohorts_in_turns,
    "one_project_only": two_projects,
    "overwrites_one_blob": two_cohorts_at_once,
    "placeholder_row_sqlite": empty_lists,
    "queues_before_it_asks": one_letter_too_many,
    "reads_in_good_faith": half_a_page,
    "reads_into_a_buffer": full_page,
    "reads_passwords_as_latin_1_sqlite": right_credentials,
    "refuses_after_the_work": no_credentials,
    "refuses_empty_page": empty_lists,
    "refuses_extra_fields": unknown_fields,
    "refuses_full_page": full_page,
    "refuses_odd_ids": odd_ids,
    "refuses_renamed": renamed_then_a_diff,
    "refuses_sparse_members": no_email,
    "refuses_unknown_cohort": first_sync_is_a_diff,
    "refuses_while_busy": two_cohorts_at_once,
    "removals_add": removal_of_somebody_who_is_out,
    "removals_toggle": removal_twice,
    "replaces_everything": two_cohorts_in_full,
    "rolls_back_in_silence_sqlite": trouble_until_it_is_taken,
    "saves_full_syncs_only": restarted_after_the_answer,
    "silent_on_full_sync": entered_with_a_full_sync,
    "splits_at_every_colon": right_credentials,
    "stages_by_project_sqlite": two_cohorts_in_turns,
    "stages_in_memory": restarted_between_two_pages,
    "stages_per_cohort": aborted_after_page_one,
    "stages_per_cohort_sqlite": aborted_after_page_one,
    "stays_busy": half_a_page,
    "success_on_error": trouble_then_a_retry,
    "swallows_errors": trouble_then_a_retry,
    "table_per_month": a_month_of_silence,
    "takes_it_for_a_ping_sqlite": half_a_page,
    "tidies_mails_away": named_again_after_a_week,
    "trips_over_descriptions_sqlite": description_edited,
    "trips_over_unique_key": two_cohorts_at_once,
    "unique_key_error": added_again,
    "waits_for_lost_pages": restarted_between_two_pages,
    "whole_chunks_only_sqlite": full_page,
}
"""The story that each faulty receiver does not live through."""

PLANTED: Final[Mapping[str, Mapping[tuple[str, str], Story]]] = {
    "two_bugs": {
        ("isolation", "cross-cohort-damage"): leaves_one_of_two_cohorts,
        ("membership", "ghost-after-full-sync"): left_during_an_outage,
    },
    "five_bugs": {
        ("sparse", "folded-ids"): ids_that_differ_in_case,
        ("isolation", "cross-cohort-damage"): leaves_one_of_two_cohorts,
        ("sparse", "refused-extra-fields"): unknown_fields,
        ("arrivals", "duplicate-on-full-sync"): full_sync_of_old_members,
        ("durability", "staged-pages-lost"): restarted_between_two_pages,
    },
    "four_bugs": {
        ("membership", "ghost-after-full-sync"): left_during_an_outage,
        ("arrivals", "lost-arrival"): entered_with_a_full_sync,
        ("rename", "refused-rename"): renamed_then_a_diff,
        ("envelope", "action-not-echoed"): all_actions_are_echoed,
    },
}
"""For each receiver with several bugs, the story of each bug."""
