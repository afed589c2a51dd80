"""What is told of a history, what is folded, and what is left out."""

from __future__ import annotations

from dataclasses import replace

from cohortprop import zoo
from cohortprop.campaign import Finding
from cohortprop.reports.scenes import scenes_of
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    Join,
    Leave,
    LoseLastAck,
    Merge,
    Outage,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Step,
    Sync,
    Trouble,
    Wait,
)
from tests.cover.reports.cases import TRIALS, VIPS, finding_of, scenario, told_to_its_end

# What a trial without a violation ends with: the way home.
HOME = [
    "73.5 hours in which no sync gets through",
    "full sync, for the snapshot has expired",
    "full sync, as a refresh",
]


def told(finding: Finding) -> list[str]:
    """Scenes as lines, details indented; without the way home."""
    lines: list[str] = []
    for scene in scenes_of(finding)[0]:
        if scene.text.split(":")[0] not in HOME:
            lines += [scene.text, *(f"  {detail}" for detail in scene.details)]
    return lines


def told_of(*steps: Step, receiver: object = zoo.applies_each_page, **world: object) -> list[str]:
    return told(told_to_its_end(receiver, scenario(*steps, **world)))  # type: ignore[arg-type]  # passed on


def test_a_diff_with_one_half_is_one_line() -> None:
    assert told_of(Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS)) == [
        "first sync: members(ann, bob, cy) → 200",
        "ann leaves",
        "diff: remove_members(ann) → 200",
    ]


def test_a_sync_of_several_deliveries_has_a_line_for_each() -> None:
    assert told_of(Sync(VIPS), page_size=2) == [
        "first sync",
        "  members(ann, bob) page 1 of 2 → 200",
        "  members(cy) page 2 of 2 → 200",
    ]


def test_syncs_with_nothing_to_say_are_left_out_and_counted() -> None:
    finding = told_to_its_end(zoo.applies_each_page, scenario(Sync(VIPS), Wait(3 * 1800)))
    assert told(finding) == ["first sync: members(ann, bob, cy) → 200"]
    assert scenes_of(finding)[1] == 3


def test_the_first_sync_is_told_even_if_it_names_nobody() -> None:
    assert told_of(Sync(VIPS), members=()) == ["first sync: members() → 200"]


def test_changes_of_one_moment_are_one_scene() -> None:
    assert told_of(Sync(VIPS), Leave(VIPS, ("ann",)), Join(VIPS, ("dan",)))[1] == "ann leaves; dan joins"


def test_a_silence_takes_in_what_happens_meanwhile() -> None:
    assert told_of(Sync(VIPS), ExpireSnapshot(VIPS, joins=("dan",), leaves=("ann", "bob")))[1] == (
        "73.5 hours in which no sync gets through; meanwhile dan joins and ann and bob leave"
    )


def test_refusals_of_an_outage_are_counted_and_not_told() -> None:
    lines = told_of(Sync(VIPS), Outage(2 * 3600), Wait(3600), Leave(VIPS, ("ann",)), Wait(3600), Sync(VIPS))
    assert lines[1:] == [
        "an outage begins: for 2 hours attempts are refused (503); 18 attempts refused; meanwhile ann leaves",
        "diff again: remove_members(ann) → 200",
    ]


def test_a_long_outage_is_one_scene() -> None:
    lines = told_of(Sync(VIPS), Join(VIPS, ("dan",)), Outage(200 * 3600), Wait(200 * 3600), Sync(VIPS))
    assert lines[1:] == [
        "dan joins",
        "an outage begins: for 8.33 days attempts are refused (503); 2,394 attempts refused",
    ]


def test_syncs_that_are_cut_off_at_once_are_put_together() -> None:
    lines = told_of(Sync(VIPS), AbortSync(VIPS, 0), Join(VIPS, ("dan",)), AbortSync(VIPS, 0, None), Sync(VIPS))
    assert lines[1:] == [
        "12 attempts refused on the way (503); meanwhile dan joins",
        "diff again: add_members(dan) → 200",
    ]


def test_one_sync_that_is_cut_off_is_told_as_it_is() -> None:
    lines = told_of(Sync(VIPS), Join(VIPS, ("dan",)), AbortSync(VIPS, 0, None), Sync(VIPS))
    assert lines[2:] == [
        "diff: add_members(dan) is refused on the way (connection refused), 6 tries alike",
        "  the sync fails",
        "diff again: add_members(dan) → 200",
    ]


def test_a_sync_that_is_refused_for_good_pauses() -> None:
    lines = told_of(Sync(VIPS), Join(VIPS, ("dan",)), AbortSync(VIPS, 0, 404), Resume(VIPS))
    assert lines[2:] == [
        "diff: add_members(dan) is refused on the way (404)",
        "  the sync pauses until a person resumes it",
        "a person resumes the sync",
        "diff again: add_members(dan) → 200",
    ]


def test_tries_that_fare_alike_are_one_clause() -> None:
    assert told_of(Fates(("lose", "lose", "refuse 429", "deliver")), Sync(VIPS)) == [
        (
            "first sync: members(ann, bob, cy) → 200, but the acknowledgement is lost, 2 tries alike; "
            "then is refused on the way (429); then → 200"
        )
    ]


def test_a_sync_from_the_top_says_so() -> None:
    lines = told_of(LoseLastAck(VIPS), Sync(VIPS))
    assert lines[1:] == ["  the sync fails", "full sync, again from the top: members(ann, bob, cy) → 200"]


def test_a_replay_says_when_it_was_first_sent() -> None:
    assert told_of(Sync(VIPS), Wait(600), Replay(0))[1] == (
        "a replay: members(ann, bob, cy), first sent 10 min before, arrives once more → 200"
    )


def test_identities_that_merge() -> None:
    assert told_of(Sync(VIPS), Merge("ann", "dan"))[1] == "ann turns out to be dan: the one id gives way to the other"


def test_edits_are_told() -> None:
    lines = told_of(Sync(VIPS), Edit("ann", "email", None), Describe(VIPS, None))
    assert lines[1:3] == ["ann loses the property email", "cohort 1001 loses its description"]


def test_a_restart_inside_a_sync_stands_inside_it() -> None:
    assert told_of(RestartInside(VIPS, 1), receiver=zoo.stages_in_sqlite, page_size=2) == [
        "first sync",
        "  members(ann, bob) page 1 of 2 → 200",
        "  the receiver is restarted",
        "  members(cy) page 2 of 2 → 200 (now the receiver holds ann)",
    ]


def test_a_restart_between_syncs_stands_by_itself() -> None:
    lines = told_of(Sync(VIPS), Restart(), receiver=zoo.stages_in_sqlite)
    assert lines[1] == "the receiver is restarted"


def test_trouble_is_told_where_it_struck() -> None:
    lines = told_of(Trouble(1), Sync(VIPS), receiver=zoo.answers_error_pages)
    assert lines[0].startswith(
        "first sync: members(ann, bob, cy) → 503 while the receiver's dependency fails; then → 200"
    )


def test_a_one_time_export() -> None:
    assert told_of(AbortSync(VIPS, 0), Resume(VIPS), one_time=True) == [
        "one-time export: members(ann, bob, cy) is refused on the way (503), 6 tries alike",
        "  the sync fails",
        "a person runs the export again",
        "one-time export: members(ann, bob, cy) → 200",
    ]


def test_users_are_named_by_what_the_receiver_keys_them_on() -> None:
    lines = told_of(Sync(VIPS), receiver=zoo.keys_on_user_id, members=("ann",))
    assert lines == ["first sync: members('User ID of ann') → 200"]


def test_with_several_cohorts_each_is_named() -> None:
    cohorts = (CohortSeed(VIPS, "VIPs", ("ann",)), CohortSeed(TRIALS, "Trials", ("ann",), connection="second"))
    what = Scenario(cohorts, (Sync(VIPS), Leave(VIPS, ("ann",)), AbortSync(VIPS, 0, 400), Resume(VIPS)))
    lines = told(told_to_its_end(zoo.applies_each_page, what))
    assert "cohort 1001: first sync: members(ann) → 200" in lines
    assert "ann leaves cohort 1001" in lines
    assert "a person resumes the sync of cohort 1001" in lines


def test_a_sync_that_another_one_interrupts_goes_on() -> None:
    cohorts = (CohortSeed(VIPS, "VIPs", ("ann", "bob")), CohortSeed(TRIALS, "Trials", ("ann",), connection="second"))
    finding = told_to_its_end(zoo.applies_each_page, Scenario(cohorts, (Sync(VIPS),), page_size=1))
    assert [line for line in told(finding) if not line.startswith("  ")][:3] == [
        "cohort 1001: first sync: members(ann) page 1 of 2 → 200",
        "cohort 1002: first sync: members(ann) → 200",
        "cohort 1001: first sync, going on: members(bob) page 2 of 2 → 200",
    ]


def test_a_long_story_is_shortened_in_its_middle() -> None:
    steps = [BackAndForth(VIPS, (user,)) for user in ("ann", "bob", "cy") * 4]
    scenes, _ = scenes_of(told_to_its_end(zoo.applies_each_page, scenario(Sync(VIPS), *steps)))
    assert len(scenes) == 14
    gap = next(scene for scene in scenes if scene.omitted)
    assert scenes.index(gap) == 3
    assert gap.text == f"… {gap.omitted} more scenes …"


def test_in_a_long_story_other_cohorts_are_left_out_unless_they_name_the_user() -> None:
    cohorts = (CohortSeed(VIPS, "VIPs", ("ann", "cy")), CohortSeed(TRIALS, "Trials", ("bob",), connection="second"))
    steps = [
        step for _ in range(8) for step in (Leave(TRIALS, ("bob",)), Sync(TRIALS), Join(TRIALS, ("bob",)), Sync(TRIALS))
    ]
    finding = told_to_its_end(zoo.applies_each_page, Scenario(cohorts, tuple(steps), page_size=1))
    scenes, left_out = scenes_of(finding)
    assert not any("1002" in scene.text for scene in scenes)
    assert left_out > 16
    # Its own sync, which theirs had interrupted, is in one piece again.
    assert told(finding)[:3] == [
        "cohort 1001: first sync",
        "  members(ann) page 1 of 2 → 200",
        "  members(cy) page 2 of 2 → 200",
    ]


def test_a_sync_of_many_deliveries_is_shortened_in_its_middle() -> None:
    finding = told_to_its_end(
        zoo.applies_each_page, scenario(Sync(VIPS), members=tuple(f"u{number:02}" for number in range(20)), page_size=1)
    )
    first = scenes_of(finding)[0][0]
    assert first.details[:3] == [
        "members(u00) page 1 of 20 → 200",
        "members(u01) page 2 of 20 → 200",
        "… 15 more deliveries …",
    ]
    assert first.details[-1] == "members(u19) page 20 of 20 → 200"


def test_arrivals_stand_beside_the_try_that_they_came_of() -> None:
    assert told(finding_of("mailed-twice"))[-1] == (
        "diff: add_members(dan) → 200, but the acknowledgement is lost (arrival 1 of dan); "
        "then → 200 (arrival 2 of dan)"
    )


def test_arrivals_that_were_seen_late_stand_beside_the_last_delivery_that_names_the_user() -> None:
    what = replace(scenario(Sync(VIPS), Leave(VIPS, ("ann",)), Join(VIPS, ("dan",)), Sync(VIPS)), probing="step")
    assert told(told_to_its_end(zoo.applies_each_page, what, user="dan", check="arrivals"))[2:] == [
        "diff",
        "  add_members(dan) → 200 (arrival 1 of dan)",
        "  remove_members(ann) → 200",
    ]


def test_who_appears_without_a_delivery_that_says_so_is_noted() -> None:
    finding = finding_of("odd-ids")
    made_up = Finding(
        finding.violation.__class__("membership", len(finding.history) - 1, "e", "s", VIPS, "7", "lost"),
        finding.scenario,
        finding.history,
        "",
        1,
    )
    assert "(now the receiver holds 7)" in told(made_up)[0]


def test_an_answer_that_is_wrong_by_itself_needs_no_story() -> None:
    assert told(finding_of("action-not-echoed")) == ["first sync: members(ann, bob, cy) → 200"]
