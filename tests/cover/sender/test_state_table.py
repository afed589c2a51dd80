"""The state machine of a subscription: which state follows on which event, and what can never happen."""

from __future__ import annotations

import pytest

from cohortprop.errors import ToolkitError
from cohortprop.sender import Cohort, Dialect, Meaning, Source, State, Subscription, Verdict
from cohortprop.sender.subscription import TRANSITIONS, Event
from tests.cover.sender.driving import next_send, sender_of, success

SOURCE = Source()
SOURCE.add_cohort(Cohort("7", "VIPs"))
SOURCE.join("7", "abc")


def subscription(state: State = State.WAITING) -> Subscription:
    return Subscription("7", "webhook", 0.0, Dialect(), page_size=2, state=state)


def sending() -> Subscription:
    started = subscription()
    started.begin(0, SOURCE, lambda: "s")
    return started


def after(meaning: Meaning, tries: int = 1) -> tuple[Event, State]:
    busy = sending()
    event = Event.DUE
    for _ in range(tries):
        if busy.state is State.BACKING_OFF:
            busy.retry()
        busy.next_delivery(0, SOURCE)
        event = busy.take(Verdict(meaning), 0)
    return event, busy.state


def test_the_table() -> None:
    assert {(before.value, event.value): then.value for (before, event), then in TRANSITIONS.items()} == {
        ("waiting", "due"): "sending",
        ("sending", "page taken"): "sending",
        ("sending", "completed"): "waiting",
        ("sending", "failed for now"): "backing off",
        ("backing off", "due"): "sending",
        ("sending", "given up"): "waiting",
        ("sending", "refused"): "paused",
        ("paused", "resumed"): "waiting",
        ("finished", "resumed"): "waiting",
    }


def test_each_answer_is_an_event() -> None:
    assert after(Meaning.TAKEN) == (Event.PAGE_TAKEN, State.SENDING)
    assert after(Meaning.TAKEN, tries=2) == (Event.COMPLETED, State.WAITING)
    assert after(Meaning.TRANSIENT) == (Event.FAILED_FOR_NOW, State.BACKING_OFF)
    assert after(Meaning.TRANSIENT, tries=5) == (Event.FAILED_FOR_NOW, State.BACKING_OFF)
    assert after(Meaning.TRANSIENT, tries=6) == (Event.GIVEN_UP, State.WAITING)
    assert after(Meaning.FAILED) == (Event.GIVEN_UP, State.WAITING)
    assert after(Meaning.PAUSING) == (Event.REFUSED, State.PAUSED)


@pytest.mark.parametrize("state", State)
def test_what_a_state_is_called(state: State) -> None:
    assert subscription(state).syncing is (state.value in {"sending", "backing off"})
    assert subscription(state).acts is (state.value not in {"paused", "finished"})


@pytest.mark.parametrize("state", [state for state in State if (state, Event.RESUMED) not in TRANSITIONS])
def test_only_what_stands_still_is_resumed(state: State) -> None:
    with pytest.raises(ToolkitError, match=f"^cohort 7: resumed while {state.value}$"):
        subscription(state).resume(0)


@pytest.mark.parametrize("state", [State.SENDING, State.PAUSED, State.FINISHED])
def test_only_what_waits_begins(state: State) -> None:
    with pytest.raises(ToolkitError, match=f"^cohort 7: due while {state.value}$"):
        subscription(state).begin(0, SOURCE, lambda: "s")


@pytest.mark.parametrize("state", State)
def test_without_a_sync_under_way_there_is_nothing_to_send_or_to_complete(state: State) -> None:
    idle = subscription(state)
    with pytest.raises(ToolkitError, match=f"^no sync of cohort 7 is under way while {state.value}$"):
        idle.next_delivery(0, SOURCE)
    with pytest.raises(ToolkitError, match=f"^no sync of cohort 7 is under way while {state.value}$"):
        idle.complete(0)


def test_an_answer_counts_once() -> None:
    sender = sender_of("a")
    send = next_send(sender, 0)
    sender.answer(send, success("members"), 0)
    with pytest.raises(ToolkitError, match=r"^no sync of cohort 7 is under way while waiting$"):
        sender.answer(send, success("members"), 0)


def test_a_page_is_taken_only_while_it_is_sent() -> None:
    busy = sending()
    busy.next_delivery(0, SOURCE)
    busy.take(Verdict(Meaning.TRANSIENT), 0)
    with pytest.raises(ToolkitError, match=r"^cohort 7: page taken while backing off$"):
        busy.take(Verdict(Meaning.TAKEN), 0)


def test_nor_while_it_backs_off() -> None:
    busy = sending()
    busy.next_delivery(0, SOURCE)
    busy.take(Verdict(Meaning.TRANSIENT), 0)
    with pytest.raises(ToolkitError, match=r"^nothing to send for cohort 7 while backing off$"):
        busy.next_delivery(0, SOURCE)


def test_a_new_one_is_due_when_it_was_created() -> None:
    new = Subscription("7", "webhook", 250.0, Dialect())
    assert (new.state, new.due_at) == (State.WAITING, 250.0)
    assert (new.one_time, new.created_by, new.page_size) == (False, "owner", 1000)
    assert (new.plan, new.snapshot, new.failed, new.succeeded) == (None, None, False, False)
    assert (new.position, new.tries, new.refresh_asked) == (0, 0, False)
    assert (new.begun_at, new.first_try_at) == (0.0, 0.0)


def test_a_plan_is_forgotten_when_its_sync_has_ended() -> None:
    busy = sending()
    assert busy.plan is not None
    for _ in range(2):
        busy.next_delivery(0, SOURCE)
        busy.take(Verdict(Meaning.TAKEN), 0)
    assert busy.plan is None
