"""The questions of what an answer, or time, means, and each reading of each told apart. One class per question."""

from __future__ import annotations

import pytest

from cohortprop.sender import Dialect
from cohortprop.sender.subscription import State
from cohortprop.wire import NoReply, NoReplyReason, Outcome, Reply
from tests.cover.sender.driving import (
    CHURN,
    COHORT,
    DAY,
    DOWN,
    HALF_HOUR,
    always,
    churned,
    drive,
    envelope,
    failure,
    said,
    sender_of,
    stories,
    success,
)

TAKEN = FAILED = ("waiting", HALF_HOUR)
TRANSIENT = ("backing off", 60 / 31)
PAUSED = ("paused", HALF_HOUR)


def state_after(outcome: Outcome, **readings: str) -> tuple[str, float]:
    """Where a first sync stands after one answer, and when it is due."""
    sender = sender_of("a", Dialect.pin(readings))
    drive(sender, 0, 0, always(outcome))
    subscription = sender.subscriptions[COHORT]
    return subscription.state.value, subscription.due_at


class TestFailureIn2xx:
    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            (404, PAUSED),
            (400, PAUSED),
            (500, TRANSIENT),
            (429, TRANSIENT),
            (422, FAILED),
            (302, FAILED),
            (200, FAILED),
            (299, FAILED),
            (None, FAILED),
            (0, FAILED),
            (-503, FAILED),
            (600, FAILED),
        ],
    )
    def test_code_decides(self, code: int | None, expected: tuple[str, float]) -> None:
        assert state_after(failure(200, "no", code=code), failure_in_2xx="code_decides") == expected
        sender = sender_of("a")
        drive(sender, 0, 0, always(failure(200, "no", code=code)))
        assert sender.subscriptions[COHORT].failed is (expected != TRANSIENT)

    @pytest.mark.parametrize("code", [404, 500, 422, 200, None])
    def test_transient(self, code: int | None) -> None:
        assert state_after(failure(200, "no", code=code), failure_in_2xx="transient") == TRANSIENT

    def test_the_codes_of_other_rows_follow_their_readings(self) -> None:
        assert state_after(failure(200, code=422), other_4xx="pause") == PAUSED
        assert state_after(failure(200, code=302), redirect="transient") == TRANSIENT

    def test_another_action_makes_it_no_success(self) -> None:
        assert state_after(failure(201, action="add_members", code=503)) == TRANSIENT


class TestOddAnswer:
    ODD = (
        success("add_members"),
        Reply(200, b"OK", "text/plain"),
        Reply(200),
        Reply(204),
        Reply(201, b"[]", "application/json"),
    )

    @pytest.mark.parametrize("outcome", ODD)
    def test_success(self, outcome: Reply) -> None:
        sender = sender_of("a", Dialect(odd_answer="success"))
        drive(sender, 0, 0, always(outcome))
        assert [entry.outcome for entry in sender.log] == ["started", "succeeded"]

    @pytest.mark.parametrize("outcome", ODD)
    def test_failure(self, outcome: Reply) -> None:
        sender = sender_of("a", Dialect(odd_answer="failure"))
        sent = drive(sender, 0, HALF_HOUR - 1, always(outcome))
        assert len(sent) == 1, "no retry"
        assert [entry.outcome for entry in sender.log] == ["started", "failed"]
        assert sender.log[-1].message == f"HTTP {outcome.status}"

    @pytest.mark.parametrize("reading", ["success", "failure"])
    def test_an_unusual_status_or_type_is_not_odd(self, reading: str) -> None:
        sender = sender_of("a", Dialect.pin({"odd_answer": reading}))
        drive(sender, 0, 0, always(Reply(201, envelope("members", "success"), "text/plain")))
        assert [entry.outcome for entry in sender.log] == ["started", "succeeded"]


class TestOther4xx:
    @pytest.mark.parametrize("status", [402, 405, 406, 408, 409, 410, 413, 415, 422, 428, 430, 499])
    @pytest.mark.parametrize(("reading", "expected"), [("fail", FAILED), ("pause", PAUSED)])
    def test_a_status_that_the_document_does_not_name(
        self, status: int, reading: str, expected: tuple[str, float]
    ) -> None:
        assert state_after(failure(status), other_4xx=reading) == expected

    @pytest.mark.parametrize("reading", ["fail", "pause"])
    def test_those_that_it_names_are_not_touched(self, reading: str) -> None:
        assert state_after(failure(404), other_4xx=reading) == PAUSED
        assert state_after(failure(429), other_4xx=reading) == TRANSIENT


class TestRedirect:
    @pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 399])
    @pytest.mark.parametrize(("reading", "expected"), [("fail", FAILED), ("transient", TRANSIENT)])
    def test_is_never_followed(self, status: int, reading: str, expected: tuple[str, float]) -> None:
        assert state_after(Reply(status), redirect=reading) == expected


class TestNoAnswer:
    @pytest.mark.parametrize("reason", ["connection refused", "connection cut", "timed out"])
    @pytest.mark.parametrize(("reading", "expected"), [("transient", TRANSIENT), ("fail", FAILED)])
    def test_each_way_of_not_answering(self, reason: NoReplyReason, reading: str, expected: tuple[str, float]) -> None:
        assert state_after(NoReply(reason), no_answer=reading) == expected


class TestRetries:
    @pytest.mark.parametrize(
        ("reading", "instants"),
        [
            ("five_more", [0, 60 / 31, 180 / 31, 420 / 31, 900 / 31, 60]),
            ("five_in_all", [0, 60 / 15, 180 / 15, 420 / 15, 60]),
        ],
    )
    def test_the_instants(self, reading: str, instants: list[float]) -> None:
        sent = drive(sender_of("a", Dialect.pin({"retries": reading})), 0, HALF_HOUR - 1, always(DOWN))
        assert [each.at for each in sent] == instants


class TestThreeDays:
    @pytest.mark.parametrize(("reading", "expected"), [("valid", CHURN), ("expired", ["members(b, c)"])])
    def test_exactly(self, reading: str, expected: list[str]) -> None:
        sender = churned(three_days=reading)
        drive(sender, 1, 3 * DAY - 1, always(DOWN))
        assert said(drive(sender, 3 * DAY, 3 * DAY)) == expected

    @pytest.mark.parametrize("reading", ["valid", "expired"])
    @pytest.mark.parametrize(("age", "expected"), [(3 * DAY - 1, CHURN), (3 * DAY + 1, ["members(b, c)"])])
    def test_a_second_off(self, reading: str, age: float, expected: list[str]) -> None:
        sender = churned(three_days=reading)
        drive(sender, 1, HALF_HOUR, always(failure(404)))
        sender.resume(COHORT, age)
        assert said(drive(sender, age, age)) == expected


class TestResume:
    @pytest.mark.parametrize(("reading", "when"), [("at_once", 3000.0), ("next_tick", 2 * HALF_HOUR)])
    def test_when_the_next_sync_comes(self, reading: str, when: float) -> None:
        sender = churned(resume=reading)
        drive(sender, 1, HALF_HOUR, always(failure(404)))
        sender.resume(COHORT, 3000)
        sent = drive(sender, 3000, 2 * HALF_HOUR)
        assert stories(sent)[:2] == [(when, CHURN[0]), (when, CHURN[1])]
        assert sender.subscriptions[COHORT].state is State.WAITING

    def test_at_once_does_not_shift_the_half_hours(self) -> None:
        sender = churned(resume="at_once", empty_diff="silent")
        drive(sender, 1, HALF_HOUR, always(failure(404)))
        sender.resume(COHORT, 3000)
        drive(sender, 3000, 3000)
        assert sender.subscriptions[COHORT].due_at == 2 * HALF_HOUR

    def test_on_the_tick_the_next_one_is_meant(self) -> None:
        sender = churned(resume="next_tick")
        drive(sender, 1, HALF_HOUR, always(failure(404)))
        sender.resume(COHORT, 2 * HALF_HOUR)
        assert [each.at for each in drive(sender, 2 * HALF_HOUR, 3 * HALF_HOUR)] == [3 * HALF_HOUR] * 2
