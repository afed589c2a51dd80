"""Why this cause: what the examination has shown, and how the mistake fits beside the others that are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cohortprop import zoo
from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN, UNCLASSIFIED
from cohortprop.reports import tell
from cohortprop.reports.facts import seen_of
from cohortprop.reports.html import page_of_finding
from cohortprop.reports.reasoning import is_plain, why_this_cause
from cohortprop.reports.tried import circumstances
from cohortprop.simulation import Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Edit, Leave, Rename, Sync
from cohortprop.trial import open_kit, run
from tests.cover.reports.cases import TWO_COHORTS, VIPS, finding_of, scenario, told_to_its_end
from tests.cover.reports.test_story_parts import unwrapped


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "ghost-after-four-days",
            (
                "a full sync that did not name ann did not take ann out; bob left, and a full sync that no longer ",
                "; ann left, and a diff that named ann took ann out.",
                "In all, the receiver was asked 9 times whom it holds, and a receiver with this mistake would ",
                "the same; with the next likeliest, `remove-ignored`, it would have differed in 4 places.",
            ),
        ),
        (
            "page-lost-in-a-restart",
            (
                "and nothing went wrong: a full sync, entering by a diff,",
                "so it seems to take a restart at that very moment.",
            ),
        ),
        ("stale-pages", ("so would one with `sessions-mixed-up`, which is seldom the mistake.",)),
        ("keyed-by-name", ("it seems to take a new name.",)),
        ("counted-repeats", ("it seems to take a copy of a request.",)),
        (
            "odd-ids",
            ("007 entered, and a diff that named 007 did not let 007 in", "with no other known mistake it would have."),
        ),
        (
            "mailed-twice",
            (
                "It acted again on a request that had reached it before, add_members(dan).",
                "on a full sync in which nothing was new it acted on nobody; ",
                "; on a newcomer, whose request was sent again because its answer got lost, it acted twice.",
                "So it is the repetition on which it acts.",
            ),
        ),
        ("never-mailed", ("The app answered members(ann) with success, so it is not sent again",)),
        ("refused-empty-page", ("as it was → 400; with a member in it → 200. So it is that difference",)),
        ("action-not-echoed", ("The answer itself shows it",)),
        ("hang", ("the stack shows where the app was waiting",)),
    ],
)
def test_what_was_tried_and_what_it_speaks_for(name: str, parts: tuple[str, ...]) -> None:
    told = why_this_cause(finding_of(name))
    for part in parts:
        assert part in told


def found(name: str, case: str) -> Finding:
    with open_kit(getattr(zoo, name), BUILT_IN) as kit:
        outcome = run(kit, CANONICAL[case])
    assert outcome.violation is not None
    return Finding(outcome.violation, outcome.scenario, outcome.history, case, 1, outcome.id_property)


def test_a_full_sync_on_which_it_acts_is_told_by_whom_it_acted_on_again() -> None:
    finding = found("mails_on_full_sync", "the-document's-example")
    told = why_this_cause(finding)
    assert "It acted again on a page of a full sync, members(" in told
    assert "in which nothing was new it acted again on " in told
    assert told.endswith("So it is the full sync on which it acts.")


def test_trouble_of_the_app_s_own_is_no_fault_of_the_request_and_does_not_mend_itself() -> None:
    finding = found("blames_the_request", "a-failing-dependency")
    told = unwrapped(tell(finding))
    assert 'Seen HTTP 400 ("database unavailable"), and the sync is paused until a person resumes it' in told
    assert "Recovers? No: the sync is paused until a person resumes it." in told
    assert "It puts the fault in the request, which was a correct one." in told
    assert "probable" not in told
    page = page_of_finding(finding)
    assert "<dt>Does it fix itself?</dt><dd>No: the sync is paused until a person resumes it." in page


def test_a_cause_that_is_concluded_is_probable_and_the_bug_is_certain() -> None:
    told = unwrapped(tell(finding_of("ghost-after-four-days")))
    assert "The cause The bug is certain; its cause, told above, is the probable one. Tried afterwards" in told
    page = page_of_finding(finding_of("ghost-after-four-days"))
    assert "This bug is certain; its probable cause:" in page
    assert "<dt>Why this cause?</dt><dd>Tried afterwards" in page
    assert "<code>remove-ignored</code>" in page
    plain = page_of_finding(finding_of("action-not-echoed"))
    assert "This bug is certain, and so is its cause:" in plain
    assert "probable" not in plain
    assert is_plain(finding_of("action-not-echoed"))


def test_a_cause_without_a_name_has_no_reasons() -> None:
    finding = finding_of("stale-pages")
    nameless = replace(finding, violation=replace(finding.violation, cause=UNCLASSIFIED.name))
    assert why_this_cause(nameless) == ""
    assert "The cause" not in tell(nameless)
    elsewhere = replace(finding, violation=replace(finding.violation, cause="lost-in-a-race"))
    assert "come one after the other" in why_this_cause(elsewhere)
    assert not is_plain(elsewhere)


def test_what_stands_beside_users_who_come_and_go_is_named_once() -> None:
    steps = (Sync(VIPS), Edit("ann", "email", "a@b.c"), Rename(VIPS, "Gold"), Leave(VIPS, ("ann",)), Sync(VIPS))
    assert circumstances(told_to_its_end(zoo.applies_each_page, scenario(*steps))) == [
        "a change of the e-mail",
        "a new name",
    ]


def test_who_was_never_named_and_how_much_of_a_page_is_held_are_told() -> None:
    assert "No request for this cohort has ever named owner@shop.example." in why_this_cause(
        found("adds_the_owner", "the-document's-example")
    )
    cut = why_this_cause(found("first_five_hundred", "a-full-page"))
    assert " was named by a page of 1,000 members, of whom 500 are held." in cut


def test_a_receiver_that_cannot_be_looked_at_any_more_is_not_told_by_an_answer() -> None:
    finding = finding_of("stale-pages")
    broken = replace(finding.violation, judge="malformed", cause="broken-by-malformed", signature="broken")
    assert why_this_cause(replace(finding, violation=broken)) == (
        "The receiver could be looked at until the broken request came, and cannot since."
    )


def test_the_harm_stands_after_the_cohort() -> None:
    with open_kit(zoo.refuses_empty_page, BUILT_IN) as kit:
        outcome = run(kit, Scenario(TWO_COHORTS, (Sync(VIPS), Sync(VIPS))))
    assert outcome.violation is not None
    finding = Finding(outcome.violation, outcome.scenario, outcome.history, "", 1)
    assert seen_of(finding) == (
        'HTTP 400 ("members is required"), in cohort 1001 "VIPs", and the sync is paused until a person resumes it'
    )
