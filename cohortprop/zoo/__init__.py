"""Receivers that ship with cohortprop, to try it on and to hold it to its word.

Each is a small WSGI app, and each is a target: ``cohortprop run cohortprop.zoo:merges_full_sync``. The correct ones
are built differently and must never be accused. The faulty ones have one bug each, taken from receivers in the wild,
and say which check must catch it and which cause must be named.

Example:
    >>> from cohortprop import zoo
    >>> zoo.find("merges_full_sync").cause
    'ghost-after-full-sync'
    >>> zoo.merges_full_sync().path
    '/'
"""

from __future__ import annotations

from cohortprop.zoo.advised_apps import (
    answers_bad_request_pages,
    answers_created,
    answers_error_pages,
    answers_login_pages,
    clears_and_refills,
    deletes_and_refills_sqlite,
    hides_from_strangers,
)
from cohortprop.zoo.correct_apps.applies_each_page import applies_each_page
from cohortprop.zoo.correct_apps.asks_for_a_token import asks_for_a_token
from cohortprop.zoo.correct_apps.compares_bytes import compares_bytes
from cohortprop.zoo.correct_apps.counts_in_bits import counts_in_bits
from cohortprop.zoo.correct_apps.folds_a_log import folds_a_log
from cohortprop.zoo.correct_apps.keeps_json_values import keeps_json_values
from cohortprop.zoo.correct_apps.keys_on_user_id import keys_on_user_id
from cohortprop.zoo.correct_apps.numbers_its_versions import numbers_its_versions
from cohortprop.zoo.correct_apps.one_sorted_string import one_sorted_string
from cohortprop.zoo.correct_apps.queues_pages import queues_pages
from cohortprop.zoo.correct_apps.remembers_bodies import remembers_bodies
from cohortprop.zoo.correct_apps.skips_seen_pages import skips_seen_pages
from cohortprop.zoo.correct_apps.stages_full_syncs import stages_full_syncs
from cohortprop.zoo.correct_apps.stages_in_sqlite import stages_in_sqlite
from cohortprop.zoo.correct_apps.stamps_and_sweeps import stamps_and_sweeps
from cohortprop.zoo.correct_apps.upserts_in_sqlite import upserts_in_sqlite
from cohortprop.zoo.correct_apps.works_off_a_broker import works_off_a_broker
from cohortprop.zoo.entry import Bug, Entry, Factory, Kind, registered
from cohortprop.zoo.faulty_apps.acceptance.hangs import hangs
from cohortprop.zoo.faulty_apps.acceptance.refused_delta import refuses_unknown_cohort
from cohortprop.zoo.faulty_apps.acceptance.refused_empty_page import refuses_empty_page
from cohortprop.zoo.faulty_apps.arrivals.duplicate_on_full_sync import mails_on_full_sync, mails_on_refill_sqlite
from cohortprop.zoo.faulty_apps.arrivals.duplicate_on_replay import mails_on_duplicate
from cohortprop.zoo.faulty_apps.arrivals.duplicate_on_retry import mails_before_saving, mails_on_retry
from cohortprop.zoo.faulty_apps.arrivals.lost_arrival import forgets_to_mail, mails_from_memory, silent_on_full_sync
from cohortprop.zoo.faulty_apps.authentication.acted_before_refusing import (
    queues_before_it_asks,
    refuses_after_the_work,
)
from cohortprop.zoo.faulty_apps.authentication.crashes_on_credentials import compares_text_sqlite, decodes_in_good_faith
from cohortprop.zoo.faulty_apps.authentication.no_authentication import asks_for_nothing, asks_if_shown_sqlite
from cohortprop.zoo.faulty_apps.authentication.right_credentials_refused import (
    reads_passwords_as_latin_1_sqlite,
    splits_at_every_colon,
)
from cohortprop.zoo.faulty_apps.authentication.wrong_credentials_accepted import (
    asks_for_a_beginning_sqlite,
    asks_for_the_name_only,
)
from cohortprop.zoo.faulty_apps.clock.forgotten_with_time import caches_for_a_day, expires_rows_sqlite, table_per_month
from cohortprop.zoo.faulty_apps.clock.remailed_with_time import (
    forgets_mails_after_a_day,
    mails_once_a_day_sqlite,
    tidies_mails_away,
)
from cohortprop.zoo.faulty_apps.concurrency.acted_twice_in_a_race import mails_before_noting, mails_by_ledger
from cohortprop.zoo.faulty_apps.concurrency.deadlock import locks_cohorts_crosswise
from cohortprop.zoo.faulty_apps.concurrency.fails_in_a_race import refuses_while_busy, trips_over_unique_key
from cohortprop.zoo.faulty_apps.concurrency.lost_in_a_race import creates_cohort_twice, overwrites_one_blob
from cohortprop.zoo.faulty_apps.dependency.acknowledged_in_trouble import logs_and_goes_on, rolls_back_in_silence_sqlite
from cohortprop.zoo.faulty_apps.dependency.not_repaired_by_retry import half_a_page_sqlite, marks_before_saving
from cohortprop.zoo.faulty_apps.dependency.paused_by_trouble import blames_the_request, not_found_on_error_sqlite
from cohortprop.zoo.faulty_apps.durability.forgotten_by_restart import members_in_memory, saves_full_syncs_only
from cohortprop.zoo.faulty_apps.durability.lost_in_a_restart import (
    acks_before_work,
    commits_in_batches_sqlite,
    stages_in_memory,
    waits_for_lost_pages,
)
from cohortprop.zoo.faulty_apps.envelope.action_not_echoed import echoes_wrong_action
from cohortprop.zoo.faulty_apps.envelope.no_envelope import answers_plain_ok, nothing_for_nothing
from cohortprop.zoo.faulty_apps.envelope.status_disagrees import success_on_error, swallows_errors
from cohortprop.zoo.faulty_apps.full_page.full_page_cut import first_five_hundred, whole_chunks_only_sqlite
from cohortprop.zoo.faulty_apps.full_page.refused_full_page import reads_into_a_buffer, refuses_full_page
from cohortprop.zoo.faulty_apps.isolation.cross_cohort_damage import (
    deletes_the_user_sqlite,
    leaves_everywhere,
    one_project_only,
    replaces_everything,
)
from cohortprop.zoo.faulty_apps.isolation.sessions_mixed_up import one_pile_of_pages, stages_by_project_sqlite
from cohortprop.zoo.faulty_apps.malformed.broken_by_malformed import chokes_on_its_queue, stays_busy
from cohortprop.zoo.faulty_apps.malformed.crashes_on_malformed import binds_any_value_sqlite, reads_in_good_faith
from cohortprop.zoo.faulty_apps.malformed.malformed_acknowledged import (
    logs_what_it_cannot_read,
    takes_it_for_a_ping_sqlite,
)
from cohortprop.zoo.faulty_apps.malformed.malformed_applied import adds_for_any_action_sqlite, applies_as_it_reads
from cohortprop.zoo.faulty_apps.membership.ghost_after_full_sync import merges_full_sync, merges_full_sync_sqlite
from cohortprop.zoo.faulty_apps.membership.keyed_by_email import keyed_by_email, one_person_an_address_sqlite
from cohortprop.zoo.faulty_apps.membership.last_page_wins import last_page_wins, last_page_wins_sqlite
from cohortprop.zoo.faulty_apps.membership.remove_ignored import deletes_nobody_sqlite, ignores_removals
from cohortprop.zoo.faulty_apps.membership.remove_inverted import removals_add, removals_toggle
from cohortprop.zoo.faulty_apps.membership.stale_pages import stages_per_cohort, stages_per_cohort_sqlite
from cohortprop.zoo.faulty_apps.membership.wiped_by_empty_page import empty_list_wipes
from cohortprop.zoo.faulty_apps.rename.keyed_by_name import creates_by_name_sqlite, keyed_by_name
from cohortprop.zoo.faulty_apps.rename.refused_rename import refuses_renamed, trips_over_descriptions_sqlite
from cohortprop.zoo.faulty_apps.replay.counted_repeats import a_row_an_entry_sqlite, counts_repeats
from cohortprop.zoo.faulty_apps.replay.refused_repeat import insists_on_news, unique_key_error
from cohortprop.zoo.faulty_apps.sparse.folded_ids import (
    casts_ids,
    collates_ids_sqlite,
    folds_ids,
    numeric_column_sqlite,
)
from cohortprop.zoo.faulty_apps.sparse.refused_extra_fields import columns_by_field_sqlite, refuses_extra_fields
from cohortprop.zoo.faulty_apps.sparse.refused_missing_field import insists_on_description_sqlite, insists_on_page_info
from cohortprop.zoo.faulty_apps.sparse.refused_odd_id import refuses_odd_ids
from cohortprop.zoo.faulty_apps.sparse.refused_sparse_member import crashes_on_sparse_members, refuses_sparse_members
from cohortprop.zoo.faulty_apps.sparse.sparse_member_dropped import (
    drops_sparse_members,
    ignores_rows_without_email_sqlite,
)
from cohortprop.zoo.faulty_apps.stranger.stranger import adds_the_owner, placeholder_row_sqlite
from cohortprop.zoo.planted_apps import five_bugs, four_bugs, two_bugs

__all__ = [
    "Bug",
    "Entry",
    "Factory",
    "Kind",
    "a_row_an_entry_sqlite",
    "acks_before_work",
    "adds_for_any_action_sqlite",
    "adds_the_owner",
    "advised",
    "answers_bad_request_pages",
    "answers_created",
    "answers_error_pages",
    "answers_login_pages",
    "answers_plain_ok",
    "applies_as_it_reads",
    "applies_each_page",
    "asks_for_a_beginning_sqlite",
    "asks_for_a_token",
    "asks_for_nothing",
    "asks_for_the_name_only",
    "asks_if_shown_sqlite",
    "binds_any_value_sqlite",
    "blames_the_request",
    "caches_for_a_day",
    "casts_ids",
    "chokes_on_its_queue",
    "clears_and_refills",
    "collates_ids_sqlite",
    "columns_by_field_sqlite",
    "commits_in_batches_sqlite",
    "compares_bytes",
    "compares_text_sqlite",
    "correct",
    "counts_in_bits",
    "counts_repeats",
    "crashes_on_sparse_members",
    "creates_by_name_sqlite",
    "creates_cohort_twice",
    "decodes_in_good_faith",
    "deletes_and_refills_sqlite",
    "deletes_nobody_sqlite",
    "deletes_the_user_sqlite",
    "drops_sparse_members",
    "echoes_wrong_action",
    "empty_list_wipes",
    "entries",
    "expires_rows_sqlite",
    "faulty",
    "find",
    "first_five_hundred",
    "five_bugs",
    "folds_a_log",
    "folds_ids",
    "forgets_mails_after_a_day",
    "forgets_to_mail",
    "four_bugs",
    "half_a_page_sqlite",
    "hangs",
    "hides_from_strangers",
    "ignores_removals",
    "ignores_rows_without_email_sqlite",
    "insists_on_description_sqlite",
    "insists_on_news",
    "insists_on_page_info",
    "keeps_json_values",
    "keyed_by_email",
    "keyed_by_name",
    "keys_on_user_id",
    "last_page_wins",
    "last_page_wins_sqlite",
    "leaves_everywhere",
    "locks_cohorts_crosswise",
    "logs_and_goes_on",
    "logs_what_it_cannot_read",
    "mails_before_noting",
    "mails_before_saving",
    "mails_by_ledger",
    "mails_from_memory",
    "mails_on_duplicate",
    "mails_on_full_sync",
    "mails_on_refill_sqlite",
    "mails_on_retry",
    "mails_once_a_day_sqlite",
    "marks_before_saving",
    "members_in_memory",
    "merges_full_sync",
    "merges_full_sync_sqlite",
    "not_found_on_error_sqlite",
    "nothing_for_nothing",
    "numbers_its_versions",
    "numeric_column_sqlite",
    "one_person_an_address_sqlite",
    "one_pile_of_pages",
    "one_project_only",
    "one_sorted_string",
    "overwrites_one_blob",
    "placeholder_row_sqlite",
    "planted",
    "queues_before_it_asks",
    "queues_pages",
    "reads_in_good_faith",
    "reads_into_a_buffer",
    "reads_passwords_as_latin_1_sqlite",
    "refuses_after_the_work",
    "refuses_empty_page",
    "refuses_extra_fields",
    "refuses_full_page",
    "refuses_odd_ids",
    "refuses_renamed",
    "refuses_sparse_members",
    "refuses_unknown_cohort",
    "refuses_while_busy",
    "remembers_bodies",
    "removals_add",
    "removals_toggle",
    "replaces_everything",
    "rolls_back_in_silence_sqlite",
    "saves_full_syncs_only",
    "silent_on_full_sync",
    "skips_seen_pages",
    "splits_at_every_colon",
    "stages_by_project_sqlite",
    "stages_full_syncs",
    "stages_in_memory",
    "stages_in_sqlite",
    "stages_per_cohort",
    "stages_per_cohort_sqlite",
    "stamps_and_sweeps",
    "stays_busy",
    "success_on_error",
    "swallows_errors",
    "table_per_month",
    "takes_it_for_a_ping_sqlite",
    "tidies_mails_away",
    "trips_over_descriptions_sqlite",
    "trips_over_unique_key",
    "two_bugs",
    "unique_key_error",
    "upserts_in_sqlite",
    "waits_for_lost_pages",
    "whole_chunks_only_sqlite",
    "works_off_a_broker",
]


def entries() -> tuple[Entry, ...]:
    """Every receiver of the zoo: the correct ones first, then the faulty, the advised and the planted."""
    return registered()


def find(name: str) -> Entry:
    """One receiver by its name.

    Raises:
        LookupError: there is none of that name.
    """
    for candidate in registered():
        if candidate.name == name:
            return candidate
    raise LookupError(f"the zoo has no receiver {name!r}; `cohortprop zoo` lists them")


def correct() -> tuple[Entry, ...]:
    """Receivers that are right, whatever the sender makes of the document."""
    return _of("correct")


def faulty() -> tuple[Entry, ...]:
    """Receivers with one bug each."""
    return _of("faulty")


def advised() -> tuple[Entry, ...]:
    """Receivers without a bug, about which one thing is worth knowing."""
    return _of("advised")


def planted() -> tuple[Entry, ...]:
    """Receivers with several bugs."""
    return _of("planted")


def _of(kind: Kind) -> tuple[Entry, ...]:
    return tuple(candidate for candidate in registered() if candidate.kind == kind)
