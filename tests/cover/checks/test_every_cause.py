"""Each cause that a check can name is the name of what some receiver does in some scenario."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN, UNCLASSIFIED
from cohortprop.checks.concurrency import CONCURRENCY
from cohortprop.receiver import Receiver
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Join, Leave, LoseLastAck, Replay, RestartInside, Step, Sync, Trouble
from cohortprop.trial import open_kit, run
from cohortprop.zoo.envelope import Page, Refusal, webhook
from cohortprop.zoo.roster import Roster

VIPS = "1001"
Factory = Callable[[], Receiver]


def example(*steps: Step, **readings: str) -> Scenario:
    return Scenario((CohortSeed(VIPS, "VIPs", ("ann", "bob", "cy")),), steps, Dialect.pin(readings), page_size=2)


IN_TROUBLE = example(Trouble(3), Sync(VIPS))
QUEUED = replace(example(Sync(VIPS), Join(VIPS, ("dan",)), RestartInside(VIPS, 1)), probing="seldom")
DOOR, GARBLED = CANONICAL["a-stranger-at-the-door"], CANONICAL["no-proper-delivery"]
BACK_IN = example(Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), Leave(VIPS, ("dan",)), Sync(VIPS), Replay(3))
ZOO = [
    ("membership", "ghost-after-full-sync", "merges_full_sync", CANONICAL["four-days-down"]),
    ("membership", "last-page-wins", "last_page_wins", CANONICAL["two-pages"]),
    ("membership", "stale-pages", "stages_per_cohort", CANONICAL["from-the-top"]),
    ("durability", "staged-pages-lost", "stages_in_memory", CANONICAL["a-restart-inside"]),
    ("durability", "staged-pages-lost", "waits_for_lost_pages", CANONICAL["a-restart-inside"]),
    ("durability", "forgotten-by-restart", "members_in_memory", CANONICAL["a-restart-inside"]),
    ("durability", "forgotten-by-restart", "saves_full_syncs_only", CANONICAL["a-restart-inside"]),
    ("durability", "queued-work-lost", "commits_in_batches_sqlite", CANONICAL["a-restart-inside"]),
    ("isolation", "sessions-mixed-up", "one_pile_of_pages", CANONICAL["two-cohorts-in-turns"]),
    ("isolation", "sessions-mixed-up", "stages_by_project_sqlite", CANONICAL["two-cohorts-in-turns"]),
    ("isolation", "cross-cohort-damage", "one_project_only", CANONICAL["two-projects"]),
    ("isolation", "cross-cohort-damage", "deletes_the_user_sqlite", CANONICAL["two-projects"]),
    ("full_page", "full-page-cut", "first_five_hundred", CANONICAL["a-full-page"]),
    ("full_page", "full-page-cut", "whole_chunks_only_sqlite", CANONICAL["a-full-page-of-properties"]),
    ("full_page", "refused-full-page", "reads_into_a_buffer", CANONICAL["a-full-page-of-properties"]),
    ("dependency", "paused-by-trouble", "blames_the_request", CANONICAL["a-failing-dependency"]),
    ("dependency", "paused-by-trouble", "not_found_on_error_sqlite", CANONICAL["a-failing-dependency"]),
    ("dependency", "acknowledged-in-trouble", "logs_and_goes_on", CANONICAL["a-failing-dependency"]),
    ("dependency", "acknowledged-in-trouble", "rolls_back_in_silence_sqlite", CANONICAL["a-failing-dependency"]),
    ("dependency", "not-repaired-by-retry", "marks_before_saving", CANONICAL["a-failing-dependency"]),
    ("dependency", "not-repaired-by-retry", "half_a_page_sqlite", CANONICAL["a-failing-dependency"]),
    ("clock", "forgotten-with-time", "caches_for_a_day", CANONICAL["a-month-passes"]),
    ("clock", "forgotten-with-time", "expires_rows_sqlite", CANONICAL["a-month-passes"]),
    ("clock", "forgotten-with-time", "table_per_month", CANONICAL["new-year"]),
    ("clock", "remailed-with-time", "forgets_mails_after_a_day", CANONICAL["a-month-passes"]),
    ("clock", "remailed-with-time", "tidies_mails_away", CANONICAL["a-month-passes"]),
    ("clock", "remailed-with-time", "mails_once_a_day_sqlite", CANONICAL["new-year"]),
    ("torn", "emptied-before-refilled", "clears_and_refills", CANONICAL["four-days-down"]),
    ("torn", "emptied-before-refilled", "deletes_and_refills_sqlite", CANONICAL["four-days-down"]),
    ("stranger", "stranger", "adds_the_owner", CANONICAL["a-plain-diff"]),
    ("stranger", "stranger", "placeholder_row_sqlite", CANONICAL["an-empty-cohort"]),
    ("rename", "refused-rename", "trips_over_descriptions_sqlite", CANONICAL["a-new-description"]),
    ("rename", "keyed-by-name", "creates_by_name_sqlite", CANONICAL["a-rename"]),
    ("durability", "queued-work-lost", "acks_before_work", CANONICAL["a-restart-inside"]),
    ("durability", "queued-work-lost", "acks_before_work", QUEUED),
    ("membership", "remove-ignored", "ignores_removals", CANONICAL["a-plain-diff"]),
    ("membership", "remove-inverted", "removals_add", CANONICAL["a-plain-diff"]),
    ("rename", "keyed-by-name", "keyed_by_name", CANONICAL["a-rename"]),
    ("membership", "keyed-by-email", "keyed_by_email", CANONICAL["a-new-address"]),
    ("isolation", "cross-cohort-damage", "leaves_everywhere", CANONICAL["two-cohorts"]),
    ("sparse", "folded-ids", "casts_ids", CANONICAL["odd-ids"]),
    ("membership", "wiped-by-empty-page", "empty_list_wipes", CANONICAL["a-plain-diff"]),
    ("replay", "counted-repeats", "counts_repeats", CANONICAL["a-duplicate"]),
    ("sparse", "sparse-member-dropped", "drops_sparse_members", CANONICAL["sparse-members"]),
    ("arrivals", "duplicate-on-retry", "mails_on_retry", CANONICAL["a-lost-acknowledgement"]),
    ("arrivals", "duplicate-on-full-sync", "mails_on_full_sync", CANONICAL["four-days-down"]),
    ("arrivals", "duplicate-on-replay", "mails_on_duplicate", CANONICAL["a-duplicate"]),
    ("arrivals", "lost-arrival", "silent_on_full_sync", CANONICAL["a-plain-diff"]),
    ("acceptance", "hangs", "hangs", CANONICAL["four-days-down"]),
    ("full_page", "refused-full-page", "refuses_full_page", CANONICAL["a-full-page"]),
    ("acceptance", "refused-delta", "refuses_unknown_cohort", CANONICAL["the-document's-example"]),
    ("acceptance", "refused-empty-page", "refuses_empty_page", CANONICAL["a-plain-diff"]),
    ("sparse", "refused-extra-fields", "refuses_extra_fields", CANONICAL["fields-of-the-future"]),
    ("sparse", "refused-sparse-member", "refuses_sparse_members", CANONICAL["sparse-members"]),
    ("sparse", "refused-odd-id", "refuses_odd_ids", CANONICAL["odd-ids"]),
    ("rename", "refused-rename", "refuses_renamed", CANONICAL["a-rename"]),
    ("replay", "refused-repeat", "unique_key_error", CANONICAL["four-days-down-by-adds"]),
    ("envelope", "no-envelope", "answers_plain_ok", CANONICAL["a-plain-diff"]),
    ("envelope", "action-not-echoed", "echoes_wrong_action", CANONICAL["a-plain-diff"]),
    ("envelope", "failure-in-2xx", "swallows_errors", IN_TROUBLE),
    ("envelope", "success-in-error", "success_on_error", IN_TROUBLE),
    ("envelope", "error-outside-envelope", "answers_error_pages", IN_TROUBLE),
    ("envelope", "unusual-success-status", "answers_created", CANONICAL["a-plain-diff"]),
    ("authentication", "no-authentication", "asks_for_nothing", DOOR),
    ("authentication", "no-authentication", "asks_if_shown_sqlite", DOOR),
    ("authentication", "wrong-credentials-accepted", "asks_for_the_name_only", DOOR),
    ("authentication", "wrong-credentials-accepted", "asks_for_a_beginning_sqlite", DOOR),
    ("authentication", "acted-before-refusing", "refuses_after_the_work", DOOR),
    ("authentication", "acted-before-refusing", "queues_before_it_asks", DOOR),
    ("authentication", "crashes-on-credentials", "decodes_in_good_faith", DOOR),
    ("authentication", "crashes-on-credentials", "compares_text_sqlite", DOOR),
    ("authentication", "right-credentials-refused", "splits_at_every_colon", DOOR),
    ("authentication", "right-credentials-refused", "reads_passwords_as_latin_1_sqlite", DOOR),
    ("authentication", "unusual-refusal", "hides_from_strangers", DOOR),
    ("authentication", "refusal-outside-envelope", "answers_login_pages", DOOR),
    ("malformed", "crashes-on-malformed", "reads_in_good_faith", GARBLED),
    ("malformed", "crashes-on-malformed", "binds_any_value_sqlite", GARBLED),
    ("malformed", "malformed-acknowledged", "logs_what_it_cannot_read", GARBLED),
    ("malformed", "malformed-acknowledged", "takes_it_for_a_ping_sqlite", GARBLED),
    ("malformed", "malformed-applied", "applies_as_it_reads", GARBLED),
    ("malformed", "malformed-applied", "adds_for_any_action_sqlite", GARBLED),
    ("malformed", "broken-by-malformed", "stays_busy", GARBLED),
    ("malformed", "broken-by-malformed", "chokes_on_its_queue", GARBLED),
    ("malformed", "malformed-outside-envelope", "answers_bad_request_pages", GARBLED),
    ("replay", "late-copy-acts", "stages_full_syncs", BACK_IN),
]


def applies_pages() -> Receiver:
    """Correct, and with nothing to tell a late copy by."""
    return _on(Roster.take)


def _on(take: Callable[[Roster, Page], object], **changes: Any) -> Receiver:
    roster = Roster()
    described: dict[str, Any] = {"members": roster.members, "arrivals": roster.arrivals}
    for name, function in changes.items():
        described[name] = function(roster)
    return Receiver(webhook(lambda page: take(roster, page)), arrival_policy="once_per_user", **described)


def holds_a_robot() -> Receiver:
    def members(roster: Roster) -> Callable[[str], set[str]]:
        return lambda cohort: roster.members(cohort) | ({"robot"} if roster.members(cohort) else set())

    return _on(Roster.take, members=members)


def mails_a_robot() -> Receiver:
    def arrivals(roster: Roster) -> Callable[[], list[tuple[str, str]]]:
        return lambda: [*roster.arrivals(), *[(VIPS, "robot")][: len(roster.arrivals())]]

    return _on(Roster.take, arrivals=arrivals)


def mails_on_removals() -> Receiver:
    sent: list[tuple[str, str]] = []

    def take(roster: Roster, page: Page) -> None:
        roster.take(page)
        if page.action == "remove_members" and page.ids:
            sent.extend((page.cohort, user) for user in roster.members(page.cohort))

    return _on(take, arrivals=lambda roster: lambda: [*roster.arrivals(), *sent])


def insists_on_page_info() -> Receiver:
    def take(roster: Roster, page: Page) -> None:
        if "page_info" not in json.loads(page.body)["parameters"]:
            raise Refusal(422, "no page_info")
        roster.take(page)

    return _on(take)


def refuses_everything() -> Receiver:
    def take(roster: Roster, page: Page) -> None:
        raise Refusal(422, "no")

    return _on(take)


def refuses_the_third() -> Receiver:
    """A quota: what it refuses has nothing to do with what is sent."""
    taken: list[Page] = []

    def take(roster: Roster, page: Page) -> None:
        taken.append(page)
        if len(taken) > 2:
            raise Refusal(422, "too many requests today")
        roster.take(page)

    return _on(take)


def skips_the_second() -> Receiver:
    """Drops what comes second, for no reason that can be seen from outside."""
    taken: list[Page] = []

    def take(roster: Roster, page: Page) -> None:
        taken.append(page)
        if len(taken) != 2:
            roster.take(page)

    return _on(take)


def stumbles() -> Receiver:
    seen: set[bytes] = set()

    def take(roster: Roster, page: Page) -> None:
        if page.body not in seen:
            seen.add(page.body)
            raise Refusal(503, "warming up")
        roster.take(page)

    return _on(take)


def says_text() -> Receiver:
    receiver = applies_pages()
    inner = receiver.app

    def app(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [("Content-Type", "text/html")])

        return inner(environ, start)

    receiver.app = app
    return receiver


DIFFS = example(Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), Leave(VIPS, ("dan",)), Sync(VIPS))
REPLAYED = replace(DIFFS.with_steps((*DIFFS.steps, Replay(3))), strict_replays=True)
DOUBTFUL = replace(
    example(Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), Leave(VIPS, ("dan",)), LoseLastAck(VIPS), Replay(3)),
    strict_replays=True,
)
"""A correct receiver may hold dan or not; whichever it is, a copy must not change it."""
OWN: list[tuple[str, str, Factory, Scenario]] = [
    ("replay", "replay-overwrites", applies_pages, REPLAYED),
    ("replay", "replay-overwrites", applies_pages, DOUBTFUL),
    ("stranger", "stranger", holds_a_robot, DIFFS),
    ("arrivals", "never-delivered", mails_a_robot, DIFFS),
    ("arrivals", "unclassified", mails_on_removals, DIFFS),
    ("membership", "acknowledged-page-lost", skips_the_second, DIFFS),
    ("sparse", "refused-missing-field", insists_on_page_info, CANONICAL["bare-pages"]),
    ("acceptance", "stumbles", stumbles, DIFFS),
    ("acceptance", "refused-always", refuses_everything, DIFFS),
    ("acceptance", "unclassified", refuses_the_third, DIFFS),
    ("envelope", "not-json-typed", says_text, DIFFS),
]
TABLE = [(check, cause, zoo.find(name).factory, told) for check, cause, name, told in ZOO] + OWN


@pytest.mark.parametrize(("check", "cause", "factory", "told"), TABLE, ids=[f"{each[0]}-{each[1]}" for each in TABLE])
def test_the_cause_is_named(check: str, cause: str, factory: Factory, told: Scenario) -> None:
    with open_kit(factory, BUILT_IN, time_limit=0.3 if cause == "hangs" else 10.0) as kit:
        outcome = run(kit, told)
    if outcome.violation is not None:
        assert outcome.violation.key == (check, cause)
    else:
        assert (check, cause) in [each.key for each in outcome.advice]


ELSEWHERE = {
    ("acceptance", "server-died"),  # these two take a server: tests/cover/transport/test_process.py
    ("acceptance", "closes-connection"),  # tests/cover/transport/test_live_trials.py
    ("full_page", "slow-page"),  # a test of its own turns the clock
    *(("concurrency", cause.name) for cause in CONCURRENCY.causes if cause is not UNCLASSIFIED),  # take many meetings
}
"""Causes that are shown in files of their own."""


def test_every_cause_of_every_check_is_in_the_table() -> None:
    named = {(check, cause) for check, cause, _, _ in TABLE if cause != UNCLASSIFIED.name} | ELSEWHERE
    known = {(each.name, cause.name) for each in BUILT_IN for cause in each.causes}
    assert known - {(check, UNCLASSIFIED.name) for check, _ in known} == named


@pytest.mark.parametrize("told", [each[3] for each in OWN], ids=[each[1] for each in OWN])
def test_a_correct_receiver_is_not_accused_of_any_of_them(told: Scenario) -> None:
    with open_kit(zoo.find("remembers_bodies").factory, BUILT_IN) as kit:
        assert run(kit, told).violation is None


@pytest.mark.parametrize("each", BUILT_IN, ids=lambda each: each.name)
def test_every_cause_has_its_words(each: Any) -> None:
    names = [cause.name for cause in each.causes]
    assert len(set(names)) == len(names)
    for cause in each.causes:
        assert each.cause(cause.name) is cause
        assert cause.title.endswith(".")
        assert cause.mend.endswith(".")
        assert cause.name == cause.name.lower()
    assert each.cause("no-such-cause") is UNCLASSIFIED


def test_losing_the_last_acknowledgement_is_no_fault_of_the_receiver() -> None:
    told = example(Sync(VIPS), Join(VIPS, ("dan",)), LoseLastAck(VIPS), Sync(VIPS))
    with open_kit(applies_pages, BUILT_IN) as kit:
        outcome = run(kit, told)
    assert outcome.violation is None
    assert not outcome.advice
