"""A leap leaves the sender where stepping from attempt to attempt would have left it, in any dialect."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cohortprop.sender import QUESTIONS, Cohort, Dialect, Sender, Source
from cohortprop.sender.plan import Plan
from cohortprop.wire import NoReply, Outcome, Reply
from tests.cover.sender.driving import DOWN, HALF_HOUR, accept, always, drive, failure, stories

USERS = "abcd"


@dataclass(frozen=True)
class Track:
    """One cohort: its sync, and what happens to it before the time that is leapt over."""

    created_at: float
    connection: str
    one_time: bool
    members: str
    later: str
    """Its members from then on."""
    paused: bool
    ages: float
    """Half hours by which its snapshot is older than it would be."""


TRACKS = st.builds(
    Track,
    created_at=st.sampled_from([0.0, 17.0, 61 / 31, 600.5, 1799.0]),
    connection=st.sampled_from("xy"),
    one_time=st.sampled_from([False, False, False, True]),
    members=st.sampled_from(["", "a", "abc"]),
    later=st.sampled_from(["", "a", "abc", "bcd"]),
    paused=st.sampled_from([False, False, False, True]),
    ages=st.sampled_from([0, 100, 138, 139, 140, 141, 142, 150]),
)
DIALECTS = st.builds(
    Dialect.pin,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(list(q.readings)) for name, q in QUESTIONS.items()}),
)
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from([DOWN, NoReply("connection refused"), Reply(302), failure(422)])


def prepare(dialect: Dialect, tracks: list[Track], page_size: int) -> Sender:
    """Two hours in which all is well, then each cohort's churn."""
    source = Source()
    sender = Sender(source, dialect, page_size=page_size)
    # A sync that expires into silence no longer holds up its connection: the others on it begin a minute earlier than
    # a leap has it. No more than that differs, and only there.
    alone = dialect.full_sync == "add_members" and dialect.empty_diff == "silent"
    for number, track in enumerate(tracks, 1):
        source.add_cohort(Cohort(str(number), "VIPs"))
        source.join(str(number), track.members)
        connection = str(number) if alone else track.connection
        sender.create_sync(str(number), track.created_at, connection=connection, one_time=track.one_time)
    drive(sender, 0, 4 * HALF_HOUR - 1, accept)
    for cohort, track in zip(sender.subscriptions.values(), tracks, strict=True):
        source.leave(cohort.cohort_id, set(track.members) - set(track.later))
        source.join(cohort.cohort_id, track.later)
        if cohort.snapshot is not None:
            cohort.snapshot.taken_at -= track.ages * HALF_HOUR
    paused = {str(number) for number, track in enumerate(tracks, 1) if track.paused}
    drive(
        sender,
        4 * HALF_HOUR - 1,
        5 * HALF_HOUR - 1,
        lambda send, now: failure(404) if send.delivery.cohort_id in paused else DOWN,
    )
    return sender


def shape(plan: Plan | None) -> object:
    """A plan but for the name of its session, which is drawn afresh each time."""
    return plan and (plan.kind, [(call.action, list(call.ids), call.pages) for call in plan.calls])


def standing(sender: Sender) -> list[dict[str, Any]]:
    """All that a sender will ever act on."""
    return [
        {
            "state": each.state,
            "due_at": round(each.due_at, 3) if each.acts else None,
            "plan": shape(each.plan),
            "retained": shape(each._retained),
            "position": each.position if each.syncing else None,
            "tries": each.tries,
            "failed": each.failed,
            "succeeded": each.succeeded,
            "first_try_at": round(each.first_try_at, 3) if each.syncing else None,
            "snapshot": each.snapshot and (list(each.snapshot.members), round(each.snapshot.taken_at, 3)),
        }
        for each in sender.subscriptions.values()
    ]


def leap_or_step(sender: Sender, now: float, until: float, outcome: Outcome) -> int:
    """Step until two moments half an hour apart are alike, leap, and step the rest; returns the half hours leapt."""
    while not sender.at_rest:
        drive(sender, now, now + 10, always(outcome))
        now += 10
    for _ in range(4):
        before = sender.phase(now)
        drive(sender, now, now + HALF_HOUR, always(outcome))
        now += HALF_HOUR
        if sender.phase(now) == before:
            break
    else:
        raise AssertionError("no two half hours of an outage are alike")
    half_hours = int((until - now) // HALF_HOUR)
    if half_hours > 0:
        sender.leap(half_hours * HALF_HOUR, now, half_hours)
    drive(sender, now + half_hours * HALF_HOUR, until, always(outcome))
    return half_hours


@given(
    dialect=DIALECTS,
    tracks=st.lists(TRACKS, min_size=1, max_size=3),
    page_size=st.integers(1, 3),
    outcome=OUTCOMES,
    offset=st.sampled_from([0.0, 1.0, 3.0, 61.0, 200.0, 1000.0]),
    half_hours=st.integers(5, 14),
    joins=st.booleans(),
)
@settings(max_examples=150)
def test_in_an_outage(
    dialect: Dialect,
    tracks: list[Track],
    page_size: int,
    outcome: Outcome,
    offset: float,
    half_hours: int,
    joins: bool,
) -> None:
    stepping = prepare(dialect, tracks, page_size)
    start = 5 * HALF_HOUR - 1
    drive(stepping, start, start + offset, always(outcome))
    leaping = copy.deepcopy(stepping)
    start += offset
    until = start + half_hours * HALF_HOUR
    drive(stepping, start, until, always(outcome))
    assert leap_or_step(leaping, start, until, outcome) > 0
    assert standing(leaping) == standing(stepping)
    for sender in (leaping, stepping):
        for cohort in sender.source.cohorts if joins else ():
            sender.source.join(cohort, "z")
    after = [drive(sender, until, until + 2 * HALF_HOUR) for sender in (leaping, stepping)]
    assert rounded(after[0]) == rounded(after[1])
    assert standing(leaping) == standing(stepping)


def rounded(sent: list[Any]) -> list[tuple[float, str]]:
    return [(round(at, 3), said) for at, said in stories(sent)]


@given(
    dialect=DIALECTS,
    tracks=st.lists(TRACKS, min_size=1, max_size=3),
    offset=st.sampled_from([0.0, 3.0, 1000.0]),
    half_hours=st.integers(5, 300),
)
@settings(max_examples=60)
def test_in_silence(dialect: Dialect, tracks: list[Track], offset: float, half_hours: int) -> None:
    stepping = prepare(dialect, tracks, 2)
    start = 8 * HALF_HOUR + offset
    drive(stepping, 5 * HALF_HOUR - 1, start)
    quiet = copy.deepcopy(stepping)
    assume(not drive(quiet, start, start + 2 * HALF_HOUR))
    leaping = copy.deepcopy(stepping)
    until = start + half_hours * HALF_HOUR
    assert drive(stepping, start, until) == []
    assert leap_or_step(leaping, start, until, DOWN) > 0
    assert standing(leaping) == standing(stepping)
    assert leaping.log == stepping.log
    for sender in (leaping, stepping):
        for cohort in sender.source.cohorts:
            sender.source.join(cohort, "z")
    after = [rounded(drive(sender, until, until + 2 * HALF_HOUR)) for sender in (leaping, stepping)]
    assert after[0] == after[1]
