"""Who is wrong is accused: faulty receivers under the same random histories that spare every correct one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Literal

import pytest

from cohortprop.oracle import ArrivalFault
from tests.cover.oracle.histories import History
from tests.cover.oracle.miniatures import (
    IgnoresRemovals,
    LastPageWins,
    LosesSecondPages,
    MailsAgainOnFullSyncs,
    MailsNobody,
    MailsNobodyOnFullSyncs,
    MailsOnEachMention,
    Merges,
    Miniature,
    NeverMailsTwice,
    OneCohortForAll,
    RemovalAdds,
    StagesByCohort,
    StagesFullSyncs,
)

Policy = Literal["once_per_entry", "once_per_user"]
ArrivesOn = Literal["any", "add_members"]


class Accused(Exception):
    """The oracle has found a fault."""


def first_accused(design: Callable[[], Miniature], judge: Callable[[History, Miniature], object], *, late: bool) -> int:
    """The number of the first of many histories in which a receiver of this design is accused; -1 for none."""
    for seed in range(300):
        receiver = design()
        history = History(Random(seed), [receiver], late=late)

        def check(history: History = history, receiver: Miniature = receiver) -> None:
            if judge(history, receiver):
                raise Accused

        history.check = check
        try:
            history.run(40)
        except Accused:
            return seed
    return -1


def judge_members(history: History, receiver: Miniature) -> object:
    return [fault for name in history.cohorts for fault in history.oracle.judge_members(name, receiver.members(name))]


@pytest.mark.parametrize(
    "design",
    [Merges, LastPageWins, StagesByCohort, IgnoresRemovals, RemovalAdds, LosesSecondPages, OneCohortForAll],
)
@pytest.mark.parametrize("late", [False, True])
def test_whom_they_hold(design: type[Miniature], late: bool) -> None:
    assert first_accused(design, judge_members, late=late) >= 0


@pytest.mark.parametrize(
    ("design", "policy", "arrives_on"),
    [
        (MailsOnEachMention, "once_per_entry", "any"),
        (MailsOnEachMention, "once_per_user", "any"),
        (MailsAgainOnFullSyncs, "once_per_entry", "any"),
        (StagesFullSyncs, "once_per_user", "any"),
        (MailsNobodyOnFullSyncs, "once_per_entry", "any"),
        (MailsNobody, "once_per_entry", "any"),
        (MailsNobody, "once_per_user", "any"),
        (MailsNobody, "once_per_entry", "add_members"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_whom_they_mail(design: type[Miniature], policy: Policy, arrives_on: ArrivesOn, late: bool) -> None:
    def judge(history: History, receiver: Miniature) -> list[ArrivalFault]:
        return history.oracle.judge_arrivals(receiver.arrivals, policy, arrives_on)

    assert first_accused(design, judge, late=late) >= 0


def test_a_receiver_that_never_mails_twice_breaks_no_other_rule() -> None:
    """Once per entry means at most: nobody is owed a second mail."""

    def judge(history: History, receiver: Miniature) -> object:
        return judge_members(history, receiver) or history.oracle.judge_arrivals(receiver.arrivals)

    assert first_accused(NeverMailsTwice, judge, late=True) == -1
