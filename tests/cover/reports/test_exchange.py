"""The request and the reply that are shown, and what the app left behind."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cohortprop import Receiver, zoo
from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN, Violation
from cohortprop.reports import tell
from cohortprop.reports.exchange import (
    Exchange,
    app_log,
    app_stack,
    app_traceback,
    failing_exchange,
    reply_text,
    request_text,
)
from cohortprop.reports.machine_readable import finding_as_json
from cohortprop.simulation import Attempted, History, Scenario
from cohortprop.simulation.steps import ExpireSnapshot, Leave, Sync
from cohortprop.trial import open_kit, run
from cohortprop.wire import Member, NoReply, Reply, compose, describe
from tests.cover.reports.cases import VIPS, finding_of, scenario
from tests.cover.reports.samples import DELIVERY
from tests.cover.reports.shop import shop

CRASH = """\
Traceback (most recent call last):
  File "/home/me/lib/python3.11/site-packages/werkzeug/test.py", line 1, in run_wsgi_app
    app_rv = app(environ, start_response)
  File "/home/me/lib/python3.11/site-packages/flask/app.py", line 2, in wsgi_app
    response = self.full_dispatch_request()
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/home/me/lib/python3.11/site-packages/flask/app.py", line 3, in dispatch_request
    return self.view()
  File "{here}/shop/views.py", line 4, in hook
    save(member["email"])
         ~~~~~~^^^^^^^^^
  File "/elsewhere/store.py", line 5, in save
    connection.execute(sql)
  File "/usr/lib/python3.11/sqlite3/dbapi2.py", line 6, in execute
    raise
KeyError: 'email'"""

SHORT = """\
Traceback (most recent call last):
  … 2 frames in flask
  File "shop/views.py", line 4, in hook
    save(member["email"])
  File "/elsewhere/store.py", line 5, in save
    connection.execute(sql)
  … 1 frame in sqlite3
KeyError: 'email'"""


def of_one_answer(reply: Reply, *log: str, check: str = "acceptance") -> Finding:
    history = History()
    history.add(Attempted(0.0, DELIVERY, 1, "deliver", reply, reply, log=log))
    return Finding(Violation(check, 0, "e", "s", "7", "ann"), scenario(), history, "", 1)


def test_a_traceback_is_the_apps_own() -> None:
    crash = Reply(500, crash=CRASH.replace("{here}", str(Path.cwd())))
    assert app_traceback(of_one_answer(crash)) == SHORT


def test_a_framework_that_logs_the_exception_gives_a_traceback_too() -> None:
    logged = f"ERROR shop: Exception on / [POST]\n{CRASH}".replace("{here}", str(Path.cwd()))
    finding = of_one_answer(Reply(500, b"<h1>Oh no</h1>", "text/html"), "INFO shop: hello", logged)
    assert app_traceback(finding) == SHORT
    exchange = failing_exchange(finding)
    assert exchange is not None
    assert app_log(exchange) == ["INFO shop: hello", "ERROR shop: Exception on / [POST]"]


def test_an_app_that_is_installed_like_a_library_is_not_folded_away() -> None:
    crash = 'Traceback (most recent call last):\n  File "/v/site-packages/shop/a.py", line 1, in f\n    x\nKeyError: 1'
    assert 'File "shop/a.py", line 1' in app_traceback(of_one_answer(Reply(500, crash=crash)))
    zoo_too = crash.replace("shop", "cohortprop/zoo").replace(
        "KeyError", '  File "/app.py", line 2, in g\n    y\nKeyError'
    )
    assert 'File "cohortprop/zoo/a.py", line 1' in app_traceback(of_one_answer(Reply(500, crash=zoo_too)))


def test_a_long_traceback_keeps_its_end() -> None:
    frames = "".join(f'  File "/app/{number}.py", line 1, in f\n    call()\n' for number in range(40))
    short = app_traceback(of_one_answer(Reply(500, crash=f"Traceback (most recent call last):\n{frames}ValueError")))
    assert short.startswith("… 58 lines before\n")
    assert short.endswith('  File "/app/39.py", line 1, in f\n    call()\nValueError')


def test_chained_exceptions_are_both_shown() -> None:
    first = 'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\n    x\nKeyError: 1'
    second = 'Traceback (most recent call last):\n  File "/app/b.py", line 2, in g\n    y\nValueError: 2'
    chain = f"{first}\n\nDuring handling of the above exception, another exception occurred:\n\n{second}"
    short = app_traceback(of_one_answer(Reply(500, crash=chain)))
    assert [line for line in short.splitlines() if "Error" in line or "During" in line] == [
        "KeyError: 1",
        "During handling of the above exception, another exception occurred:",
        "ValueError: 2",
    ]


def test_an_earlier_crash_belongs_to_a_wrong_membership_but_not_to_another_answer() -> None:
    history = History()
    crash = Reply(500, crash=CRASH)
    for reply in (crash, Reply(200)):
        history.add(Attempted(0.0, DELIVERY, 1, "deliver", reply, reply))
    later = Finding(Violation("membership", 1, "e", "s", "7", "ann"), scenario(), history, "", 1)
    assert "KeyError: 'email'" in app_traceback(later)
    assert app_traceback(replace(later, violation=Violation("envelope", 1, "e", "s"))) == ""


def test_a_stack_begins_where_the_app_does() -> None:
    stack = app_stack(finding_of("hang"))
    assert stack.startswith('  File "shop/webhook.py", line 16, in __call__')
    assert stack.endswith("self.lock.acquire()")
    assert app_stack(finding_of("crash")) == ""


def test_a_long_log_keeps_its_end() -> None:
    exchange = Exchange(DELIVERY, Reply(200), tuple(f"INFO shop: {number}" for number in range(20)), 0.0, 0)
    lines = app_log(exchange)
    assert lines[0] == "… 12 lines before"
    assert lines[-1] == "INFO shop: 19"
    assert len(lines) == 9


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(200, b'{"a": 1}', "application/json"), 'HTTP 200, application/json\n{"a": 1}'),
        (Reply(204), "HTTP 204, no content type, and an empty body"),
        (Reply(500, b"\n ", "text/plain"), "HTTP 500, text/plain, and an empty body"),
        (Reply(200, b"\xff", "text/plain"), "HTTP 200, text/plain\n\ufffd"),
        (NoReply("timed out"), "no answer: timed out"),
        (Reply(500, crash="x"), "HTTP 500: the app raised an exception instead of answering"),
    ],
)
def test_a_reply(reply: Reply, expected: str) -> None:
    assert reply_text(reply) == expected


def test_a_long_reply_is_shortened() -> None:
    page = "\n".join(["<html>", *["<p>Something went wrong</p>"] * 100])
    shown = reply_text(Reply(500, page.encode(), "text/html"))
    assert len(shown.splitlines()) == 14
    assert shown.splitlines()[-1] == f"… {len(page) - len('<html>') - 11 * 28:,} more characters"
    assert len(reply_text(Reply(500, b"x" * 10_000, "text/html"))) < 700


def test_a_request_is_the_body_line_by_line() -> None:
    assert request_text(DELIVERY).splitlines() == [
        "{",
        '  "action": "add_members",',
        '  "parameters": {',
        '    "mixpanel_project_id": "1",',
        '    "mixpanel_cohort_name": "VIPs",',
        '    "mixpanel_cohort_id": "7",',
        '    "mixpanel_session_id": "s",',
        '    "page_info": {"total_pages": 3, "page_count": 2},',
        '    "members": [',
        '      {"mixpanel_distinct_id": "ann", "email": "ann@example.com"},',
        '      {"mixpanel_distinct_id": "bob"}',
        "    ]",
        "  }",
        "}",
    ]


def _page(*members: Member) -> str:
    delivery = compose(
        "members",
        members,
        project_id="1",
        cohort_id="7",
        cohort_name="VIPs",
        cohort_description=None,
        session_id="s",
        page=1,
        total_pages=1,
        numbered=False,
    )
    return request_text(delivery, "u500")


def test_a_large_request_shows_few_members_and_the_one_concerned() -> None:
    lines = _page(*(describe(f"u{number}") for number in range(1000))).splitlines()
    assert lines[8:-2] == [
        '      {"mixpanel_distinct_id": "u0"},',
        '      {"mixpanel_distinct_id": "u1"},',
        '      {"mixpanel_distinct_id": "u500"},',
        "      … 997 more members, 32 kB in all",
        "    ]",
    ]


def test_an_empty_request_and_a_long_value() -> None:
    assert '    "members": []' in _page()
    assert f'"mixpanel_distinct_id": "{"n" * 30}… (120 characters)"' in _page(describe("n" * 120))


def test_the_request_to_look_at_is_the_last_one_before_the_violation() -> None:
    finding = finding_of("cross-cohort-damage")
    exchange = failing_exchange(finding)
    assert exchange is not None
    assert (exchange.delivery.action, exchange.delivery.cohort_id) == ("remove_members", "1001")


def test_without_a_look_after_each_delivery_it_is_the_last_that_concerns_the_user() -> None:
    what = replace(scenario(Sync(VIPS), Leave(VIPS, ("ann",)), ExpireSnapshot(VIPS), Sync(VIPS)), probing="seldom")
    with open_kit(zoo.merges_full_sync, BUILT_IN) as kit:
        outcome = run(kit, what)
    assert outcome.violation is not None
    exchange = failing_exchange(Finding(outcome.violation, outcome.scenario, outcome.history, "", 1))
    assert exchange is not None
    assert exchange.delivery.action == "members"
    assert exchange.delivery.ids == ("bob", "cy")


def test_with_nothing_sent_there_is_no_request_to_look_at() -> None:
    finding = Finding(Violation("membership", 0, "e", "s", "7", "ann"), Scenario(scenario().cohorts), History(), "", 1)
    assert failing_exchange(finding) is None


def test_credentials_are_shown_nowhere() -> None:
    factory = shop("needs an address", auth=("mixpanel", "s3cret"), headers={"X-Token": "hush-hush"})

    def receiver() -> Receiver:
        return factory()

    with open_kit(receiver, BUILT_IN) as kit:
        outcome = run(kit, scenario(Sync(VIPS), readings={"optional_fields": "populated"}))
    assert outcome.violation is not None
    finding = Finding(outcome.violation, outcome.scenario, outcome.history, "", 1)
    for text in (tell(finding), str(finding_as_json(finding, events=True))):
        assert "KeyError" in text
        assert not any(secret in text for secret in ("s3cret", "bWl4cGFuZWw6", "Authorization", "hush-hush"))


def _logging_app(environ: Any, start_response: Any) -> list[bytes]:
    """As frameworks do: the exception is logged, and answered with a page."""
    try:
        json.loads("nonsense")
    except ValueError:
        logging.getLogger("shop").exception("Exception on /")
    start_response("500 INTERNAL SERVER ERROR", [("Content-Type", "text/html")])
    return [b"<h1>Internal Server Error</h1>"]


def test_what_a_framework_logs_and_answers_with_a_page_is_found_in_the_log() -> None:
    with open_kit(lambda: Receiver(_logging_app), BUILT_IN) as kit:
        outcome = run(kit, scenario(Sync(VIPS)))
    assert outcome.violation is not None
    finding = Finding(outcome.violation, outcome.scenario, outcome.history, "", 1)
    assert app_traceback(finding).endswith("JSONDecodeError: Expecting value: line 1 column 1 (char 0)")
    exchange = failing_exchange(finding)
    assert exchange is not None
    assert app_log(exchange) == ["ERROR shop: Exception on /"]
