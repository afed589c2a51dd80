"""Nobody who is right is ever accused: correct receivers of different design, under random legal histories."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cover.oracle.histories import History
from tests.cover.oracle.miniatures import (
    MAILING,
    SILENT,
    MailsNobodyOnFullSyncs,
    Miniature,
    NeverMailsTwice,
)

RANDOMS = st.randoms(use_true_random=False)


def judged(history: History, receiver: Miniature) -> list[object]:
    """What a receiver is accused of, membership only."""
    oracle = history.oracle
    return [fault for cohort in history.cohorts for fault in oracle.judge_members(cohort, receiver.members(cohort))]


@given(random=RANDOMS, late=st.booleans(), steps=st.integers(1, 25))
@settings(max_examples=120)
def test_whom_they_hold_and_whom_they_mail(random: Random, late: bool, steps: int) -> None:
    mailing = [design() for design in MAILING]
    silent = [design() for design in SILENT]
    history = History(random, [*mailing, *silent], late=late)

    def check() -> None:
        for receiver in [*mailing, *silent]:
            assert (type(receiver).__name__, judged(history, receiver)) == (type(receiver).__name__, [])
        for receiver in mailing:
            found = history.oracle.judge_arrivals(receiver.arrivals)
            assert (type(receiver).__name__, found) == (type(receiver).__name__, [])

    history.check = check
    history.run(steps)


@pytest.mark.parametrize("seed", range(150))
def test_long_histories(seed: int) -> None:
    mailing = [design() for design in MAILING]
    silent = [design() for design in SILENT]
    history = History(Random(seed), [*mailing, *silent])

    def check() -> None:
        for receiver in [*mailing, *silent]:
            assert judged(history, receiver) == []
        for receiver in mailing:
            assert history.oracle.judge_arrivals(receiver.arrivals) == []

    history.check = check
    history.run(60)


@given(random=RANDOMS)
@settings(max_examples=30)
def test_once_per_user(random: Random) -> None:
    receiver = NeverMailsTwice()
    history = History(random, [receiver])

    def check() -> None:
        assert history.oracle.judge_arrivals(receiver.arrivals, "once_per_user") == []

    history.check = check
    history.run(25)


@given(random=RANDOMS)
@settings(max_examples=30)
def test_silent_on_full_syncs_on_purpose(random: Random) -> None:
    receiver = MailsNobodyOnFullSyncs()
    history = History(random, [receiver])

    def check() -> None:
        assert history.oracle.judge_arrivals(receiver.arrivals, arrives_on="add_members") == []

    history.check = check
    history.run(25)


def test_the_histories_are_worth_the_name() -> None:
    """They settle users as in and as out, leave others in doubt, and blur some."""
    seen: Counter[int] = Counter()
    for seed in range(60):
        history = History(Random(seed), [])

        def check(history: History = history) -> None:
            seen.update(states for cohort in history.cohorts for states in history.oracle.known(cohort).values())

        history.check = check
        history.run(40)
    assert set(seen) == {1, 2, 3}
    assert min(seen.values()) > sum(seen.values()) / 20
