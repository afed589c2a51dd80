"""After a violation the receiver is examined; what it does then is written down, and decides what the bug is called."""

from __future__ import annotations

import pytest

from cohortprop import Receiver, zoo
from cohortprop.checks import BUILT_IN
from cohortprop.simulation import Attempted, Examined, LateArrived, PhaseBegan, Probed
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import ExpireSnapshot, Join, Leave, Sync
from cohortprop.trial import Outcome, open_kit, run
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster
from tests.cover.trial.apps import VIPS, ignores_removals, kit_for, outcome_of, scenario

LEAVING = (Sync(VIPS), Leave(VIPS, ("ann",)), Sync(VIPS))


def aftermath(outcome: Outcome) -> list[int]:
    return [event.stage for event in outcome.history if isinstance(event, PhaseBegan) and event.phase == "aftermath"]


def run_zoo(name: str, canonical: str) -> Outcome:
    with open_kit(zoo.find(name).factory, BUILT_IN) as kit:
        return run(kit, CANONICAL[canonical])


def test_a_wrong_membership_is_examined_in_five_stages() -> None:
    outcome = outcome_of(ignores_removals, *LEAVING)
    assert aftermath(outcome) == [1, 2, 3, 4, 5]
    assert outcome.violation is not None
    behind = outcome.history.events[outcome.violation.place + 1 :]
    assert isinstance(behind[0], PhaseBegan)
    assert any(isinstance(event, LateArrived) for event in behind), "the old removal came once more"
    assert sum(isinstance(event, Probed) for event in behind) >= 5


def test_the_violation_is_the_one_that_began_it_whatever_goes_wrong_later() -> None:
    outcome = outcome_of(ignores_removals, *LEAVING)
    assert outcome.violation is not None
    assert isinstance(outcome.history.events[outcome.violation.place], Probed)
    assert outcome.violation.user == "ann"
    assert outcome.violation.allowed["ann"]
    assert not outcome.muted
    assert not outcome.advice


def test_steps_of_the_aftermath_are_no_steps_of_the_scenario() -> None:
    outcome = outcome_of(ignores_removals, *LEAVING)
    assert outcome.scenario.steps == LEAVING


def only_by_examination(roster: Roster, page: Page) -> None:
    """Removals put users in: of somebody who is in already, it looks as if they were ignored."""
    if page.action == "remove_members":
        roster.add(page.cohort, page.ids)
    else:
        roster.take(page)


def only_adds(roster: Roster, page: Page) -> None:
    if page.action != "remove_members":
        roster.add(page.cohort, page.ids)


@pytest.mark.parametrize(
    ("take", "cause"),
    [
        (ignores_removals, "remove-ignored"),
        (only_by_examination, "remove-inverted"),
        (only_adds, "remove-ignored"),
    ],
)
def test_causes_that_look_alike_are_told_apart(take: object, cause: str) -> None:
    outcome = outcome_of(take, *LEAVING)  # type: ignore[arg-type]  # a table of functions
    assert outcome.violation is not None
    assert outcome.violation.cause == cause


def test_too_many_arrivals_are_examined_in_four_stages() -> None:
    outcome = run_zoo("mails_on_retry", "a-lost-acknowledgement")
    assert outcome.violation is not None
    assert outcome.violation.key == ("arrivals", "duplicate-on-retry")
    assert aftermath(outcome) == [1, 2, 3, 4]
    lost = [event for event in outcome.history if isinstance(event, Attempted) and event.fate == "lose"]
    assert "newcomer" in lost[-1].delivery.ids


def test_too_few_arrivals_are_not_examined() -> None:
    outcome = run_zoo("silent_on_full_sync", "a-plain-diff")
    assert outcome.violation is not None
    assert outcome.violation.key == ("arrivals", "lost-arrival")
    assert not aftermath(outcome)


def refuses_dan(roster: Roster, page: Page) -> None:
    if "dan" in page.ids:
        raise Refusal(422, "no dan")
    roster.take(page)


def refuses_empty(roster: Roster, page: Page) -> None:
    if not page.ids:
        raise Refusal(422, "nobody")
    roster.take(page)


def test_a_refused_delivery_is_sent_without_each_of_its_peculiarities() -> None:
    outcome = outcome_of(refuses_empty, Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS))
    assert outcome.violation is not None
    assert outcome.violation.key == ("acceptance", "refused-empty-page")
    examined = [event for event in outcome.history if isinstance(event, Examined)]
    assert [event.without for event in examined][:2] == ["", "no members"]
    assert "an extra field" not in [event.without for event in examined]
    assert aftermath(outcome) == [1]


def test_a_refusal_that_no_variant_explains_has_no_name() -> None:
    outcome = outcome_of(refuses_dan, Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS))
    assert outcome.violation is not None
    assert outcome.violation.key == ("acceptance", "unclassified")


def test_muting_looks_at_the_cause_that_the_examination_names() -> None:
    muted = frozenset({("acceptance", "refused-empty-page")})
    outcome = outcome_of(refuses_empty, Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS), muted=muted)
    assert outcome.violation is None
    assert outcome.muted.keys() == muted


def test_a_correct_receiver_is_not_examined() -> None:
    with kit_for() as kit:
        outcome = run(kit, scenario(*LEAVING, ExpireSnapshot(VIPS, leaves=("bob",))))
    assert outcome.violation is None
    assert not aftermath(outcome)


def test_an_arrival_in_a_cohort_that_mixpanel_does_not_have_is_reported() -> None:
    def receiver() -> Receiver:
        made = Roster()
        app = made.receiver(made.take).app
        return Receiver(app, members=made.members, arrivals=lambda: [("1", "ann")] if made.members("1001") else [])

    with open_kit(receiver, BUILT_IN) as kit:
        outcome = run(kit, CANONICAL["a-plain-diff"])
    assert outcome.violation is not None
    assert outcome.violation.key == ("arrivals", "never-delivered")
    assert outcome.violation.cohort == "1"
    assert outcome.violation.expected.startswith("the app not to act on ann in cohort 1 ")
