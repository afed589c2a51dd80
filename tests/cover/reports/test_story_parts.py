"""The parts of a story that the whole ones do not meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cohortprop import zoo
from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN, Violation, base, check
from cohortprop.reports import tell
from cohortprop.reports.scenes import scenes_of
from cohortprop.reports.story import title_of
from cohortprop.sender import QUESTIONS, Dialect
from cohortprop.simulation import Attempted, CohortSeed, History, Probed, Restarted, Scenario, SyncEnded, SyncStarted
from cohortprop.simulation.steps import BackAndForth, Sync
from cohortprop.trial import open_kit, run
from cohortprop.wire import Reply
from tests.cover.reports.cases import TRIALS, VIPS, finding_of, scenario, told_to_its_end
from tests.cover.reports.samples import DELIVERY


@pytest.fixture(autouse=True)
def _no_check_stays_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_REGISTERED", {})


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def test_a_pattern_without_a_name_is_told_by_what_was_seen() -> None:
    finding = finding_of("stale-pages")
    odd = replace(finding, violation=replace(finding.violation, cause="unclassified"))
    assert title_of(odd) == "The receiver holds ann, and the pattern is not one that has a name."
    assert "Follow the story above" in tell(odd)


def test_an_odd_id_is_quoted_in_the_words_of_a_check_too() -> None:
    finding = finding_of("stale-pages")
    violation = replace(
        finding.violation, user="ann ", seen="the receiver holds ann ", expected="ann  must not be held"
    )
    told = tell(replace(finding, violation=violation))
    assert "the receiver holds 'ann ', ann, bob and cy" not in told
    assert "'ann ' must not be held" in told


def test_a_check_of_the_user() -> None:
    @check("teapot", summary="the app is no teapot.", why="Teapots are for tea.", severity="advice")
    def teapot(event: object, evidence: object) -> Iterator[str]:
        if getattr(getattr(event, "reply", None), "status", 0) == 200:
            yield "it answers 200"

    with open_kit(zoo.applies_each_page, (*BUILT_IN, teapot)) as kit:
        outcome = run(kit, scenario(Sync(VIPS)))
    finding = Finding(outcome.advice[0], outcome.scenario, outcome.history, "", 1)
    told = tell(finding)
    assert told.startswith(
        "It answers 200, and the pattern is not one that has a name.\nADVICE teapot / unclassified\n"
    )
    assert "The rule    the app is no teapot. Teapots are for tea." in told
    base._REGISTERED.clear()
    assert "The rule" not in tell(finding)


def test_where_a_story_is_shortened_its_scenes_keep_their_numbers() -> None:
    steps = [BackAndForth(VIPS, (user,)) for user in ("ann", "bob", "cy") * 4]
    finding = told_to_its_end(zoo.applies_each_page, scenario(Sync(VIPS), *steps))
    gap = next(scene for scene in scenes_of(finding)[0] if scene.omitted)
    assert f"\n      … {gap.omitted} more scenes …\n {gap.omitted + 4}. " in tell(finding)


def test_how_it_begins() -> None:
    cohorts = (
        CohortSeed(VIPS, "VIPs\x1b[2J", ("ann",), one_time=True),
        CohortSeed(TRIALS, "Trials", (), connection="second"),
    )
    told = unwrapped(tell(told_to_its_end(zoo.keys_on_user_id, Scenario(cohorts, page_size=1))))
    assert (
        'In Mixpanel, cohort 1001 "VIPs\\x1b[2J" is exported once; it has ann; '
        'cohort 1002 "Trials" has no members yet; the receiver is empty. '
        "They sync over separate connections. A page has room for 1 member. "
        "The receiver knows its users by User ID, and so they are named below."
    ) in told


def test_many_users_are_counted_and_not_listed() -> None:
    finding = finding_of("stale-pages")
    many = dict.fromkeys((f"user-{number}" for number in range(20)), 1)
    told = tell(replace(finding, violation=replace(finding.violation, allowed=many)))
    assert "  … 15 more users, none of them wrong\n" in told
    lost = dict.fromkeys(many, 2)
    told = tell(replace(finding, violation=replace(finding.violation, allowed=lost)))
    assert "  … 15 more users, 15 of them wrong\n" in told


def test_what_changes_without_a_delivery_is_a_scene_of_its_own() -> None:
    history = History()
    for event in (
        SyncStarted(0.0, "7", "s", "diff", 1),
        Attempted(0.0, DELIVERY, 1, "deliver", Reply(200), Reply(200)),
        SyncEnded(0.0, "7", "s", "diff", "succeeded", ""),
        look("ann", "bob"),
        Restarted(1.0),
        look("bob"),
        Restarted(2.0),
        look(),
    ):
        history.add(event)
    finding = Finding(Violation("membership", 7, "e", "s", "7", "ann"), scenario(), history, "", 1)
    assert [scene.text for scene in scenes_of(finding)[0]] == [
        (
            "diff (only who has entered or left): add_members(ann, bob) page 2 of 3 → 200; "
            "the receiver then holds ann and bob"
        ),
        "the receiver is restarted: what it has only in memory is gone; the receiver then holds bob",
        "the receiver is restarted: what it has only in memory is gone",
    ]


def look(*held: str) -> Probed:
    return Probed(1.0, {"7": frozenset(held)}, None, {"7": ("ann", "bob")})


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_reading_has_its_sentence(question: str) -> None:
    finding = finding_of("stale-pages")
    for reading, meaning in list(QUESTIONS[question].readings.items())[1:]:
        other = replace(finding, scenario=replace(finding.scenario, dialect=Dialect.pin({question: reading})))
        told = unwrapped(tell(other, width=200))
        assert f"In this run: “{QUESTIONS[question].text.rstrip(',')}: {meaning}” ({question}={reading}). " in told
        assert "Under other readings these events do not show the bug; others may. " in told
        assert f'Receiver(excludes=("{question}={reading}",))' in told


def test_the_default_readings_go_without_saying() -> None:
    assert "Reading" not in tell(finding_of("stale-pages"))


def test_advice_is_not_shrunk_so_its_readings_say_nothing() -> None:
    finding = finding_of("counted-repeats")
    assert "Reading" in tell(finding)
    assert "Reading" not in tell(replace(finding, violation=replace(finding.violation, severity="advice")))
