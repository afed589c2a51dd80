"""A class to subclass, beside a fixture: what is collected, what a failure looks like, what the fixture may give."""

from __future__ import annotations

import textwrap

import pytest

from tests.pytest.conftest import USAGE, Project, failures
from tests.pytest.counts import ITEMS, SCENARIOS

NO_SEARCH = "--cohortprop-trials=0"

COUNTING_APP = """
    import json
    from pathlib import Path

    def app(environ, start_response):
        body = environ["wsgi.input"].read()
        with Path("calls.txt").open("a") as file:
            file.write(body.decode("utf-8", "replace") + "\\n")
        try:
            message = json.loads(body)
            action = message["action"]
            assert isinstance(message["parameters"]["members"], list)
            assert action in ("members", "add_members", "remove_members")
        except Exception:
            start_response("400 Bad Request", [("Content-Type", "application/json")])
            return [b'{{"action": "unknown", "status": "failure"}}']
        {trouble}
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({{"action": action, "status": "success"}}).encode()]
"""


def app_that(trouble: str = "pass") -> str:
    """A bare app that writes down each call, with a statement in its midst."""
    return textwrap.dedent(COUNTING_APP.format(trouble=trouble))


def test_six_lines_of_a_file_are_enough() -> None:
    lines = [line for line in USAGE.splitlines() if line.strip()]
    code = [line for line in lines if "import" not in line]
    assert len(code) == 5


def test_an_item_for_each_canonical_scenario_and_one_for_the_search(project: Project) -> None:
    project.webhook_tests("applies_each_page")
    result = project.run("--collect-only", "-q")
    collected = [line for line in result.outlines if line.startswith("test_webhook.py::")]
    assert collected == [
        *(f"test_webhook.py::TestWebhook::test_canonical[{name}]" for name in SCENARIOS),
        "test_webhook.py::TestWebhook::search::runTest",
    ]


def test_a_failure_is_one_line_and_a_story(project: Project) -> None:
    project.webhook_tests("merges_full_sync")
    result = project.run("-rfE", NO_SEARCH, "-k", "four-days-down]")
    (message,) = failures(result).values()
    assert message.startswith("Failed: membership/ghost-after-full-sync: ")
    line = (
        "membership/ghost-after-full-sync: ann must not be held in cohort 1001: "
        "the last full sync succeeded and did not name them; the receiver holds ann"
    )
    start = result.outlines.index(line)
    assert result.outlines[start - 1].startswith("____")  # the head of the failure: there is no traceback
    assert result.outlines[start + 1].strip("- ") == "cohortprop: membership/ghost-after-full-sync"
    result.stdout.fnmatch_lines(
        ["What happened", "*first sync (a full one: everybody is sent): members(ann)*", "*the receiver holds ann*"]
    )


def test_the_search_fails_likewise_and_says_how_to_see_it_again(project: Project) -> None:
    project.webhook_tests("merges_full_sync")
    result = project.run("-rfE", "-k", "search", "--cohortprop-seed=3")
    (message,) = failures(result).values()
    assert message.startswith("Failed: membership/ghost-after-full-sync: ")
    assert "cohortprop: profile realistic, seed 3" in result.outlines
    assert "The same draws again: --cohortprop-seed=3" in result.outlines
    story = result.outlines[result.outlines.index("What happened") + 1 :]
    steps = [line for line in story[: story.index("")] if line.lstrip()[:1].isdigit()]
    assert 1 <= len(steps) <= 4  # shrunk


def test_the_header_comes_after_collection_when_nothing_was_asked_for(project: Project) -> None:
    project.webhook_tests("applies_each_page")
    result = project.run("--collect-only")
    result.stdout.fnmatch_lines([f"collected {ITEMS} items", "cohortprop: profile realistic, *"])
    project.write(test_webhook="def test_nothing(): pass")
    assert "cohortprop:" not in project.run("--collect-only").stdout.str()


def test_the_seed_decides_the_draws(project: Project) -> None:
    project.write(hook=app_that(), test_it=_tests_of("hook", "app", "lambda: app"))
    calls = project.path / "calls.txt"
    drawn = []
    for seed in (7, 7, 8):
        calls.unlink(missing_ok=True)
        project.run("-k", "search", "--cohortprop-trials=3", f"--cohortprop-seed={seed}").assert_outcomes(
            passed=1, deselected=ITEMS - 1
        )
        drawn.append(calls.read_text("utf-8"))
    assert drawn[0] == drawn[1] != drawn[2]


def _tests_of(module: str, name: str, returned: str, scope: str = "function") -> str:
    return f"""
        import pytest
        from cohortprop import Receiver
        from cohortprop.pytest_plugin import CohortSyncTests
        from {module} import {name}

        @pytest.fixture(scope="{scope}")
        def cohort_receiver():
            return {returned}

        class TestWebhook(CohortSyncTests):
            pass
    """


@pytest.mark.parametrize("returned", ["app", "Receiver(app)", "lambda: shared", "shared"])
def test_one_receiver_for_all_trials_gets_a_warning_that_says_what_to_do(project: Project, returned: str) -> None:
    project.write(hook=app_that() + "\nfrom cohortprop import Receiver\nshared = Receiver(app)\n")
    project.write(test_it=_tests_of("hook", "app, shared", returned))
    shown = "always::cohortprop.pytest_plugin.ReusedReceiverWarning"
    result = project.run("--cohortprop-trials=2", "-k", "search or two-pages", "-W", shown)
    result.assert_outcomes(passed=2, deselected=ITEMS - 2, warnings=1)
    result.stdout.fnmatch_lines(["*ReusedReceiverWarning: *return the function that makes it*Receiver(reset=...)*"])


@pytest.mark.parametrize("returned", ["lambda: Receiver(app)", "lambda: app", "Receiver(app, reset=list)"])
def test_no_warning_when_each_trial_has_its_own_or_it_is_emptied(project: Project, returned: str) -> None:
    project.write(hook=app_that(), test_it=_tests_of("hook", "app", returned))
    result = project.run("--cohortprop-trials=2", "-k", "search or two-pages", "-W", "error")
    result.assert_outcomes(passed=2, deselected=ITEMS - 2, warnings=0)


def test_as_an_error_the_warning_is_one_line(project: Project) -> None:
    project.write(hook=app_that(), test_it=_tests_of("hook", "app", "app"))
    result = project.run("--cohortprop-trials=2", "-k", "search", "-W", "error", "-rfE")
    (message,) = failures(result).values()
    assert message.startswith("Failed: cohort_receiver gives the same Receiver for every trial")


def test_what_is_wrong_in_the_first_trial_is_told_even_if_there_can_be_no_other(project: Project) -> None:
    project.write(test_it=_tests_of("cohortprop.zoo", "answers_plain_ok", "answers_plain_ok()"))
    result = project.run("--cohortprop-trials=2", "-k", "search", "-W", "ignore", "-rfE")
    (message,) = failures(result).values()
    assert message.startswith("Failed: envelope/no-envelope: ")
    assert "not every time" not in message


def test_what_one_trial_leaves_behind_fails_the_next_in_one_line(project: Project) -> None:
    project.write(test_it=_tests_of("cohortprop.zoo", "applies_each_page", "applies_each_page()", "module"))
    result = project.run("--cohortprop-trials=0", "-k", "a-plain-diff or two-pages", "-rfE")
    result.assert_outcomes(passed=1, failed=1, deselected=ITEMS - 3)
    (message,) = failures(result).values()
    assert message.startswith("Failed: the receiver is not empty at the start of a trial: ")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            "None",
            "cohort_receiver is a NoneType, None: expected a Receiver, a function that returns one, or a WSGI*",
        ),
        (
            "lambda: None",
            "cohort_receiver() returned None, not a Receiver or a WSGI or ASGI app: is its `return` missing?",
        ),
        ("lambda: 1 / 0", "cohort_receiver() failed: ZeroDivisionError: division by zero (test_it.py, line *)"),
        ("Receiver(app, members=lambda cohort: 3)", "Receiver(members=...) returned 3 for cohort '1001'*"),
    ],
)
def test_whatever_the_fixture_gets_wrong_is_one_line(project: Project, returned: str, message: str) -> None:
    project.write(hook=app_that(), test_it=_tests_of("hook", "app", returned))
    result = project.run("--cohortprop-trials=1", "-k", "search or two-pages", "-rfE", "-W", "ignore")
    result.assert_outcomes(failed=2, deselected=ITEMS - 2)
    result.stdout.fnmatch_lines([message, message])
    assert "Traceback" not in result.stdout.str()


def test_without_the_fixture_a_line_says_to_write_one(project: Project) -> None:
    project.write(test_it="from cohortprop.pytest_plugin import CohortSyncTests\nclass TestIt(CohortSyncTests): pass")
    result = project.run(NO_SEARCH, "-k", "two-pages", "-rfE")
    (message,) = failures(result).values()
    assert message.startswith("Failed: no receiver to test (there is none): write a fixture named cohort_receiver")


def test_the_target_of_the_table_stands_in_for_a_missing_fixture(project: Project) -> None:
    project.write(test_it="from cohortprop.pytest_plugin import CohortSyncTests\nclass TestIt(CohortSyncTests): pass")
    project.pytester.makepyprojecttoml('[tool.cohortprop]\ntarget = "cohortprop.zoo:applies_each_page"')
    project.run(NO_SEARCH, "-k", "two-pages").assert_outcomes(passed=1, deselected=ITEMS - 2)


def test_a_subclass_may_have_more_and_be_subclassed(project: Project) -> None:
    project.write(
        test_it="""
        import pytest
        from cohortprop.pytest_plugin import CohortSyncTests
        from cohortprop import zoo

        class AnyName(CohortSyncTests):
            @pytest.fixture
            def cohort_receiver(self):
                return zoo.applies_each_page

            def test_more(self, cohort_sync):
                cohort_sync.sync()

        class Other(AnyName):
            @pytest.fixture
            def cohort_receiver(self):
                return zoo.merges_full_sync

        class Shelved(AnyName):
            __test__ = False
        """
    )
    result = project.run("-k", "search or four-days-down] or more", "--cohortprop-trials=2", "-rfE", "-v")
    result.stdout.fnmatch_lines(
        ["*AnyName::test_canonical* PASSED*", "*AnyName::test_more PASSED*", "*AnyName::search::runTest PASSED*"]
    )
    assert "Other::test_canonical[four-days-down]" in failures(result)
    assert "Shelved" not in result.stdout.str()


def test_what_python_functions_and_python_classes_say_does_not_matter(project: Project) -> None:
    project.pytester.makeini("[pytest]\npython_functions = check_*\npython_classes = *Tests")
    project.webhook_tests("applies_each_page")
    result = project.run("--collect-only", "-q")
    assert f"{ITEMS} tests collected" in result.stdout.str()


def test_a_mixture_with_unittest_is_turned_down_in_one_line(project: Project) -> None:
    project.write(
        test_it="""
        import unittest
        from cohortprop.pytest_plugin import CohortSyncTests

        class TestIt(CohortSyncTests, unittest.TestCase):
            pass
        """
    )
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["TestIt: derive from CohortSyncTests alone, it does not mix with TestCase"])


def test_scenarios_that_the_receiver_excludes_are_skipped(project: Project) -> None:
    project.write(
        hook=app_that(),
        test_it=_tests_of("hook", "app", 'lambda: Receiver(app, excludes=["full_sync=add_members"])'),
    )
    result = project.run("-rs", "--cohortprop-trials=3")
    result.assert_outcomes(passed=ITEMS - 2, skipped=2)
    result.stdout.fnmatch_lines(["*the receiver excludes what this rests on: full_sync=add_members"])


def test_one_that_hangs_ends_the_search_at_once(project: Project) -> None:
    hanging = 'if json.loads(body)["action"] == "remove_members": __import__("threading").Event().wait(60)'
    project.write(hook=app_that(hanging), test_it=_tests_of("hook", "app", "lambda: app"))
    result = project.run("-k", "search", "--cohortprop-time-limit=0.2", "--cohortprop-seed=1", "-rfE")
    (message,) = failures(result).values()
    assert message.startswith("Failed: acceptance/hangs: ")
    calls = (project.path / "calls.txt").read_text("utf-8").splitlines()
    assert sum('"remove_members"' in call for call in calls) == 1


def test_one_that_leaves_it_to_chance_is_said_to(project: Project) -> None:
    moody = 'if next(calls) % 97 == 96: start_response("400 Bad Request", []); return [b"{}"]'
    app = app_that(moody) + "\nimport itertools\ncalls = itertools.count()\n"
    project.write(hook=app, test_it=_tests_of("hook", "app", "lambda: app"))
    result = project.run("-k", "search", "--cohortprop-seed=1", "-rfE", "--cohortprop-check=acceptance")
    (message,) = failures(result).values()
    assert message.startswith("Failed: acceptance/")
    assert "; not every time: the same scenario has passed, too" in result.stdout.str()


def test_what_the_app_logs_is_in_the_story_only(project: Project) -> None:
    noisy = '__import__("logging").getLogger("shop").warning("somebody calls"); 1 / 0'
    project.write(hook=app_that(noisy), test_it=_tests_of("hook", "app", "lambda: app"))
    result = project.run("-k", "two-pages", NO_SEARCH)
    assert "Captured log" not in result.stdout.str()
    result.stdout.fnmatch_lines(["What happened", "*WARNING shop: somebody calls*"])
