"""Short ways to tell an oracle what happened."""

from __future__ import annotations

from cohortprop.oracle import Oracle, Page
from cohortprop.wire import Action

COHORT = "7"


def full(users: str, session: str = "full", number: int = 1, total: int = 1, cohort: str = COHORT) -> Page:
    """A page of a full sync by `members`."""
    return page("members", users, session, number, total, cohort)


def adds(users: str, session: str = "diff", number: int = 1, total: int = 1, cohort: str = COHORT) -> Page:
    return page("add_members", users, session, number, total, cohort)


def removes(users: str, session: str = "diff", number: int = 1, total: int = 1, cohort: str = COHORT) -> Page:
    return page("remove_members", users, session, number, total, cohort)


def page(action: Action, users: str, session: str, number: int, total: int, cohort: str) -> Page:
    return Page(cohort, session, action, number, total, tuple(users))


def settle(oracle: Oracle, *pages: Page) -> None:
    """A sync with these deliveries: all reach, all are acknowledged."""
    for each in pages:
        oracle.reach(each)
    oracle.succeed(pages[0].cohort, pages[0].session)


def settled(*pages: Page) -> Oracle:
    """An oracle that has seen one such sync."""
    oracle = Oracle()
    settle(oracle, *pages)
    return oracle


IN, OUT, EITHER = "in", "out", "either"
_WORDS = {1: OUT, 2: IN, 3: EITHER}


def states(oracle: Oracle, users: str, cohort: str = COHORT) -> list[str]:
    """What is possible for each of these users."""
    return [_WORDS[oracle.possible(cohort, user)] for user in users]


def accused(oracle: Oracle, held: str, cohort: str = COHORT) -> list[str]:
    """Who is wrong, if this is what a receiver holds: as ``+ann`` for who must not be held, ``-ann`` for who must."""
    return [f"{'+' if fault.held else '-'}{fault.user}" for fault in oracle.judge_members(cohort, held)]


def arrivals(oracle: Oracle, counts: dict[str, int], **options: str) -> list[tuple[str, int, int, int]]:
    """Whose arrivals are wrong: user, count, least and most."""
    by_cohort = {(COHORT, user): count for user, count in counts.items()}
    faults = oracle.judge_arrivals(by_cohort, **options)  # type: ignore[arg-type]
    assert all(fault.cohort == COHORT for fault in faults)
    return [(fault.user, fault.count, fault.least, fault.most) for fault in faults]
