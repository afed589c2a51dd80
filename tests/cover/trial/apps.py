"""Receivers for these tests: a correct core from the zoo, wrong in whatever way a test asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cohortprop.checks import BUILT_IN, Check
from cohortprop.receiver import Receiver
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Probing, Scenario
from cohortprop.simulation.steps import Step
from cohortprop.trial import Outcome, TrialKit, open_kit, run
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster

VIPS = "1001"
TRIALS = "1002"

Take = Callable[[Roster, Page], object]


def correct(roster: Roster, page: Page) -> None:
    roster.take(page)


def ignores_removals(roster: Roster, page: Page) -> None:
    if page.action != "remove_members":
        roster.take(page)


def merges_full_syncs(roster: Roster, page: Page) -> None:
    if page.action == "members":
        roster.add(page.cohort, page.ids)
    else:
        roster.take(page)


def factory(take: Take = correct, **changes: Any) -> Callable[[], Receiver]:
    """Builds receivers whose pages go to `take`, with some arguments of Receiver replaced."""

    def build() -> Receiver:
        roster = Roster()
        described: dict[str, Any] = {
            "app": webhook(lambda page: take(roster, page)),
            "members": roster.members,
            "arrivals": roster.arrivals,
            "arrival_policy": "once_per_user",
        }
        described.update(changes)
        return Receiver(**described)

    return build


@contextmanager
def kit_for(take: Take = correct, checks: tuple[Check, ...] = BUILT_IN, **changes: Any) -> Iterator[TrialKit]:
    """A kit at the real time, since none of these receivers reads a clock."""
    time_limit = changes.pop("time_limit", 10.0)
    with open_kit(factory(take, **changes), checks, clock="none", time_limit=time_limit) as kit:
        yield kit


def scenario(
    *steps: Step,
    members: tuple[str, ...] = ("ann", "bob", "cy"),
    page_size: int = 2,
    probing: Probing = "delivery",
    **readings: str,
) -> Scenario:
    return Scenario((CohortSeed(VIPS, "VIPs", members),), steps, Dialect.pin(readings), page_size, probing)


def outcome_of(take: Take, *steps: Step, muted: frozenset[tuple[str, str]] = frozenset(), **changes: Any) -> Outcome:
    with kit_for(take, **changes) as kit:
        return run(kit, scenario(*steps), muted)
