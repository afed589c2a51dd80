"""Deliveries that meet at the app: which do, how they are written down, and what becomes of those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.sender import Dialect
from cohortprop.simulation import Attempted, CohortSeed, Duplicated, Event, Hung, PhaseBegan, Scenario, SyncEnded
from cohortprop.simulation.steps import Collide, Fates, Join, Leave, Outage, Restart, Step, Sync, SyncTogether, Trouble
from cohortprop.trial import TrialKit, open_kit, run

VIPS, TRIALS = "1001", "1002"
TOGETHER = Dialect.pin({"deliveries_at_once": "together"})


@pytest.fixture(scope="module")
def kit() -> Iterator[TrialKit]:
    with open_kit(zoo.upserts_in_sqlite, BUILT_IN, clock="none") as opened:
        yield opened


def two(*steps: Step, dialect: Dialect = TOGETHER, connection: str = "second") -> Scenario:
    cohorts = (
        CohortSeed(VIPS, "VIPs", ("ann", "bob", "cy")),
        CohortSeed(TRIALS, "Trials", ("bob", "cy", "dan"), connection=connection),
    )
    return Scenario(cohorts, steps, dialect, page_size=2)


def events_of(kit: TrialKit, scenario: Scenario) -> list[Event]:
    outcome = run(kit, scenario)
    assert outcome.violation is None
    return list(takewhile(lambda event: not isinstance(event, PhaseBegan), outcome.history))


def arrivals(events: list[Event]) -> list[tuple[str, str, int]]:
    return [
        (type(event).__name__, f"{event.delivery.cohort_id} {event.delivery}", event.crossing)
        for event in events
        if isinstance(event, (Attempted, Duplicated))
    ]


def test_what_two_connections_send_meets(kit: TrialKit) -> None:
    assert arrivals(events_of(kit, two(SyncTogether(1)))) == [
        ("Attempted", "1001 members(ann, bob) page 1 of 2", 1),
        ("Attempted", "1002 members(bob, cy) page 1 of 2", 1),
        ("Attempted", "1001 members(cy) page 2 of 2", 2),
        ("Attempted", "1002 members(dan) page 2 of 2", 2),
    ]


def test_the_sender_hears_of_both_after_both_are_written_down(kit: TrialKit) -> None:
    events = events_of(kit, two(SyncTogether(1)))
    last = max(number for number, event in enumerate(events) if isinstance(event, Attempted))
    ended = [number for number, event in enumerate(events) if isinstance(event, SyncEnded)]
    assert len(ended) == 2
    assert min(ended) > last


def test_syncs_of_one_connection_never_meet(kit: TrialKit) -> None:
    events = events_of(kit, two(SyncTogether(1), connection="webhook"))
    assert {crossing for _, _, crossing in arrivals(events)} == {0}
    assert sum(isinstance(event, SyncEnded) for event in events) == 2


@pytest.mark.parametrize(("seed", "first"), [(0, VIPS), (1, TRIALS)])
def test_where_deliveries_come_in_turn_the_seed_says_which_is_first(kit: TrialKit, seed: int, first: str) -> None:
    told = arrivals(events_of(kit, two(SyncTogether(seed), dialect=Dialect())))
    assert {crossing for _, _, crossing in told} == {0}
    assert told[0][1].startswith(first)
    assert len(told) == 4


def test_a_delivery_meets_its_copy(kit: TrialKit) -> None:
    events = events_of(kit, two(Collide(VIPS, 1)))
    of_vips = [each for each in arrivals(events) if each[1].startswith(VIPS)]
    assert of_vips == [
        ("Attempted", "1001 members(ann, bob) page 1 of 2", 1),
        ("Duplicated", "1001 members(ann, bob) page 1 of 2", 1),
        ("Attempted", "1001 members(cy) page 2 of 2", 2),
        ("Duplicated", "1001 members(cy) page 2 of 2", 2),
    ]
    assert {event.fate for event in events if isinstance(event, Attempted) and event.crossing} == {"duplicate"}


def test_in_turn_a_copy_comes_right_after(kit: TrialKit) -> None:
    told = arrivals(events_of(kit, two(Collide(VIPS, 1), dialect=Dialect())))
    kinds = [(kind, crossing) for kind, what, crossing in told if what.startswith(VIPS)]
    assert kinds == [("Attempted", 0), ("Duplicated", 0)] * 2


@pytest.mark.parametrize(
    "step",
    [Fates(("refuse 503", "deliver", "deliver")), Outage(30), Trouble(2)],
    ids=["refused", "outage", "trouble"],
)
def test_what_does_not_arrive_whole_and_what_is_retried_does_not_meet(kit: TrialKit, step: Step) -> None:
    outcome = run(kit, two(step, SyncTogether(1)))
    assert outcome.violation is None
    attempts = [event for event in outcome.history if isinstance(event, Attempted)]
    assert all(event.crossing == 0 for event in attempts[:2])
    assert all(event.crossing == 0 for event in attempts if event.attempt > 1)


def test_an_acknowledgement_may_be_lost_on_the_way_back(kit: TrialKit) -> None:
    outcome = run(kit, two(Fates(("lose",)), SyncTogether(1)))
    assert outcome.violation is None
    first, second = [event for event in outcome.history if isinstance(event, Attempted)][:2]
    assert (first.fate, second.fate, first.crossing, second.crossing) == ("lose", "deliver", 1, 1)


def test_the_same_scenario_gives_the_same_history(kit: TrialKit) -> None:
    scenario = two(
        SyncTogether(3), Join(VIPS, ("dan",)), Leave(TRIALS, ("cy",)), SyncTogether(4), Restart(), Collide(TRIALS, 5)
    )
    assert run(kit, scenario).history.events == run(kit, scenario).history.events


def test_a_plain_sync_after_it_is_alone_again(kit: TrialKit) -> None:
    events = events_of(kit, two(SyncTogether(1), Sync(VIPS)))
    assert [crossing for _, _, crossing in arrivals(events)][-2:] == [0, 0]


def test_both_stacks_of_a_deadlock_are_in_the_history() -> None:
    with open_kit(zoo.locks_cohorts_crosswise, BUILT_IN, clock="none", time_limit=1.0) as kit:
        outcome = run(kit, two(Sync(VIPS), Sync(TRIALS), *(SyncTogether(seed) for seed in range(8))))
    hung = next(event for event in outcome.history if isinstance(event, Hung))
    assert hung.crossing > 0
    assert hung.stack.count("with self._locks[other]:") == 2
    for cohort in (VIPS, TRIALS):
        assert f"cohort {cohort}, is here:" in hung.stack
