"""However long a time is passed over, no sync is torn apart: whatever ends was told to have begun, and once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortprop.sender import Dialect
from cohortprop.simulation import Attempted, CohortSeed, History, Scenario, Skipped, SyncEnded, SyncStarted
from cohortprop.simulation.steps import (
    AbortSync,
    ExpireSnapshot,
    Fates,
    Join,
    Leave,
    Outage,
    Resume,
    Settle,
    Step,
    Sync,
    Wait,
)
from cohortprop.trial import run
from tests.cover.trial.apps import kit_for

IDS = ("1001", "1002", "1003")
HOUR = 3600
DAY = 24 * HOUR


def torn_in(history: History) -> list[str]:
    """Whatever happens to a sync that is not under way."""
    begun: dict[str, SyncStarted] = {}
    ended: Counter[str] = Counter()
    faults = []
    for event in history:
        if isinstance(event, SyncStarted):
            if event.session in begun and not ended[event.session]:
                faults.append(f"{event.session} began twice")
            begun[event.session] = event
            ended[event.session] = 0
        elif isinstance(event, SyncEnded):
            if event.session not in begun:
                faults.append(f"{event.session} ended at {event.at} and never began")
            elif begun[event.session].cohort != event.cohort or begun[event.session].kind != event.kind:
                faults.append(f"{event.session} ended as another")
            ended[event.session] += 1
            if ended[event.session] > 1:
                faults.append(f"{event.session} ended twice")
        elif isinstance(event, Attempted):
            session = event.delivery.session_id
            if session not in begun or ended[session]:
                faults.append(f"{event.delivery} of {session} was sent outside of its sync")
    return faults


def world_of(*steps: Step, page_size: int = 1, connections: int = 2, **readings: str) -> Scenario:
    members = ("ann", "bob", "cy", "dan", "eve")
    cohorts = tuple(
        CohortSeed(cohort, f"cohort {cohort}", members[number:], connection=f"connection {number % connections}")
        for number, cohort in enumerate(IDS)
    )
    return Scenario(cohorts, steps, Dialect.pin(readings), page_size, "seldom")


SYNCED: tuple[Step, ...] = tuple(Sync(cohort) for cohort in IDS)
CHANGED: tuple[Step, ...] = tuple(step for each in IDS for step in (Leave(each, ("eve",)), Join(each, ("fay", "gus"))))


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("page_size", [1, 1000])
@pytest.mark.parametrize(("lost", "began"), [(0, 0), (0, 1), (1, 61), (4, 900), (0, 1799)])
def test_long_outages_with_several_cohorts_and_pages(connections: int, page_size: int, lost: int, began: int) -> None:
    steps = (*SYNCED, Wait(began), *CHANGED, Outage(5 * DAY + began, 503, lost), Wait(9 * DAY), *SYNCED)
    with kit_for() as kit:
        outcome = run(kit, world_of(*steps, page_size=page_size, connections=connections))
    assert outcome.violation is None
    assert any(isinstance(event, Skipped) and event.refused for event in outcome.history)
    assert not torn_in(outcome.history)


TIMES = st.sampled_from([0, 7, 60, 1800, 1801, 5 * HOUR, 3 * DAY, 3 * DAY + 1800, 20 * DAY])
COHORTS = st.sampled_from(IDS)
STEPS = st.one_of(
    st.builds(Wait, TIMES),
    st.builds(Outage, TIMES, st.sampled_from([503, 429, None]), st.integers(0, 3)),
    st.builds(Sync, COHORTS),
    st.builds(Join, COHORTS, st.just(("fay", "gus"))),
    st.builds(Leave, COHORTS, st.just(("ann", "dan"))),
    st.builds(AbortSync, COHORTS, st.integers(0, 3), st.sampled_from([503, 404])),
    st.builds(ExpireSnapshot, COHORTS, st.just(("fay",)), st.just(("ann",)), st.booleans()),
    st.builds(Fates, st.lists(st.sampled_from(["lose", "refuse", "duplicate", "deliver"]), max_size=9).map(tuple)),
    st.builds(Resume, COHORTS),
    st.just(Settle()),
)
READINGS = st.fixed_dictionaries(
    {},
    optional={
        "full_sync": st.just("add_members"),
        "empty_diff": st.just("silent"),
        "restarted_sync": st.just("same_deliveries"),
        "after_failure": st.just("members"),
        "three_days": st.just("expired"),
        "resume": st.just("next_tick"),
        "no_answer": st.just("fail"),
    },
)


@given(st.lists(STEPS, max_size=12), st.sampled_from([1, 2, 1000]), st.integers(1, 3), READINGS)
@settings(max_examples=60)
def test_any_steps(steps: list[Step], page_size: int, connections: int, readings: dict[str, str]) -> None:
    with kit_for() as kit:
        outcome = run(kit, world_of(*steps, page_size=page_size, connections=connections, **readings))
    assert outcome.violation is None
    assert not torn_in(outcome.history)
