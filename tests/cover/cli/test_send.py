"""`cohortprop send`: one plain sync, and whether it went well."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cover.cli.conftest import Run

Write = Callable[[str], str]
WELL = "taken, and answered as documented"


def bodies(out: str) -> list[dict[str, object]]:
    """The requests that were printed."""
    return [json.loads("{" + each.partition("\n{")[2].partition("\n}\n")[0] + "}") for each in out.split("POST ")[1:]]


def test_a_request_its_answer_and_whom_it_holds_then(cohortprop: Run, shop: str) -> None:
    said = cohortprop("send", f"{shop}:receiver", "--auth", "ann:geheim", "--header", "X-Shop: 7")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "POST http://localhost/hook"
    assert lines[1:4] == ["Content-Type: application/json", "X-Shop: 7", "Authorization: Basic …"]
    (body,) = bodies(said.out)
    assert body["action"] == "members"
    assert "HTTP 200 application/json" in lines
    assert '{"action":"members","status":"success"}' in lines
    assert "members('1001'): ann, bob, cy, dan" in lines
    assert lines[-1] == WELL
    assert "geheim" not in said.out


@pytest.mark.parametrize("action", ["members", "add_members", "remove_members"])
def test_each_action(action: str, cohortprop: Run) -> None:
    said = cohortprop("send", "cohortprop.zoo:applies_each_page", "--action", action, "--members-count", "2")
    assert said.code == 0
    (body,) = bodies(said.out)
    assert body["action"] == action
    parameters = body["parameters"]
    assert isinstance(parameters, dict)
    assert [each["mixpanel_distinct_id"] for each in parameters["members"]] == ["ann", "bob"]
    held = "nobody" if action == "remove_members" else "ann, bob"
    assert f"members('1001'): {held}\n" in said.out


@pytest.mark.parametrize("action", ["members", "add_members", "remove_members"])
def test_nobody_is_a_page_of_its_own(action: str, cohortprop: Run) -> None:
    said = cohortprop("send", "cohortprop.zoo:applies_each_page", "--action", action, "--members-count", "0")
    assert said.code == 0
    (body,) = bodies(said.out)
    parameters = body["parameters"]
    assert isinstance(parameters, dict)
    assert (body["action"], parameters["members"]) == (action, [])
    assert "members('1001'): nobody\n" in said.out


def test_many_are_sent_in_pages_and_shown_in_part(cohortprop: Run) -> None:
    said = cohortprop("send", "cohortprop.zoo:applies_each_page", "--members-count", "1001")
    assert said.code == 0
    first, second = (body["parameters"] for body in bodies(said.out))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["members"][-1] == "… and 995 more"
    assert len(second["members"]) == 1
    assert "… 1001 in all" in said.out


def test_each_time_under_a_session_of_its_own(cohortprop: Run) -> None:
    sessions = set()
    for _ in range(2):
        (body,) = bodies(cohortprop("send", "cohortprop.zoo:applies_each_page").out)
        assert isinstance(body["parameters"], dict)
        sessions.add(body["parameters"]["mixpanel_session_id"])
    assert len(sessions) == 2


APPS = """
import json
import logging
import time

from cohortprop import Receiver


def answer(status, data, kind="application/json"):
    def app(environ, start_response):
        logging.getLogger("shop").error("somebody called")
        start_response(status, [("Content-Type", kind)])
        return [data if isinstance(data, bytes) else json.dumps(data).encode()]
    return app


def crash(environ, start_response):
    raise KeyError("email")


def hang(environ, start_response):
    time.sleep(20)


GOOD = answer("200 OK", {"action": "members", "status": "success"})
refuses = answer("400 Bad", {"action": "members", "status": "failure", "error": {"message": "no", "code": 400}})
plain = answer("200 OK", b"done", "text/plain")
def holds_nobody(): return Receiver(GOOD, members=lambda cohort: ())
def holds_others(): return Receiver(GOOD, members=lambda cohort: ["ann", "bob", "cy", "dan", "zoe"])
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("refuses", "HTTP 400: a correct delivery is refused"),
        ("plain", "the answer is not JSON: 'done'"),
        ("crash", "the app raised KeyError: 'email'"),
        ("hang", "no answer within 0.3 s"),
        ("holds_nobody", "sent, but not held: ann, bob, cy, dan"),
        ("holds_others", "held, but not in the copy that was sent: zoe"),
    ],
)
def test_what_went_wrong_is_the_last_line(name: str, said: str, cohortprop: Run, module: Write) -> None:
    answer = cohortprop("send", f"{module(APPS)}:{name}", "--time-limit", "0.3")
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.splitlines()[-1] == f"not as it should be: {said}"
    if name == "crash":
        assert 'raise KeyError("email")' in answer.out
    if name == "refuses":
        assert "log: ERROR shop: somebody called" in answer.out


def test_a_removed_member_who_is_still_held(cohortprop: Run) -> None:
    answer = cohortprop("send", "cohortprop.zoo:removals_add", "--action", "remove_members")
    assert answer.code == 1
    assert answer.out.splitlines()[-2].startswith("not as it should be: still held: ann, bob, cy, dan")


def test_quiet_is_the_verdict_alone(cohortprop: Run) -> None:
    assert cohortprop("send", "cohortprop.zoo:applies_each_page", "-q").out == f"{WELL}\n"
    refused = cohortprop("send", "cohortprop.zoo:refuses_empty_page", "-q", "--members-count", "0")
    assert (refused.code, refused.out) == (1, "not as it should be: HTTP 400: a correct delivery is refused\n")
