"""Whatever a receiver answers, reading it never raises, and a page that is no envelope is said to be none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortprop.wire import ACTIONS, Action, Envelope, Reading, Reply, read

NOT_ENVELOPES = {
    "nothing": b"",
    "blanks": b" \n ",
    "words": b"OK",
    "a page": b"<!doctype html><title>Internal Server Error</title>",
    "half an envelope": b'{"action": "members", "status": "succ',
    "two envelopes": b'{"action":"members","status":"success"}' * 2,
    "not UTF-8": b'{"action": "members", "status": "\xff\xfe"}',
    "a bare continuation byte": b"\x80",
    "a null": b"null",
    "a boolean": b"true",
    "not a number": b"NaN",
    "infinity": b"-Infinity",
    "a number too long to be read": b'{"action":"members","status":"success","x":' + b"9" * 5000 + b"}",
    "a list": b"[]",
    "a status that is a boolean": b'{"action":"members","status":true}',
    "a status in capitals": b'{"action":"members","status":"SUCCESS"}',
    "an action that is a number": b'{"action":7,"status":"success"}',
    "an error that is a list": b'{"action":"members","status":"failure","error":[]}',
    "an error that is a boolean": b'{"action":"members","status":"failure","error":false}',
    "a code that is a boolean": b'{"action":"members","status":"failure","error":{"code":true}}',
    "a code that is text": b'{"action":"members","status":"failure","error":{"code":"503"}}',
    "a code that is null": b'{"action":"members","status":"failure","error":{"code":null}}',
    "a code that is a fraction": b'{"action":"members","status":"failure","error":{"code":503.5}}',
    "a code that is NaN": b'{"action":"members","status":"failure","error":{"code":NaN}}',
    "a code that is infinite": b'{"action":"members","status":"failure","error":{"code":1e999}}',
    "a message that is null": b'{"action":"members","status":"failure","error":{"message":null}}',
    "a message that is a list": b'{"action":"members","status":"failure","error":{"message":["no"]}}',
}


@pytest.mark.parametrize("body", NOT_ENVELOPES.values(), ids=NOT_ENVELOPES.keys())
def test_no_envelope(body: bytes) -> None:
    reading = read(Reply(200, body, "application/json"), "members")
    assert reading.envelope is None
    assert [problem.kind for problem in reading.problems] == ["no-envelope"]


@pytest.mark.parametrize("depth", [10, 100, 300, 500, 700, 900, 1_000, 3_000, 100_000])
@pytest.mark.parametrize(
    ("before", "opening", "closing", "after"),
    [
        (b"", b"[", b"]", b""),
        (b'{"action":', b"[", b"]", b',"status":"success"}'),
        (b'{"action":"members","status":', b'{"a":', b"}", b"}"),
        (b'{"action":"members","status":"failure","error":', b"[", b"]", b"}"),
    ],
)
def test_deep_nesting(before: bytes, opening: bytes, closing: bytes, after: bytes, depth: int) -> None:
    inside = b"1" if opening != b"[" else b""
    body = before + opening * depth + inside + closing * depth + after
    reading = read(Reply(200, body, "application/json"), "members")
    assert reading.envelope is None
    (problem,) = reading.problems
    assert problem.kind == "no-envelope"
    if depth == 100_000:
        assert problem.text == "the answer is nested too deeply to be read"


def test_an_unknown_part_may_be_nested() -> None:
    body = b'{"action":"members","status":"success","trace":' + b"[" * 200 + b"]" * 200 + b"}"
    assert read(Reply(200, body, "application/json"), "members") == Reading(Envelope("members", "success"), ())


def test_a_huge_answer() -> None:
    body = json.dumps([{"id": number} for number in range(100_000)]).encode()
    (problem,) = read(Reply(200, body, "application/json"), "members").problems
    assert problem.kind == "no-envelope"
    assert len(problem.text) < 200


def test_lone_surrogates_stay_in_one_piece() -> None:
    reading = read(Reply(200, b'{"action": "\\ud800", "status": "success"}', "application/json"), "members")
    assert reading.problems[0].text == 'the answer says "action": "\\ud800", but the request was members'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(ACTIONS) | JSON,
        "status": st.sampled_from(["success", "failure"]) | JSON,
        "error": st.fixed_dictionaries({}, optional={"message": st.text(max_size=5) | JSON, "code": JSON}) | JSON,
        "more": JSON,
    },
)
BODIES = (
    st.binary(max_size=60)
    | JSON.map(lambda data: json.dumps(data).encode())
    | ANSWERS.map(lambda data: json.dumps(data).encode())
    | ANSWERS.map(lambda data: json.dumps(data).encode("utf-16"))
)


HEADERS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(status=st.integers(100, 999), body=BODIES, content_type=HEADERS, action=st.sampled_from(ACTIONS))
@settings(max_examples=300)
def test_whatever_comes_back(status: int, body: bytes, content_type: str, action: Action) -> None:
    reply = Reply(status, body, content_type)
    reading = read(reply, action)
    assert read(reply, action) == reading
    assert all(len(problem.text.splitlines()) == 1 for problem in reading.problems)
    if reading.envelope is None:
        assert [problem.kind for problem in reading.problems] == ["no-envelope"]
        return
    envelope = reading.envelope
    assert type(envelope.action) is str
    assert envelope.status in {"success", "failure"}
    assert envelope.message is None or type(envelope.message) is str
    assert envelope.code is None or type(envelope.code) is int
    kinds = [problem.kind for problem in reading.problems]
    assert ("action-not-echoed" in kinds) == (envelope.action != action)
    assert ("failure-in-2xx" in kinds) == (200 <= status < 300 and envelope.status == "failure")
    assert ("success-in-error" in kinds) == (not 200 <= status < 300 and envelope.status == "success")
    assert ("unusual-success-status" in kinds) == (200 < status < 300)
    assert ("not-json-typed" in kinds) == ("json" not in content_type.lower())
    assert len(kinds) == len(set(kinds))
