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

from cohortprop.zoo.advised_apps import answers_created, answers_error_pages
from cohortprop.zoo.correct_apps.applies_each_page import applies_each_page
from cohortprop.zoo.correct_apps.folds_a_log import folds_a_log
from cohortprop.zoo.correct_apps.keys_on_user_id import keys_on_user_id
from cohortprop.zoo.correct_apps.queues_pages import queues_pages
from cohortprop.zoo.correct_apps.remembers_bodies import remembers_bodies
from cohortprop.zoo.correct_apps.skips_seen_pages import skips_seen_pages
from cohortprop.zoo.correct_apps.stages_full_syncs import stages_full_syncs
from cohortprop.zoo.correct_apps.stages_in_sqlite import stages_in_sqlite
from cohortprop.zoo.correct_apps.stamps_and_sweeps import stamps_and_sweeps
from cohortprop.zoo.correct_apps.upserts_in_sqlite import upserts_in_sqlite
from cohortprop.zoo.entry import Bug, Entry, Factory, Kind, registered
from cohortprop.zoo.faulty_apps.acceptance.hangs import hangs
from cohortprop.zoo.faulty_apps.acceptance.refused_delta import refuses_unknown_cohort
from cohortprop.zoo.faulty_apps.acceptance.refused_empty_page import refuses_empty_page
from cohortprop.zoo.faulty_apps.arrivals.duplicate_on_full_sync import mails_on_full_sync, mails_on_refill_sqlite
from cohortprop.zoo.faulty_apps.arrivals.duplicate_on_replay import mails_on_duplicate
from cohortprop.zoo.faulty_apps.arrivals.duplicate_on_retry import mails_before_saving, mails_on_retry
from cohortprop.zoo.faulty_apps.arrivals.lost_arrival import forgets_to_mail, mails_from_memory, silent_on_full_sync
from cohortprop.zoo.faulty_apps.clock.forgotten_with_time import caches_for_a_day, expires_rows_sqlite, table_per_month
from cohortprop.zoo.faulty_apps.clock.remailed_with_time import (
    forgets_mails_after_a_day,
    mails_once_a_day_sqlite,
    tidies_mails_away,
)
from cohortprop.zoo.faulty_apps.durability.lost_in_a_restart import acks_before_work, stages_in_memory
from cohortprop.zoo.faulty_apps.envelope.action_not_echoed import echoes_wrong_action
from cohortprop.zoo.faulty_apps.envelope.no_envelope import answers_plain_ok
from cohortprop.zoo.faulty_apps.envelope.status_disagrees import success_on_error, swallows_errors
from cohortprop.zoo.faulty_apps.full_page.refused_full_page import refuses_full_page
from cohortprop.zoo.faulty_apps.isolation.cross_cohort_damage import leaves_everywhere, replaces_everything
from cohortprop.zoo.faulty_apps.membership.ghost_after_full_sync import merges_full_sync, merges_full_sync_sqlite
from cohortprop.zoo.faulty_apps.membership.keyed_by_email import keyed_by_email
from cohortprop.zoo.faulty_apps.membership.last_page_wins import last_page_wins, last_page_wins_sqlite
from cohortprop.zoo.faulty_apps.membership.remove_ignored import ignores_removals
from cohortprop.zoo.faulty_apps.membership.remove_inverted import removals_add, removals_toggle
from cohortprop.zoo.faulty_apps.membership.stale_pages import stages_per_cohort, stages_per_cohort_sqlite
from cohortprop.zoo.faulty_apps.membership.wiped_by_empty_page import empty_list_wipes
from cohortprop.zoo.faulty_apps.rename.keyed_by_name import keyed_by_name
from cohortprop.zoo.faulty_apps.rename.refused_rename import refuses_renamed
from cohortprop.zoo.faulty_apps.replay.counted_repeats import counts_repeats
from cohortprop.zoo.faulty_apps.replay.refused_repeat import unique_key_error
from cohortprop.zoo.faulty_apps.sparse.folded_ids import casts_ids, folds_ids
from cohortprop.zoo.faulty_apps.sparse.refused_extra_fields import refuses_extra_fields
from cohortprop.zoo.faulty_apps.sparse.refused_odd_id import refuses_odd_ids
from cohortprop.zoo.faulty_apps.sparse.refused_sparse_member import crashes_on_sparse_members, refuses_sparse_members
from cohortprop.zoo.faulty_apps.sparse.sparse_member_dropped import drops_sparse_members
from cohortprop.zoo.planted_apps import four_bugs

__all__ = [
    "Bug",
    "Entry",
    "Factory",
    "Kind",
    "acks_before_work",
    "advised",
    "answers_created",
    "answers_error_pages",
    "answers_plain_ok",
    "applies_each_page",
    "caches_for_a_day",
    "casts_ids",
    "correct",
    "counts_repeats",
    "crashes_on_sparse_members",
    "drops_sparse_members",
    "echoes_wrong_action",
    "empty_list_wipes",
    "entries",
    "expires_rows_sqlite",
    "faulty",
    "find",
    "folds_a_log",
    "folds_ids",
    "forgets_mails_after_a_day",
    "forgets_to_mail",
    "four_bugs",
    "hangs",
    "ignores_removals",
    "keyed_by_email",
    "keyed_by_name",
    "keys_on_user_id",
    "last_page_wins",
    "last_page_wins_sqlite",
    "leaves_everywhere",
    "mails_before_saving",
    "mails_from_memory",
    "mails_on_duplicate",
    "mails_on_full_sync",
    "mails_on_refill_sqlite",
    "mails_on_retry",
    "mails_once_a_day_sqlite",
    "merges_full_sync",
    "merges_full_sync_sqlite",
    "planted",
    "queues_pages",
    "refuses_empty_page",
    "refuses_extra_fields",
    "refuses_full_page",
    "refuses_odd_ids",
    "refuses_renamed",
    "refuses_sparse_members",
    "refuses_unknown_cohort",
    "remembers_bodies",
    "removals_add",
    "removals_toggle",
    "replaces_everything",
    "silent_on_full_sync",
    "skips_seen_pages",
    "stages_full_syncs",
    "stages_in_memory",
    "stages_in_sqlite",
    "stages_per_cohort",
    "stages_per_cohort_sqlite",
    "stamps_and_sweeps",
    "success_on_error",
    "swallows_errors",
    "table_per_month",
    "tidies_mails_away",
    "unique_key_error",
    "upserts_in_sqlite",
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
