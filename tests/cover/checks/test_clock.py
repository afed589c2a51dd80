"""Acting again because time has passed is told apart from all other ways of acting again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.receiver import Receiver
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Fates, Join, Leave, LoseLastAck, PassTime, Step, Sync, Trouble
from cohortprop.trial import Outcome, open_kit, run
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

VIPS = "1001"
DAY = 86_400.0
REMAILED = ("clock", "remailed-with-time")
FORGOTTEN = ("clock", "forgotten-with-time")


def told(*steps: Step, start: str = "2026-01-05T09:00:00+00:00") -> Scenario:
    return Scenario((CohortSeed(VIPS, "VIPs", ("ann", "bob", "cy")),), steps, page_size=2, start=start)


def outcome_of(factory: Callable[[], Receiver], scenario: Scenario) -> Outcome:
    with open_kit(factory, BUILT_IN) as kit:
        return run(kit, scenario)


def key_of(factory: Callable[[], Receiver], scenario: Scenario) -> tuple[str, str] | None:
    violation = outcome_of(factory, scenario).violation
    return None if violation is None else violation.key


def reminds(after: float) -> Callable[[], Receiver]:
    """Mails again, by itself, whoever is still in after so many seconds."""

    def factory() -> Receiver:
        roster = Roster()
        began = time.time()

        def arrivals() -> list[tuple[str, str]]:
            mails = roster.arrivals()
            return mails * (2 if time.time() - began >= after else 1)

        return Receiver(webhook(roster.take), members=roster.members, arrivals=arrivals, arrival_policy="once_per_user")

    return factory


def test_whoever_mails_again_without_any_delivery_does_so_for_time() -> None:
    assert key_of(reminds(2 * DAY), told(Sync(VIPS), PassTime(4))) == REMAILED
    assert key_of(reminds(1e12), told(Sync(VIPS), PassTime(4))) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("forgets_mails_after_a_day", REMAILED),
        ("mails_once_a_day_sqlite", REMAILED),
        ("mails_on_full_sync", ("arrivals", "duplicate-on-full-sync")),
        ("mails_on_refill_sqlite", ("arrivals", "duplicate-on-full-sync")),
    ],
)
def test_a_full_sync_after_days_is_either_a_full_sync_or_days(name: str, expected: tuple[str, str]) -> None:
    assert key_of(zoo.find(name).factory, told(Sync(VIPS), PassTime(4), Sync(VIPS))) == expected


def test_another_date_is_enough() -> None:
    scenario = told(Sync(VIPS), Join(VIPS, ("dan",)), LoseLastAck(VIPS), Sync(VIPS), start="2026-12-31T23:20:00+00:00")
    outcome = outcome_of(zoo.mails_once_a_day_sqlite, scenario)
    assert outcome.violation is not None
    assert outcome.violation.key == REMAILED
    assert outcome.history.events[outcome.violation.place].at < DAY / 2


def test_a_retry_across_midnight_is_a_retry() -> None:
    scenario = told(Fates(("lose",)), Sync(VIPS), start="2026-12-31T23:59:59+00:00")
    assert key_of(zoo.mails_on_retry, scenario) == ("arrivals", "duplicate-on-retry")


def test_who_mails_at_each_entry_is_not_blamed_on_time() -> None:
    """Declared as once per user; it acts at the second entry, be that after a day or at once."""

    def factory() -> Receiver:
        receiver = zoo.stages_full_syncs()
        receiver.arrival_policy = "once_per_user"
        return receiver

    key = key_of(
        factory, told(Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS), PassTime(1), Join(VIPS, ("ann",)), Sync(VIPS))
    )
    assert key is not None
    assert key[0] == "arrivals"


def test_a_retry_after_trouble_a_day_later_is_a_retry() -> None:
    once_and_then_never = Fates(("deliver", *["refuse 503"] * 8))
    steps = (Sync(VIPS), Join(VIPS, ("dan",)), Trouble(1), once_and_then_never, Sync(VIPS), PassTime(1), Sync(VIPS))
    outcome = outcome_of(zoo.mails_before_saving, told(*steps))
    assert outcome.violation is not None
    assert outcome.violation.key == ("arrivals", "duplicate-on-retry")
    assert outcome.history.events[outcome.violation.place].at > DAY


def test_a_copy_that_nobody_looked_at_is_still_a_copy_days_later() -> None:
    scenario = replace(told(Fates(("duplicate",)), Sync(VIPS), PassTime(4)), probing="seldom")
    assert key_of(zoo.mails_on_duplicate, scenario) == ("arrivals", "duplicate-on-replay")
    unseen = replace(told(Sync(VIPS), PassTime(4)), probing="seldom")
    assert key_of(zoo.forgets_mails_after_a_day, unseen) == REMAILED


def test_who_may_mail_at_each_entry_may_not_mail_again_for_time() -> None:
    def factory() -> Receiver:
        roster = Roster()
        sent: dict[tuple[str, str], float] = {}
        mails: list[tuple[str, str]] = []

        def take(page: Page) -> None:
            held = roster.members(page.cohort)
            roster.take(page)
            for key in [(page.cohort, user) for user in page.ids if page.action != "remove_members"]:
                if key[1] not in held or time.time() - sent[key] >= DAY:
                    mails.append(key)
                    sent[key] = time.time()

        return Receiver(webhook(take), members=roster.members, arrivals=lambda: list(mails))

    assert key_of(factory, told(Sync(VIPS), PassTime(4), Sync(VIPS))) == REMAILED


@pytest.mark.parametrize("days", [1, 4, 31, 366])
@pytest.mark.parametrize("name", [entry.name for entry in zoo.entries() if entry.correct])
def test_correct_receivers_let_time_pass(name: str, days: int) -> None:
    scenario = told(
        Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), PassTime(days), Leave(VIPS, ("ann",)), Sync(VIPS), PassTime(days)
    )
    assert outcome_of(zoo.find(name).factory, scenario).violation is None


@pytest.mark.parametrize("lifetime", [2, 10, 45, 200])
def test_any_lifetime_is_seen_by_the_look_before_the_next_sync(lifetime: int) -> None:
    def factory() -> Receiver:
        roster = Roster()
        began = time.time()

        def members(cohort: str) -> set[str]:
            return roster.members(cohort) if time.time() - began < lifetime * DAY else set()

        return Receiver(webhook(roster.take), members=members)

    assert key_of(factory, told(Sync(VIPS), PassTime(366))) == FORGOTTEN


def test_a_sweep_over_all_cohorts_is_named() -> None:
    """Each delivery throws out whoever was not named for a week, in whatever cohort."""

    def factory() -> Receiver:
        roster = Roster()
        named: dict[tuple[str, str], float] = {}

        def take(page: Page) -> None:
            roster.take(page)
            for user in page.ids:
                named[page.cohort, user] = time.time()
            for (cohort, user), at in named.items():
                if time.time() - at >= 7 * DAY:
                    roster.remove(cohort, [user])

        return Receiver(webhook(take), members=roster.members)

    cohorts = (CohortSeed(VIPS, "VIPs", ("ann", "bob")), CohortSeed("1002", "Trials", ("cy",), connection="second"))
    scenario = Scenario(cohorts, (Sync(VIPS), Sync("1002"), PassTime(31), Sync(VIPS)), page_size=2)
    assert key_of(factory, scenario) == FORGOTTEN


def test_new_year_and_a_month_are_canonical() -> None:
    assert CANONICAL["new-year"].started_at.month == 12
    assert any(isinstance(step, PassTime) and step.days == 31 for step in CANONICAL["a-month-passes"].steps)
