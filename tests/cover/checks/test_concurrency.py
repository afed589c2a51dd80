"""Races are told from bugs that show without them, and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cohortprop import zoo
from cohortprop.campaign import canonical_for, find_in
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.receiver import Receiver
from cohortprop.reports.story import tell
from cohortprop.sender import Dialect
from cohortprop.simulation import Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.trial import open_kit, run
from cohortprop.zoo.envelope import Page, Refusal, webhook
from cohortprop.zoo.roster import Roster

MEETINGS = {name: scenario for name, scenario in CANONICAL.items() if "same-moment" in name}


def verdicts(factory: Callable[[], Receiver], muted: frozenset[tuple[str, str]] = frozenset()) -> set[tuple[str, str]]:
    """What the scenarios in which requests meet find."""
    found = set()
    with open_kit(factory, BUILT_IN, time_limit=1.0) as kit:
        for scenario in MEETINGS.values():
            violation = run(kit, scenario, muted).violation
            if violation is not None:
                found.add(violation.key)
    return found


@pytest.mark.parametrize(
    "name",
    [entry.name for entry in zoo.faulty() if entry.check == "concurrency"],
)
def test_races_are_found_and_named(name: str) -> None:
    entry = zoo.find(name)
    assert verdicts(entry.factory) == {("concurrency", entry.cause)}


@pytest.mark.parametrize("entry", [entry for entry in zoo.entries() if entry.correct], ids=lambda entry: entry.name)
def test_correct_receivers_stand_it(entry: zoo.Entry) -> None:
    assert not verdicts(entry.factory)


@pytest.mark.parametrize(
    "name",
    ["mails_on_duplicate", "leaves_everywhere", "merges_full_sync", "counts_repeats", "unique_key_error"],
)
def test_what_is_wrong_in_turn_keeps_its_name(name: str) -> None:
    assert not {check for check, _ in verdicts(zoo.find(name).factory)} & {"concurrency"}


def test_a_bug_that_shows_in_turn_is_found_in_a_meeting_too() -> None:
    assert ("arrivals", "duplicate-on-replay") in verdicts(zoo.mails_on_duplicate)


def test_one_that_always_hangs_is_no_deadlock() -> None:
    def app(environ: object, start_response: object) -> list[bytes]:
        import time

        time.sleep(60)
        return []

    assert verdicts(lambda: Receiver(app)) == {("acceptance", "hangs")}


def test_a_race_that_is_muted_is_not_told_again() -> None:
    assert not verdicts(zoo.overwrites_one_blob, frozenset({("concurrency", "lost-in-a-race")}))


def test_what_is_taken_on_a_retry_is_advice() -> None:
    def factory() -> Receiver:
        roster = Roster()
        at_work: list[Page] = []

        def take(page: Page) -> None:
            at_work.append(page)
            try:
                if len(at_work) > 1:
                    raise Refusal(503, "busy, come again")
                roster.take(page)
            finally:
                at_work.remove(page)

        from contextlib import nullcontext

        return Receiver(webhook(take, lock=nullcontext()), members=roster.members)

    with open_kit(factory, BUILT_IN) as kit:
        outcomes = [run(kit, scenario) for scenario in MEETINGS.values()]
    assert all(outcome.violation is None for outcome in outcomes)
    assert {violation.key for outcome in outcomes for violation in outcome.advice} >= {
        ("concurrency", "stumbles-in-a-race")
    }


def test_whoever_is_never_called_twice_at_once_can_say_so() -> None:
    receiver = zoo.overwrites_one_blob()
    receiver.excludes = ("deliveries_at_once=together",)
    assert not MEETINGS.keys() & canonical_for(receiver, profile=PROFILES["hostile"]).keys()
    assert MEETINGS.keys() <= canonical_for(zoo.overwrites_one_blob(), profile=PROFILES["hostile"]).keys()


@pytest.mark.parametrize("profile", ["documented", "realistic"])
def test_nothing_meets_in_a_milder_profile(profile: str) -> None:
    assert not MEETINGS.keys() & canonical_for(zoo.overwrites_one_blob(), profile=PROFILES[profile]).keys()


def story_of(name: str, scenario: Scenario) -> str:
    with open_kit(zoo.find(name).factory, BUILT_IN, time_limit=1.0) as kit:
        finding = find_in(kit, scenario, "test")
    assert finding is not None
    return tell(finding, width=140)


def test_the_story_of_a_race_says_what_met() -> None:
    scenario = next(each for each in MEETINGS.values() if _is_found("overwrites_one_blob", each))
    text = story_of("overwrites_one_blob", scenario)
    assert "at the same moment as cohort 1002's" in text
    assert 'Receiver(excludes=("deliveries_at_once=together",))' in " ".join(text.split())


def test_the_story_of_a_deadlock_has_both_stacks() -> None:
    scenario = next(each for each in MEETINGS.values() if _is_found("locks_cohorts_crosswise", each))
    text = story_of("locks_cohorts_crosswise", scenario)
    assert text.count("with self._locks[other]") == 2
    assert "cohort 1001, is here" in text
    assert "cohort 1002, is here" in text


def _is_found(name: str, scenario: Scenario) -> bool:
    with open_kit(zoo.find(name).factory, BUILT_IN, time_limit=1.0) as kit:
        return run(kit, scenario).violation is not None


def test_in_turn_the_same_steps_show_nothing() -> None:
    with open_kit(zoo.overwrites_one_blob, BUILT_IN) as kit:
        for scenario in MEETINGS.values():
            assert run(kit, replace(scenario, dialect=Dialect())).violation is None
