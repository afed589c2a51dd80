"""How the receiver stood, and what it did afterwards."""

from __future__ import annotations

from collections import Counter

import pytest

from cohortprop.campaign import Finding
from cohortprop.checks import Violation
from cohortprop.oracle import IN, OUT
from cohortprop.reports.standing import Place, arrivals_so_far, recovery, standing, takes_instead
from cohortprop.simulation import Examined, History, LateArrived, PhaseBegan, Probed, SyncEnded, SyncStarted
from cohortprop.wire import Reply
from tests.cover.reports.cases import finding_of, scenario
from tests.cover.reports.samples import DELIVERY


def look(held: set[str], source: tuple[str, ...], **settled: str) -> Probed:
    demands = {"7": settled["demand"]} if settled else {}
    return Probed(0.0, {"7": frozenset(held)}, None, {"7": source}, demands)  # type: ignore[arg-type]  # as Literal


def of(*events: object, place: int = 0, user: str = "ann", check: str = "membership", **more: object) -> Finding:
    history = History()
    for event in events:
        history.add(event)  # type: ignore[arg-type]  # events all
    violation = Violation(check, place, "e", "s", "7", user, **more)  # type: ignore[arg-type]  # passed on
    return Finding(violation, scenario(), history, "", 1)


def test_the_user_concerned_comes_first_then_who_else_is_wrong() -> None:
    places = standing(finding_of("stale-pages"))
    assert [(place.user, place.wrong) for place in places] == [("ann", True), ("bob", False), ("cy", False)]
    assert places[0] == Place("ann", source=False, held=True, allowed="must be out")
    assert [place.user for place in standing(finding_of("page-lost-in-a-restart"))] == ["ann", "bob", "cy"]


def test_the_oracle_decides_what_is_allowed() -> None:
    finding = of(look({"bob", "cy"}, ("ann",)), allowed={"ann": IN, "bob": OUT, "cy": IN | OUT})
    assert [(place.user, place.allowed, place.wrong) for place in standing(finding)] == [
        ("ann", "must be in", True),
        ("bob", "must be out", True),
        ("cy", "may be either", False),
    ]


def test_whoever_was_never_named_must_be_out() -> None:
    assert standing(of(look({"eve"}, ()), user="eve"))[0].allowed == "must be out"


@pytest.mark.parametrize(("demand", "expected"), [("equal", "must be out"), ("include", "may be either")])
def test_after_a_full_sync_the_source_decides(demand: str, expected: str) -> None:
    finding = of(look({"bob"}, ("ann",), demand=demand), allowed={"ann": IN | OUT, "bob": IN | OUT})
    assert [place.allowed for place in standing(finding)] == ["must be in", expected]


def test_a_strict_replay_must_change_nothing() -> None:
    late = LateArrived(0.0, DELIVERY, Reply(200), strict=True)
    finding = of(look({"bob"}, ()), late, look({"ann"}, ()), place=2, signature="replay")
    assert [(place.user, place.allowed) for place in standing(finding)] == [("ann", "must be out")]
    lost = of(look({"ann"}, ()), late, look(set(), ()), place=2, signature="replay")
    assert standing(lost)[0].allowed == "must be in"


def test_without_a_look_there_is_no_standing() -> None:
    assert standing(of(Probed(0.0, None, None, {}))) == []
    assert standing(of(PhaseBegan(0.0, "way home", 1))) == []
    assert arrivals_so_far(of(look(set(), ()))) == []


def test_arrivals_begin_with_the_user_concerned() -> None:
    assert arrivals_so_far(finding_of("mailed-twice")) == [("dan", 2), ("ann", 1), ("bob", 1), ("cy", 1)]
    assert arrivals_so_far(finding_of("never-mailed")) == [("ann", 0)]


WRONG, RIGHT = look({"ann"}, ()), look(set(), ())


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([RIGHT, RIGHT], "Yes: the next sync puts it right."),
        ([WRONG, RIGHT], "The next full sync puts it right"),
        ([WRONG, WRONG], "No: neither the next sync nor a full sync"),
        ([WRONG], "Not with the next sync."),
        ([], ""),
    ],
)
def test_whether_it_recovers(stages: list[Probed], expected: str) -> None:
    events: list[object] = [WRONG]
    for number, seen in enumerate(stages, start=1):
        events += [PhaseBegan(0.0, "aftermath", number), WRONG, seen]
    if len(stages) == 2:
        events += [PhaseBegan(0.0, "aftermath", 3), RIGHT, RIGHT]
    told = recovery(of(*events))
    assert expected in told
    assert bool(told) == bool(expected)


def test_the_next_sync_may_be_a_full_one() -> None:
    started = SyncStarted(0.0, "7", "s", "full", 1)
    other = SyncStarted(0.0, "8", "t", "diff", 1)
    told = recovery(of(WRONG, PhaseBegan(0.0, "aftermath", 1), other, started, RIGHT))
    assert told == "Yes: the next sync, a full one, puts it right."


def test_a_stage_without_a_look_says_nothing() -> None:
    assert recovery(of(WRONG, PhaseBegan(0.0, "aftermath", 1))) == ""


def test_a_real_one_does_not_recover_and_another_does() -> None:
    assert recovery(finding_of("ghost-after-four-days")).startswith("No: neither")
    assert "The next full sync puts it right" in recovery(finding_of("page-lost-in-a-restart"))


def test_it_has_not_recovered_while_others_are_still_wrong() -> None:
    """By the time of the next sync ann has left anyway, but bob and cy are still lost."""
    assert "The next full sync puts it right" in recovery(finding_of("keyed-by-name"))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("paused", "No: the sync is paused until a person resumes it."),
        ("failed", "sends the same kind of request again"),
        ("succeeded", ""),
    ],
)
def test_what_follows_a_refusal(outcome: str, expected: str) -> None:
    ended = SyncEnded(0.0, "7", "s", "diff", outcome, "")  # type: ignore[arg-type]  # as Literal
    told = recovery(of(RIGHT, ended, PhaseBegan(0.0, "aftermath", 1), check="acceptance"))
    assert expected in told
    assert bool(told) == bool(expected)
    assert recovery(of(RIGHT, ended, check="dependency")) == told
    assert recovery(of(RIGHT, PhaseBegan(0.0, "aftermath", 1), ended, check="acceptance")) == ""
    assert recovery(of(RIGHT, ended, check="envelope")) == ""


def counted(**arrivals: int) -> Probed:
    return Probed(0.0, None, Counter({("7", user): count for user, count in arrivals.items()}), {"7": ()})


@pytest.mark.parametrize(
    ("stages", "signature", "expected"),
    [
        ([], "many", "No: what the app has done cannot be taken back."),
        ([{"ann": 2}, {"ann": 3}, {"ann": 3, "newcomer": 1}], "many", "in which nothing was new, it acted again."),
        ([{"ann": 2}, {"ann": 2}, {"newcomer": 2}], "many", "had to be sent again, it acted twice for that one, too."),
        ([{"ann": 2}, {"ann": 2}, {"newcomer": 1}], "many", "No: what the app has done cannot be taken back."),
        ([], "few", "Not by itself: for Mixpanel the entry is delivered, and no diff names the user again."),
    ],
)
def test_what_follows_wrong_arrivals(stages: list[dict[str, int]], signature: str, expected: str) -> None:
    events: list[object] = [counted(ann=2)]
    for number, counts in enumerate(stages, start=1):
        events += [PhaseBegan(0.0, "aftermath", number), counted(**counts)]
    told = recovery(of(*events, check="arrivals", signature=signature))
    assert told.endswith(expected)
    assert bool(told) == bool(expected)


def test_what_would_have_been_taken_instead() -> None:
    tried = [
        Examined(0.0, "", Reply(400)),
        Examined(0.0, "an odd id", Reply(200)),
        Examined(0.0, "a new name", Reply(200)),
    ]
    assert takes_instead(of(RIGHT, *tried)) == "The same request, sent again as it was → 400; with plain ids → 200."
    assert takes_instead(of(RIGHT, tried[0], Examined(0.0, "an odd id", Reply(400)))) == (
        "The same request, sent again as it was → 400; and no better with the one change that was tried."
    )
    assert takes_instead(of(RIGHT, tried[0])) == "The same request, sent again as it was → 400."
    assert takes_instead(of(RIGHT)) == ""
