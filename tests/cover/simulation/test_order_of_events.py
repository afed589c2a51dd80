"""The history tells what happened in the order in which it happened."""

from __future__ import annotations

import pytest

from cohortprop.simulation import (
    Attempted,
    CohortSeed,
    Duplicated,
    Event,
    History,
    LateArrived,
    Probed,
    Restarted,
    SyncEnded,
    SyncStarted,
    describe_outcome,
)
from cohortprop.simulation.steps import (
    AbortSync,
    Fates,
    Join,
    Outage,
    Replay,
    RestartInside,
    Resume,
    Settle,
    Sync,
    Wait,
)
from cohortprop.wire import NoReply, Reply
from tests.cover.simulation.sandbox import COHORT, Sandbox


def told(sandbox: Sandbox) -> list[str]:
    """The history in few words."""
    return [in_short(event) for event in sandbox.history]


def in_short(event: Event) -> str:
    match event:
        case Attempted():
            return f"{event.delivery} {event.fate}"
        case Duplicated() | LateArrived():
            return f"{event.delivery} {type(event).__name__}"
        case SyncStarted():
            return f"started {event.kind} of {event.deliveries}"
        case SyncEnded():
            return f"{event.outcome} {event.kind}"
        case Probed():
            return "look"
        case _:
            return type(event).__name__


def test_a_sync_begins_before_its_first_attempt_and_ends_after_its_last() -> None:
    sandbox = Sandbox("ab", page_size=1).take(Sync(COHORT), Join(COHORT, ("c",)), Sync(COHORT))
    assert told(sandbox) == [
        "started full of 2",
        "members(a) page 1 of 2 deliver",
        "members(b) page 2 of 2 deliver",
        "succeeded full",
        "Changed",
        "started diff of 2",
        "add_members(c) deliver",
        "remove_members() deliver",
        "succeeded diff",
    ]


def test_a_look_after_a_delivery_comes_after_all_that_it_led_to() -> None:
    sandbox = Sandbox("ab", page_size=1, probing="delivery").take(RestartInside(COHORT, 2))
    assert told(sandbox) == [
        "started full of 2",
        "members(a) page 1 of 2 deliver",
        "look",
        "members(b) page 2 of 2 deliver",
        "succeeded full",
        "Restarted",
        "look",
    ]


def test_a_duplicate_arrives_at_once_before_the_sync_ends() -> None:
    sandbox = Sandbox("a", probing="delivery").take(Fates(("duplicate",)), Sync(COHORT))
    assert told(sandbox) == [
        "started full of 1",
        "members(a) duplicate",
        "members(a) Duplicated",
        "succeeded full",
        "look",
    ]


def test_nobody_looks_after_what_never_arrived() -> None:
    sandbox = Sandbox("a", probing="delivery", no_answer="fail").take(Fates(("refuse", "lose")), Sync(COHORT))
    assert told(sandbox) == ["started full of 1", "members(a) refuse", "failed full"]
    sandbox.take(Sync(COHORT))
    assert told(sandbox)[3:] == ["started full of 1", "members(a) lose", "failed full", "look"]


def test_a_sync_that_pauses_and_is_resumed() -> None:
    sandbox = Sandbox("a")
    sandbox.shop.answers = [401]
    sandbox.take(Sync(COHORT), Resume(COHORT), Resume(COHORT), Sync(COHORT))
    assert told(sandbox) == [
        "started full of 1",
        "members(a) deliver",
        "paused full",
        "Resumed",
        "started full of 1",
        "members(a) deliver",
        "succeeded full",
    ]


def test_the_two_ends_of_a_sync_bear_its_session() -> None:
    sandbox = Sandbox("a").take(AbortSync(COHORT, 0), Sync(COHORT))
    first, second = sandbox.events(SyncStarted)
    assert [event.session for event in sandbox.events(SyncEnded)] == [first.session, second.session]
    assert {event.delivery.session_id for event in sandbox.events(Attempted)} == {first.session, second.session}
    assert (first.at, sandbox.events(SyncEnded)[0].at, second.at) == (0, 60, 1800)


def test_a_sync_that_fails_keeps_the_message() -> None:
    sandbox = Sandbox("a").take(Outage(60, 422), Sync(COHORT))
    assert sandbox.events(SyncEnded)[0].message == "HTTP 422"


def test_attempts_are_counted_within_their_sync() -> None:
    sandbox = Sandbox("ab", page_size=1).take(Fates(("lose", "deliver", "refuse", "refuse")), Sync(COHORT))
    assert [event.attempt for event in sandbox.events(Attempted)] == [1, 2, 1, 2, 3]


def test_what_the_app_answered_and_what_the_sender_saw() -> None:
    sandbox = Sandbox("a").take(Fates(("lose", "refuse 429")), Sync(COHORT))
    lost, refused, taken = sandbox.events(Attempted)
    assert isinstance(lost.reply, Reply)
    assert (lost.reply.status, lost.outcome) == (200, NoReply("timed out"))
    assert (refused.reply, refused.outcome) == (None, Reply(429))
    assert taken.reply is taken.outcome
    assert [event.reached for event in (lost, refused, taken)] == [True, False, True]


def test_all_that_reached_the_app_in_order() -> None:
    sandbox = Sandbox("a").take(Fates(("refuse", "lose", "duplicate")), Sync(COHORT), Replay(0))
    found = list(sandbox.history.arrivals_at_app())
    assert [how for *_, how in found] == ["attempt", "attempt", "duplicate", "late"]
    for place, delivery, reply, _ in found:
        event = sandbox.history.events[place]
        assert isinstance(event, (Attempted, Duplicated, LateArrived))
        assert (event.delivery, event.reply) == (delivery, reply)


def test_whoever_listens_hears_of_each_event_as_it_happens() -> None:
    heard: list[int] = []
    history = History(lambda event: heard.append(len(history)))
    for at in (1.0, 2.0):
        history.add(Restarted(at))
    assert heard == [1, 2]
    assert list(history) == [Restarted(1.0), Restarted(2.0)]
    assert len(history) == 2


def test_nobody_need_listen() -> None:
    history = History()
    history.add(Restarted(1.0))
    assert history.events == [Restarted(1.0)]


@pytest.mark.parametrize(
    ("outcome", "words"), [(Reply(503), "503"), (NoReply(), "connection refused"), (NoReply("timed out"), "timed out")]
)
def test_an_outcome_in_words(outcome: Reply | NoReply, words: str) -> None:
    assert describe_outcome(outcome) == words


def test_a_look_has_what_is_held_what_arrived_and_the_truth() -> None:
    sandbox = Sandbox(["ann"], probing="delivery").take(Sync(COHORT))
    (look,) = sandbox.events(Probed)
    assert look.held == {COHORT: frozenset({"ann"})}
    assert look.arrivals == {(COHORT, "ann"): 1}
    assert look.source == {COHORT: ("ann",)}
    assert look.settled == {}


def test_work_that_is_queued_is_done_before_a_look() -> None:
    sandbox = Sandbox(["ann"]).take(Sync(COHORT))
    assert sandbox.shop.drained == 0
    sandbox.world.probe()
    assert sandbox.shop.drained == 1


def test_a_receiver_may_have_nothing_to_look_at() -> None:
    sandbox = Sandbox(["ann"], probing="delivery", receiver={"members": None, "arrivals": None, "drain": None})
    sandbox.take(Sync(COHORT))
    (look,) = sandbox.events(Probed)
    assert (look.held, look.arrivals) == (None, None)


def test_the_truth_is_that_of_the_moment() -> None:
    sandbox = Sandbox(cohorts=(CohortSeed("7", "a", ("ann",)), CohortSeed("8", "b")), probing="delivery")
    sandbox.take(Sync("7"), Join("8", ("bob",)), Wait(1), Settle())
    assert sandbox.events(Probed)[-1].source == {"7": ("ann",), "8": ("bob",)}
