"""What stands on top of a finding: the whole set, all who are wrong, what it means, and the document by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cohortprop.checks import BUILT_IN
from cohortprop.reports.facts import arrivals_explained, expected_of, impact_of, seen_of, source_of
from cohortprop.simulation import SyncEnded
from tests.cover.reports.cases import CASES, finding_of


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("stale-pages", 'the receiver holds ann, bob and cy in cohort 1001 "VIPs": ann must not be there'),
        ("page-lost-in-a-restart", 'the receiver holds cy in cohort 1001 "VIPs": ann and bob are missing'),
        ("keyed-by-name", 'the receiver holds nobody in cohort 1001 "VIPs": ann, bob and cy are missing'),
        ("cross-cohort-damage", 'the receiver holds cy in cohort 1002 "Trials": bob is missing'),
        ("mailed-twice", 'the app has acted on dan (mailed them, say) twice in cohort 1001 "VIPs"'),
        ("never-mailed", 'the app has never acted on ann (mailed them, say) in cohort 1001 "VIPs"'),
        (
            "refused-empty-page",
            'HTTP 400 ("members is required"), and the sync is paused until a person resumes it',
        ),
        ("refused-full-page", 'HTTP 413 ("body exceeds 100000 bytes"), and the sync fails'),
        ("crash", "HTTP 500 (\"KeyError: 'email'\") on every try, and the sync fails"),
    ],
)
def test_the_whole_set_is_seen_and_everybody_who_is_wrong_in_it(name: str, seen: str) -> None:
    assert seen_of(finding_of(name)) == seen


def test_who_is_missing_and_who_must_not_be_there_are_told_apart() -> None:
    told = seen_of(finding_of("odd-ids"))
    assert told.startswith("the receiver holds 7, 'ann ' and nnn")
    assert told.endswith(": 7 must not be there and 007 is missing")


def test_expected_is_the_whole_set_too() -> None:
    assert expected_of(finding_of("stale-pages")) == (
        "it holds bob and cy; ann must not be held in cohort 1001: the last full sync succeeded and did not name them"
    )
    assert expected_of(finding_of("refused-empty-page")).startswith("add_members(nobody) to be taken: ")


def test_what_the_protocol_leaves_open_is_said_to_be_open() -> None:
    finding = finding_of("stale-pages")
    allowed = {**finding.violation.allowed, "bob": 3}
    assert expected_of(replace(finding, violation=replace(finding.violation, allowed=allowed))).startswith(
        "it holds cy, and perhaps bob; "
    )


@pytest.mark.parametrize(
    ("name", "impact"),
    [
        (
            "stale-pages",
            "A user who should be out of the cohort is in it. No error shows it: for Mixpanel the sync has",
        ),
        ("page-lost-in-a-restart", "2 users who should be in the cohort are missing. No error shows it"),
        ("cross-cohort-damage", "A user who should be in the cohort is missing."),
        ("mailed-twice", "What the app does when a user enters (a welcome mail, say) happens too often"),
        ("never-mailed", "A user has entered, and what the app does when a user enters"),
        ("refused-empty-page", "Until a person resumes the sync, nobody enters or leaves in the app."),
        ("refused-full-page", "The sync fails, so the cohort in the app falls behind"),
        ("action-not-echoed", "Mixpanel may take a success for a failure"),
    ],
)
def test_what_it_means(name: str, impact: str) -> None:
    assert impact_of(finding_of(name)).startswith(impact)


def test_an_error_does_show_it_where_the_last_sync_has_failed() -> None:
    finding = finding_of("stale-pages")
    history = type(finding.history)()
    for event in finding.history:
        history.add(replace(event, outcome="failed") if isinstance(event, SyncEnded) else event)
    assert impact_of(replace(finding, history=history)) == "A user who should be out of the cohort is in it."


@pytest.mark.parametrize("name", CASES)
def test_each_says_what_it_means_or_nothing(name: str) -> None:
    impact = impact_of(finding_of(name))
    assert not impact or ((impact[0].isupper() or impact[0].isdigit()) and impact.endswith("."))


@pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.name)
def test_the_document_is_named(check: object) -> None:
    assert source_of(check).startswith('Mixpanel\'s documentation, page "Cohort Sync", section')  # type: ignore[arg-type]


def test_an_arrival_is_explained_with_who_has_chosen_the_number() -> None:
    finding = finding_of("mailed-twice")
    assert arrivals_explained(finding).endswith('Receiver(arrival_policy="once_per_entry"), the default.')
    chosen = replace(
        finding, violation=replace(finding.violation, expected="the app to act at most once (once per user)")
    )
    assert 'arrival_policy="once_per_user"), which this receiver has asked for.' in arrivals_explained(chosen)
