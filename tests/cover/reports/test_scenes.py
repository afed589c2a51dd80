"""What is told of a history, what is folded, and what is left out."""

from __future__ import annotations

import re
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
SILENCE = "(73.5 hours): no sync gets through"
HOME = [
    "full sync, because none has succeeded for three days",
    "full sync, to refresh",
]


GLOSS = re.compile(r" \((?:a full one: )?everybody is sent\)| \(only who has entered or left\)")
"""What a kind of sync is, said where it is met first."""


def told(finding: Finding) -> list[str]:
    """Scenes as lines, details indented; without the way home, and what a kind of sync is."""
    lines: list[str] = []
    for scene in scenes_of(finding)[0]:
        if re.split(r": | \(|, session", scene.text)[0] not in HOME and not scene.text.endswith(SILENCE):
            lines += [GLOSS.sub("", scene.text), *(f"  {detail}" for detail in scene.details)]
    return lines


def told_of(*steps: Step, receiver: object = zoo.applies_each_page, **world: object) -> list[str]:
    """Of a check for which it does not matter whom the receiver holds."""
    return told(told_to_its_end(receiver, scenario(*steps, **world), check="acceptance"))  # type: ignore[arg-type]  # passed on


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
    finding = told_to_its_end(zoo.applies_each_page, scenario(Sync(VIPS), Wait(3 * 1800)), check="acceptance")
    assert told(finding) == ["first sync: members(ann, bob, cy) → 200"]
    assert scenes_of(finding)[1] == 3


def test_the_first_sync_is_told_even_if_it_names_nobody() -> None:
    assert told_of(Sync(VIPS), members=()) == ["first sync: members(nobody) → 200"]


def test_changes_of_one_moment_are_one_scene() -> None:
    assert told_of(Sync(VIPS), Leave(VIPS, ("ann",)), Join(VIPS, ("dan",)))[1] == "ann leaves; dan joins"


def test_a_silence_takes_in_what_happens_meanwhile() -> None:
    assert told_of(Sync(VIPS), ExpireSnapshot(VIPS, joins=("dan",), leaves=("ann", "bob")))[1] == (
        "until day 4, 10:30 (73.5 hours): no sync gets through; meanwhile dan joins and ann and bob leave"
    )


def test_refusals_of_an_outage_are_counted_and_not_told() -> None:
    lines = told_of(Sync(VIPS), Outage(2 * 3600), Wait(3600), Leave(VIPS, ("ann",)), Wait(3600), Sync(VIPS))
    assert lines[1:] == [
        "until 11:00 (2 hours): an outage: no request gets through (503); 18 tries fail; meanwhile ann leaves",
        "diff, tried again: remove_members(ann) → 200",
    ]


def test_a_long_outage_is_one_scene() -> None:
    lines = told_of(Sync(VIPS), Join(VIPS, ("dan",)), Outage(200 * 3600), Wait(200 * 3600), Sync(VIPS))
    assert lines[1:] == [
        "dan joins",
        "until day 9, 17:00 (8.33 days): an outage: no request gets through (503); 2,394 tries fail",
    ]


def test_syncs_that_are_cut_off_at_once_are_put_together() -> None:
    lines = told_of(Sync(VIPS), AbortSync(VIPS, 0), Join(VIPS, ("dan",)), AbortSync(VIPS, 0, None), Sync(VIPS))
    assert lines[1:] == [
        "until 10:00 (30 min): 12 tries do not reach the receiver (503); meanwhile dan joins",
        "diff, tried again: add_members(dan) → 200",
    ]


def test_one_sync_that_is_cut_off_is_told_as_it_is() -> None:
    lines = told_of(Sync(VIPS), Join(VIPS, ("dan",)), AbortSync(VIPS, 0, None), Sync(VIPS))
    assert lines[2:] == [
        "diff",
        "  add_members(dan) does not reach the receiver (connection refused), 6 tries within 1 min",
        "  the sync fails",
        "diff, tried again: add_members(dan) → 200",
    ]


def test_a_sync_that_is_refused_for_good_pauses() -> None:
    lines = told_of(Sync(VIPS), Join(VIPS, ("dan",)), AbortSync(VIPS, 0, 404), Resume(VIPS))
    assert lines[2:] == [
        "diff",
        "  add_members(dan) does not reach the receiver (404 from the network)",
        "  the sync pauses until a person resumes it",
        "a person resumes the sync",
        "diff, tried again: add_members(dan) → 200",
    ]


def test_each_try_is_a_line_unless_it_fares_as_the_one_before() -> None:
    assert told_of(Fates(("lose", "lose", "refuse 429", "deliver")), Sync(VIPS)) == [
        "first sync",
        "  members(ann, bob, cy) → 200, but the answer gets lost, 2 tries within 2 s",
        "  4 s later, the same request again does not reach the receiver (429 from the network)",
        "  8 s later, the same request again → 200",
    ]


def test_a_copy_is_a_line() -> None:
    assert told_of(Fates(("duplicate",)), Sync(VIPS)) == [
        "first sync",
        "  members(ann, bob, cy) → 200",
        "  a copy of it arrives right after it → 200",
    ]


def test_a_kind_of_sync_is_explained_where_it_is_met_first() -> None:
    steps = Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS), Leave(VIPS, ("bob",)), Sync(VIPS)
    scenes, _ = scenes_of(told_to_its_end(zoo.applies_each_page, scenario(*steps), check="acceptance"))
    assert [scene.text.partition(": m")[0].partition(": r")[0] for scene in scenes[:5:2]] == [
        "first sync (a full one: everybody is sent)",
        "diff (only who has entered or left)",
        "diff",
    ]


def test_what_the_receiver_holds_stands_beside_each_request_that_matters_to_the_user() -> None:
    finding = told_to_its_end(zoo.applies_each_page, scenario(Sync(VIPS), Leave(VIPS, ("bob",)), Sync(VIPS)))
    assert told(finding)[:3] == [
        "first sync: members(ann, bob, cy) → 200; the receiver then holds ann, bob and cy",
        "bob leaves",
        "diff: remove_members(bob) → 200; the receiver then holds ann and cy",
    ]


def test_sessions_are_told_where_pages_of_two_could_be_mixed_up() -> None:
    one, other = (scene.text for scene in scenes_of(finding_of("stale-pages"))[0][::2])
    assert one.startswith("first sync, session e3e7… (")
    assert other.startswith("full sync, from the start again, session f728…: ")
    assert "session" not in scenes_of(finding_of("page-lost-in-a-restart"))[0][0].text


def test_a_sync_from_the_top_says_so() -> None:
    lines = told_of(LoseLastAck(VIPS), Sync(VIPS))
    assert lines[2:] == ["  the sync fails", "full sync, from the start again: members(ann, bob, cy) → 200"]


def test_a_replay_says_when_it_was_first_sent() -> None:
    assert told_of(Sync(VIPS), Wait(600), Replay(0))[1] == (
        "an old request arrives once more: members(ann, bob, cy), first sent 10 min before → 200"
    )


def test_identities_that_merge() -> None:
    assert (
        told_of(Sync(VIPS), Merge("ann", "dan"))[1]
        == "ann and dan turn out to be one user: the id ann is replaced by dan"
    )


def test_edits_are_told() -> None:
    lines = told_of(Sync(VIPS), Edit("ann", "email", None), Describe(VIPS, None))
    assert lines[1:3] == ['ann loses the e-mail "ann@example.com"', "cohort 1001 loses its description"]


def test_a_restart_inside_a_sync_stands_inside_it() -> None:
    assert told_of(RestartInside(VIPS, 1), receiver=zoo.stages_in_sqlite, page_size=2) == [
        "first sync",
        "  members(ann, bob) page 1 of 2 → 200",
        "  the receiver is restarted: what it has only in memory is gone",
        "  members(cy) page 2 of 2 → 200",
    ]


def test_whom_it_holds_after_a_restart_stands_beside_the_restart() -> None:
    """The look comes right after the restart, and not after the page before it."""
    assert told(finding_of("page-lost-in-a-restart"))[1:3] == [
        "  members(ann, bob) page 1 of 2 → 200",
        "  the receiver is restarted: what it has only in memory is gone; the receiver then holds nobody",
    ]


def test_a_restart_between_syncs_stands_by_itself() -> None:
    lines = told_of(Sync(VIPS), Restart(), receiver=zoo.stages_in_sqlite)
    assert lines[1] == "the receiver is restarted: what it has only in memory is gone"


def test_trouble_is_told_where_it_struck() -> None:
    lines = told_of(Trouble(1), Sync(VIPS), receiver=zoo.answers_error_pages)
    assert lines[1:3] == [
        "  members(ann, bob, cy) → 503 while the receiver's dependency (its database, say) fails",
        "  2 s later, the same request again → 200",
    ]


def test_a_one_time_export() -> None:
    assert told_of(AbortSync(VIPS, 0), Resume(VIPS), one_time=True) == [
        "one-time export",
        "  members(ann, bob, cy) does not reach the receiver (503 from the network), 6 tries within 1 min",
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
    lines = told(told_to_its_end(zoo.applies_each_page, what, check="acceptance"))
    assert "cohort 1001: first sync: members(ann) → 200" in lines
    assert "ann leaves cohort 1001" in lines
    assert "a person resumes the sync of cohort 1001" in lines


def test_a_sync_that_another_one_interrupts_goes_on() -> None:
    cohorts = (CohortSeed(VIPS, "VIPs", ("ann", "bob")), CohortSeed(TRIALS, "Trials", ("ann",), connection="second"))
    finding = told_to_its_end(zoo.applies_each_page, Scenario(cohorts, (Sync(VIPS),), page_size=1), check="acceptance")
    assert [line for line in told(finding) if not line.startswith("  ")][:3] == [
        "cohort 1001: first sync, session e3e7…: members(ann) page 1 of 2 → 200",
        "cohort 1002: first sync, session f728…: members(ann) → 200",
        "cohort 1001: first sync, session e3e7…, going on: members(bob) page 2 of 2 → 200",
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
    assert [line.partition(";")[0] for line in told(finding)[:3]] == [
        "cohort 1001: first sync",
        "  members(ann) page 1 of 2 → 200",
        "  members(cy) page 2 of 2 → 200",
    ]


def test_a_sync_of_many_deliveries_is_shortened_in_its_middle() -> None:
    finding = told_to_its_end(
        zoo.applies_each_page,
        scenario(Sync(VIPS), members=tuple(f"u{number:02}" for number in range(20)), page_size=1),
        check="acceptance",
    )
    first = scenes_of(finding)[0][0]
    assert first.details[:3] == [
        "members(u00) page 1 of 20 → 200",
        "members(u01) page 2 of 20 → 200",
        "… 15 more requests …",
    ]
    assert first.details[-1] == "members(u19) page 20 of 20 → 200"


def test_arrivals_stand_beside_the_try_that_they_came_of() -> None:
    assert told(finding_of("mailed-twice"))[-2:] == [
        "  add_members(dan) → 200, but the answer gets lost; the app acts on dan for the first time",
        "  2 s later, the same request again → 200; the app acts on dan again: twice by now",
    ]


def test_arrivals_that_were_seen_late_stand_beside_the_last_delivery_that_names_the_user() -> None:
    what = replace(scenario(Sync(VIPS), Leave(VIPS, ("ann",)), Join(VIPS, ("dan",)), Sync(VIPS)), probing="step")
    assert told(told_to_its_end(zoo.applies_each_page, what, user="dan", check="arrivals"))[2:] == [
        "diff",
        "  add_members(dan) → 200; the app acts on dan for the first time",
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
    assert "; the receiver then holds 7, 'ann ' and" in told(made_up)[0]


def test_an_answer_that_is_wrong_by_itself_needs_no_story() -> None:
    assert told(finding_of("action-not-echoed")) == ["first sync: members(ann, bob, cy) → 200"]
