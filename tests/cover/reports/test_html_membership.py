"""Who is in, event by event: what the page shows is what the source, the sender and the looks at the receiver say."""

from __future__ import annotations

import pytest

from cohortprop import zoo
from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN, Violation
from cohortprop.oracle import IN, OUT
from cohortprop.reports.html.membership import (
    ARRIVALS,
    CHANNELS,
    NONE,
    ORACLE,
    RECEIVER,
    SNAPSHOT,
    SOURCE,
    Ledger,
    ledger_of,
)
from cohortprop.reports.standing import standing
from cohortprop.simulation import Probed, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.trial import Trial, open_kit
from tests.cover.reports.cases import CASES, finding_of

STORIES = ("two-cohorts", "four-days-down", "a-lost-acknowledgement", "everyone-leaves", "merged-identities")


def states(ledger: Ledger) -> list[dict[tuple[str, str], list[int]]]:
    """The columns of each cell after each event."""
    now = list(ledger.first)
    found = []
    for changes in ledger.changes:
        for number, column, before, after in changes:
            assert now[number * CHANNELS + column] == before
            now[number * CHANNELS + column] = after
        found.append(
            {cell: now[number * CHANNELS : (number + 1) * CHANNELS] for number, cell in enumerate(ledger.cells)}
        )
    return found


def those(state: dict[tuple[str, str], list[int]], cohort: str, column: int) -> set[str]:
    return {user for (where, user), values in state.items() if where == cohort and values[column] == 1}


@pytest.mark.parametrize("name", CASES)
def test_at_each_look_the_page_shows_what_was_seen(name: str) -> None:
    finding = finding_of(name)
    shown = states(ledger_of(finding))
    assert len(shown) == len(finding.history)
    for state, event in zip(shown, finding.history, strict=True):
        if not isinstance(event, Probed):
            continue
        for cohort, users in event.source.items():
            assert those(state, cohort, SOURCE) == set(users)
        for cohort, held in (event.held or {}).items():
            assert those(state, cohort, RECEIVER) == held
        for (cohort, user), count in (event.arrivals or {}).items():
            assert state[cohort, user][ARRIVALS] == count


@pytest.mark.parametrize("name", CASES)
def test_at_the_failing_moment_it_asks_for_what_the_table_in_the_terminal_asks_for(name: str) -> None:
    finding = finding_of(name)
    words = ("must be out", "must be in", "may be either")
    state = states(ledger_of(finding))[finding.violation.place]
    for place in standing(finding):
        assert words[state[finding.violation.cohort, place.user][ORACLE]] == place.allowed


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("factory", [zoo.upserts_in_sqlite, zoo.keys_on_user_id], ids=lambda each: each.__name__)
def test_the_snapshot_is_the_senders_and_the_demands_are_the_oracles(name: str, factory: zoo.Factory) -> None:
    scenario: Scenario = CANONICAL[name]
    told = []
    with open_kit(factory, BUILT_IN) as kit:
        trial = Trial(kit, scenario.with_steps(()))
        for step in scenario.steps:
            assert trial.apply(step) is None
            snapshots = {cohort: each.snapshot for cohort, each in trial.world.sender.subscriptions.items()}
            copied = {cohort: set(each.members) for cohort, each in snapshots.items() if each is not None}
            demands = {cohort: dict(trial.evidence.oracle.known(cohort)) for cohort in snapshots}
            told.append((len(trial.outcome.history) - 1, copied, demands))
        outcome = trial.outcome
    last = len(outcome.history) - 1
    violation = Violation("membership", last, "expected", "seen", scenario.cohorts[0].id, "nobody")
    shown = states(ledger_of(Finding(violation, scenario, outcome.history, name, 1, outcome.id_property)))
    for place, copies, demands in told:
        for cohort, members in copies.items():
            column = {user: values[SNAPSHOT] for (where, user), values in shown[place].items() if where == cohort}
            if outcome.id_property == "mixpanel_distinct_id" and NONE not in column.values():
                assert {user for user, value in column.items() if value} == members
        if place == last:
            continue
        for cohort, possible in demands.items():
            for user, value in possible.items():
                assert shown[place][cohort, user][ORACLE] == {OUT: 0, IN: 1, IN | OUT: 2}[value]


def test_a_look_is_stale_once_something_has_reached_the_receiver() -> None:
    finding = finding_of("ghost-after-four-days")
    ledger = ledger_of(finding)
    looks = [place for place, event in enumerate(finding.history) if isinstance(event, Probed)]
    assert not any(ledger.stale[place] for place in looks)
    assert ledger.stale[0], "nobody has looked yet"
    assert any(ledger.stale[looks[0] :]), "later something arrives"
