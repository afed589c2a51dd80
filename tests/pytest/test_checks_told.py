"""What the plugin says of checks: what they are about, which were not run, and on which reading a finding rests."""

from __future__ import annotations

import pytest

from tests.pytest.conftest import Project

BARE = """
from cohortprop import Receiver, zoo

def receiver():
    return Receiver(zoo.applies_each_page().app)
"""

INSISTS = """
import json
from cohortprop import Receiver

def receiver():
    known = set()

    def app(environ, start_response):
        body = json.load(environ["wsgi.input"])
        if body["action"] == "members":
            known.add(body["parameters"]["mixpanel_cohort_id"])
        right = body["parameters"]["mixpanel_cohort_id"] in known
        start_response("200 OK" if right else "404 Not Found", [("Content-Type", "application/json")])
        answer = {"action": body["action"], "status": "success" if right else "failure"}
        return [json.dumps(answer if right else answer | {"error": {"message": "no", "code": 404}}).encode()]

    return Receiver(app)
"""


def test_a_check_is_explained_and_no_test_is_run(project: Project) -> None:
    project.write(test_it="def test_it(): raise SystemExit('was run')")
    result = project.run("--cohortprop-explain", "rename")
    assert result.ret == pytest.ExitCode.OK
    assert result.outlines[0] == "rename"
    assert "    def receiver():" in result.outlines
    assert not any("test session starts" in line for line in result.outlines)


def test_an_unknown_check_is_one_line(project: Project) -> None:
    result = project.run("--cohortprop-explain", "renam")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = filter(None, result.errlines)
    assert line.startswith("ERROR: cohortprop: no check is called 'renam'; there are membership, arrivals, ")


def test_checks_that_were_not_run_are_listed_at_the_end(project: Project) -> None:
    project.write(shop=BARE)
    result = project.run("--cohortprop", "shop:receiver", "-q", "-k", "two-pages or a-rename")
    assert result.parseoutcomes()["passed"] == 2
    result.stdout.fnmatch_lines(
        [
            "*= cohortprop: checks not run =*",
            "not run: membership: needs members, as in Receiver(members=...) (2 tests)",
            "not run: durability: needs restart, as in Receiver(restart=...) (2 tests)",
            "not run: clock: needs members or arrivals, as in Receiver(members=...) (2 tests)",
        ]
    )
    assert not any("not run: envelope" in line for line in result.outlines)


def test_what_was_left_out_on_purpose_is_not_listed(project: Project) -> None:
    project.write(shop=BARE)
    options = ("--cohortprop-check", "envelope", "--cohortprop-check", "acceptance")
    result = project.run("--cohortprop", "shop:receiver", "-k", "two-pages", *options)
    assert result.parseoutcomes()["passed"] == 1
    assert "not run" not in result.stdout.str()


def test_workers_tell_it_too(project: Project) -> None:
    pytest.importorskip("xdist")
    project.write(shop=BARE)
    result = project.run_apart("--cohortprop", "shop:receiver", "-k", "two-pages", "-n", "1")
    result.stdout.fnmatch_lines(["not run: durability: needs restart, as in Receiver(restart=...) (1 test)"])


def test_the_line_of_a_failure_says_on_which_reading_it_rests(project: Project) -> None:
    project.write(shop=INSISTS)
    result = project.run("--cohortprop", "shop:receiver", "-k", "four-days-down-by-adds")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(
        [
            "*(full_sync=add_members)*",
            "*More * cohortprop --explain acceptance",
        ]
    )
    assert "; under the reading full_sync=add_members" in result.stdout.str()


def test_a_pinned_reading_is_told_as_such(project: Project) -> None:
    project.write(shop=INSISTS)
    pin = ("--cohortprop-dialect", "full_sync=add_members")
    result = project.run("--cohortprop", "shop:receiver", "-k", "two-pages", *pin)
    assert result.parseoutcomes()["failed"] == 1
    assert "It is pinned." in " ".join(result.stdout.str().split())
