"""What each answer means to the sender, under the first readings. ("Failed Syncs", "Expected Response Format")"""

from __future__ import annotations

import pytest

from cohortprop.sender import Dialect, Meaning, Verdict, judge
from cohortprop.wire import NoReply, NoReplyReason, Outcome, Reply
from tests.cover.sender.driving import HALF_HOUR, always, drive, envelope, failure, sender_of, success

TAKEN = Verdict(Meaning.TAKEN, "")


def verdict(outcome: Outcome) -> Verdict:
    return judge(outcome, "members", Dialect())


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_taken(status: int) -> None:
    assert verdict(success("members", status)) == TAKEN
    assert verdict(Reply(status)) == TAKEN


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_the_four_that_pause(status: int) -> None:
    assert verdict(failure(status, "who are you?")) == Verdict(Meaning.PAUSING, "who are you?")


@pytest.mark.parametrize("status", [429, 500, 501, 502, 503, 504, 520, 599])
def test_the_transient_ones(status: int) -> None:
    assert verdict(failure(status, "later")) == Verdict(Meaning.TRANSIENT, "later")


@pytest.mark.parametrize("status", [402, 405, 408, 409, 413, 415, 422, 428, 430, 499])
def test_any_other_4xx_fails_the_sync(status: int) -> None:
    assert verdict(failure(status, "no")) == Verdict(Meaning.FAILED, "no")


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 399])
def test_a_redirect_fails_the_sync(status: int) -> None:
    assert verdict(Reply(status)) == Verdict(Meaning.FAILED, f"HTTP {status}")


@pytest.mark.parametrize("status", [100, 199, 600, 999, 0])
def test_a_status_that_is_none_fails_the_sync(status: int) -> None:
    assert verdict(Reply(status)) == Verdict(Meaning.FAILED, f"HTTP {status}")
    assert judge(Reply(status), "members", Dialect(redirect="transient", other_4xx="pause")).meaning is Meaning.FAILED


@pytest.mark.parametrize("reason", ["connection refused", "connection cut", "timed out"])
def test_no_answer_is_transient(reason: NoReplyReason) -> None:
    assert verdict(NoReply(reason)) == Verdict(Meaning.TRANSIENT, reason)
    assert judge(NoReply(reason), "members", Dialect(no_answer="fail")) == Verdict(Meaning.FAILED, reason)


def test_the_four_meanings_in_words() -> None:
    assert [meaning.value for meaning in Meaning] == ["taken", "transient", "failed", "pausing"]


class TestMessage:
    """What Mixpanel's interface shows. ("details about the error")"""

    def test_the_receivers_words(self) -> None:
        assert verdict(failure(503, "the database is down")).message == "the database is down"

    def test_the_status_if_there_are_none(self) -> None:
        assert verdict(failure(503)).message == "HTTP 503"
        assert verdict(failure(503, "")).message == "HTTP 503"
        assert verdict(Reply(500, b"<h1>Internal Server Error</h1>", "text/html")).message == "HTTP 500"

    def test_an_error_beside_a_success_is_read_all_the_same(self) -> None:
        assert verdict(Reply(500, envelope("members", "success", "odd"))) == Verdict(Meaning.TRANSIENT, "odd")

    def test_a_success_has_none(self) -> None:
        assert verdict(Reply(200, envelope("members", "success", "all good"))) == TAKEN

    def test_a_failure_in_a_2xx(self) -> None:
        assert verdict(failure(200, "not now", code=503)) == Verdict(Meaning.TRANSIENT, "not now")
        assert verdict(failure(200)) == Verdict(Meaning.FAILED, "HTTP 200")
        transient = Dialect(failure_in_2xx="transient")
        assert judge(failure(200, "no", code=404), "members", transient) == Verdict(Meaning.TRANSIENT, "no")

    def test_an_odd_answer(self) -> None:
        strict = Dialect(odd_answer="failure")
        assert judge(Reply(200, b"OK"), "members", strict) == Verdict(Meaning.FAILED, "HTTP 200")
        assert judge(success("members"), "members", strict) == TAKEN


@pytest.mark.parametrize(
    ("outcome", "tries", "last"),
    [
        (success("members"), 1, "succeeded"),
        (Reply(204), 1, "succeeded"),
        (Reply(200, b"OK", "text/plain"), 1, "succeeded"),
        (Reply(302), 1, "failed"),
        (failure(400), 1, "paused"),
        (failure(401), 1, "paused"),
        (failure(403), 1, "paused"),
        (failure(404), 1, "paused"),
        (failure(422), 1, "failed"),
        (failure(429), 6, "failed"),
        (failure(500), 6, "failed"),
        (Reply(503, b"Service Unavailable", "text/plain"), 6, "failed"),
        (NoReply("connection refused"), 6, "failed"),
        (NoReply("connection cut"), 6, "failed"),
        (NoReply("timed out"), 6, "failed"),
        (Reply(700), 1, "failed"),
    ],
)
def test_what_a_sync_makes_of_an_answer_that_never_changes(outcome: Outcome, tries: int, last: str) -> None:
    sender = sender_of("a")
    assert len(drive(sender, 0, HALF_HOUR - 1, always(outcome))) == tries
    assert [entry.outcome for entry in sender.log] == ["started", last]
