"""What an answer means under the documented contract, and each way of departing from it."""

from __future__ import annotations

import json

import pytest

from cohortprop.wire import Action, Envelope, NoReply, Problem, Reading, Reply, read, reply


def answer(status: int, data: object, content_type: str = "application/json") -> Reply:
    return Reply(status, json.dumps(data).encode(), content_type)


def problem_of(reply: Reply, action: Action = "members") -> Problem:
    """The one problem of a reply."""
    (problem,) = read(reply, action).problems
    return problem


def test_the_documents_success() -> None:
    reply = answer(200, {"action": "add_members", "status": "success"})
    assert read(reply, "add_members") == Reading(Envelope("add_members", "success", None, None), ())


def test_the_documents_failure() -> None:
    failure = {
        "action": "add_members",
        "status": "failure",
        "error": {"message": "some error message; this will be displayed in our UI", "code": 400},
    }
    message = "some error message; this will be displayed in our UI"
    expected = Envelope("add_members", "failure", message, 400)
    assert read(answer(400, failure), "add_members") == Reading(expected, ())


@pytest.mark.parametrize("error", [None, {}])
def test_an_error_that_says_nothing_is_none(error: object) -> None:
    reading = read(answer(500, {"action": "members", "status": "failure", "error": error}), "members")
    assert reading == Reading(Envelope("members", "failure"), ())


def test_a_code_is_an_integer_however_it_is_written() -> None:
    body = b'{"action": "members", "status": "failure", "error": {"code": 4.03e2}}'
    envelope = read(Reply(403, body, "application/json"), "members").envelope
    assert envelope is not None
    assert envelope.code == 403
    assert type(envelope.code) is int


def test_a_code_of_zero_is_a_code() -> None:
    envelope = read(answer(500, {"action": "members", "status": "failure", "error": {"code": 0}}), "members").envelope
    assert envelope == Envelope("members", "failure", None, 0)


class TestProblems:
    """One test for each kind."""

    def test_action_not_echoed(self) -> None:
        problem = problem_of(answer(200, {"action": "add_members", "status": "success"}), "remove_members")
        text = 'the answer says "action": "add_members", but the request was remove_members'
        assert problem == Problem("action-not-echoed", text)

    @pytest.mark.parametrize("status", [200, 299])
    def test_failure_in_2xx(self, status: int) -> None:
        problem = read(answer(status, {"action": "members", "status": "failure"}), "members").problems[0]
        assert problem == Problem("failure-in-2xx", f'HTTP {status} with "status": "failure"')

    @pytest.mark.parametrize("status", [199, 300, 302, 400, 404, 500, 503])
    def test_success_in_error(self, status: int) -> None:
        problem = problem_of(answer(status, {"action": "members", "status": "success"}))
        assert problem == Problem("success-in-error", f'HTTP {status} with "status": "success"')

    @pytest.mark.parametrize("status", [201, 202, 204, 299])
    def test_unusual_success_status(self, status: int) -> None:
        problem = problem_of(answer(status, {"action": "members", "status": "success"}))
        assert problem == Problem("unusual-success-status", f"HTTP {status} instead of 200")

    @pytest.mark.parametrize("status", [400, 404, 500, 503])
    def test_a_failure_that_admits_it_has_no_problem(self, status: int) -> None:
        assert read(answer(status, {"action": "members", "status": "failure"}), "members").problems == ()

    @pytest.mark.parametrize(("content_type", "said"), [("text/html; charset=utf-8",) * 2, ("", "missing")])
    def test_not_json_typed(self, content_type: str, said: str) -> None:
        problem = problem_of(answer(200, {"action": "members", "status": "success"}, content_type))
        assert problem == Problem("not-json-typed", f"the answer's content type is {said}")

    @pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "text/x-json"])
    def test_any_json_type_will_do(self, content_type: str) -> None:
        assert not read(answer(200, {"action": "members", "status": "success"}, content_type), "members").problems

    def test_no_envelope_since_empty(self) -> None:
        assert read(Reply(204), "members") == Reading(None, (Problem("no-envelope", "the answer is empty"),))

    def test_no_envelope_since_not_json(self) -> None:
        page = b"<html>" + b"x" * 100
        expected = Problem("no-envelope", f"the answer is not JSON: {'<html>' + 'x' * 54!r}")
        assert read(Reply(500, page, "text/html"), "members") == Reading(None, (expected,))

    def test_no_envelope_since_of_another_shape(self) -> None:
        reading = read(answer(200, {"status": "success"}), "members")
        text = "the answer does not follow the documented shape: 'action' is a required property"
        assert reading == Reading(None, (Problem("no-envelope", text),))

    def test_no_envelope_says_where(self) -> None:
        reply = answer(200, {"action": "members", "status": "failure", "error": {"code": True}})
        text = "the answer.error.code does not follow the documented shape: True is not of type 'integer'"
        assert problem_of(reply) == Problem("no-envelope", text)

    def test_no_envelope_is_brief(self) -> None:
        text = problem_of(answer(200, {"action": ["x" * 500], "status": "success"})).text
        start = "the answer.action does not follow the documented shape: "
        assert text == start + ("['" + "x" * 500)[:120]

    def test_several_at_once(self) -> None:
        reading = read(answer(201, {"action": "add_members", "status": "failure"}, "text/plain"), "members")
        assert [problem.kind for problem in reading.problems] == [
            "action-not-echoed",
            "failure-in-2xx",
            "unusual-success-status",
            "not-json-typed",
        ]


class TestCache:
    """Replies repeat endlessly, so their readings are kept; those of large bodies are not."""

    SUCCESS = json.dumps({"action": "members", "status": "success"}).encode()

    def padded(self, size: int) -> bytes:
        return self.SUCCESS + b" " * (size - len(self.SUCCESS))

    def test_equal_replies_share_one_reading(self) -> None:
        again = Reply(200, bytes(bytearray(self.SUCCESS)), "application/json")
        assert read(Reply(200, self.SUCCESS, "application/json"), "members") is read(again, "members")

    def test_a_crash_makes_no_difference_to_what_was_said(self) -> None:
        first = read(Reply(500, b"oh", "text/plain"), "members")
        assert read(Reply(500, b"oh", "text/plain", crash="Traceback"), "members") is first

    def test_whatever_counts_is_told_apart(self) -> None:
        reply = Reply(200, self.SUCCESS, "application/json")
        readings = [
            read(reply, "members"),
            read(reply, "add_members"),
            read(Reply(500, self.SUCCESS, "application/json"), "members"),
            read(Reply(200, self.SUCCESS, "text/plain"), "members"),
            read(Reply(200, self.SUCCESS[:-1], "application/json"), "members"),
        ]
        assert len(set(readings)) == 5

    @pytest.mark.parametrize(("size", "kept"), [(16 * 1024, True), (16 * 1024 + 1, False)])
    def test_large_bodies_are_read_afresh(self, size: int, kept: bool) -> None:
        large = Reply(200, self.padded(size), "application/json")
        first, second = read(large, "members"), read(large, "members")
        assert first == second == Reading(Envelope("members", "success"), ())
        assert (first is second) is kept

    def test_it_is_bounded(self) -> None:
        assert reply._read_cached.cache_info().maxsize == 1024


class TestReply:
    @pytest.mark.parametrize(("status", "accepted"), [(199, False), (200, True), (299, True), (300, False)])
    def test_accepted_is_any_2xx(self, status: int, accepted: bool) -> None:
        assert Reply(status).accepted is accepted

    def test_an_answer_can_be_bare(self) -> None:
        assert Reply(200) == Reply(200, b"", "", None)

    def test_no_answer_is_a_refused_connection_unless_told_otherwise(self) -> None:
        assert NoReply().reason == "connection refused"
