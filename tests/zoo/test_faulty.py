from __future__ import annotations

import json

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.zoo import Entry
from tests.zoo.conftest import Play
from tests.zoo.player import Player, Wrong
from tests.zoo.stories import PLANTED, STORIES, Story


def judged_by(check: str | None) -> set[str]:
    """The judges before whom what is filed under a check may come."""
    return {judge.name for each in BUILT_IN if each.name == check for judge in each.judges}


def test_every_bug_has_its_story() -> None:
    assert STORIES.keys() == {entry.name for entry in zoo.faulty()}
    assert {name: set(stories) for name, stories in PLANTED.items()} == {
        entry.name: set(entry.bugs) for entry in zoo.planted()
    }


@pytest.mark.parametrize("entry", zoo.faulty(), ids=lambda entry: entry.name)
def test_story_shows_the_bug(entry: Entry, play: Play) -> None:
    with pytest.raises(Wrong) as wrong:
        STORIES[entry.name](play(entry.factory()))
    assert wrong.value.check in judged_by(entry.check)


@pytest.mark.parametrize(
    ("name", "bug", "story"),
    [(name, bug, story) for name, stories in PLANTED.items() for bug, story in stories.items()],
)
def test_story_shows_each_planted_bug(name: str, bug: tuple[str, str], story: Story, play: Play) -> None:
    with pytest.raises(Wrong) as wrong:
        story(play(zoo.find(name).factory()))
    assert wrong.value.check in judged_by(bug[0])


@pytest.mark.parametrize("entry", zoo.correct(), ids=lambda entry: entry.name)
@pytest.mark.parametrize("name", {story: name for name, story in STORIES.items()}.values())
def test_correct_receivers_live_through_every_story(entry: Entry, name: str, play: Play) -> None:
    STORIES[name](play(entry.factory()))


@pytest.mark.parametrize(
    "entry",
    [entry for entry in zoo.faulty() if entry.cause != "hangs"],  # or each story would take a second to end
    ids=lambda entry: entry.name,
)
def test_bug_breaks_one_check_only(entry: Entry, play: Play) -> None:
    broken = set()
    for story in STORIES.values():
        try:
            story(play(entry.factory()))
        except Wrong as wrong:
            broken.add(wrong.check)
    assert len(broken) == 1
    assert broken <= judged_by(entry.check)


# Bugs that look alike


def test_literal_inversion_differs_from_ignoring_only_when_the_user_is_out(play: Play) -> None:
    ignoring = play(zoo.ignores_removals())
    STORIES["removals_add"](ignoring)
    ignoring.expect_members("ann")


def test_mails_on_retry_filters_doubled_posts(play: Play) -> None:
    STORIES["mails_on_duplicate"](play(zoo.mails_on_retry()))


def test_mails_on_duplicate_stands_a_retry(play: Play) -> None:
    STORIES["mails_on_retry"](play(zoo.mails_on_duplicate()))


def test_mails_before_saving_stands_a_lost_acknowledgement(play: Play) -> None:
    STORIES["mails_on_retry"](play(zoo.mails_before_saving()))


@pytest.mark.parametrize("name", ["mails_on_full_sync", "mails_on_refill_sqlite"])
def test_mails_on_full_sync_stands_a_retry_of_any_page(name: str, play: Play) -> None:
    player = play(zoo.find(name).factory())
    session = player.full(["ann"], ["bob"])
    player.send("members", ["bob"], session=session, page=2, total=2)
    player.full(["ann"], ["bob"], session=session)
    player.expect_mails("ann")
    player.expect_mails("bob")


@pytest.mark.parametrize("name", ["stages_per_cohort", "stages_per_cohort_sqlite"])
def test_stages_per_cohort_stands_a_retry_of_the_last_page(name: str, play: Play) -> None:
    player = play(zoo.find(name).factory())
    session = player.full(["ann"], ["bob"])
    player.send("members", ["bob"], session=session, page=2, total=2)
    player.expect_members("ann", "bob")


def test_mails_on_retry_forgets_nobody_in_the_next_session(play: Play) -> None:
    player = play(zoo.mails_on_retry())
    player.diff(["ann"], [])
    player.diff(["ann"], [])
    player.expect_mails("ann")


# Advice


def test_answers_created_does_the_work_and_answers_201(play: Play) -> None:
    player = play(zoo.answers_created())
    answer = player.send("add_members", ["ann"])
    assert answer.status == 201
    player.expect_members("ann")


def test_answers_error_pages_answers_html_while_its_database_is_down(play: Play) -> None:
    player = play(zoo.answers_error_pages())
    assert player.receiver.dependency is not None
    with player.receiver.dependency():
        answer = player.post(_body_of("add_members", ["ann"], player))
    assert (answer.status, answer.content_type) == (503, "text/html")
    player.expect_members()
    player.send("add_members", ["ann"])
    player.expect_members("ann")


def _body_of(action: str, users: list[str], player: Player) -> bytes:
    parameters = {
        "mixpanel_cohort_id": "7",
        "mixpanel_cohort_name": "cohort 7",
        "mixpanel_session_id": player.new_session(),
        "members": [player.member(user) for user in users],
    }
    return json.dumps({"action": action, "parameters": parameters}).encode()
