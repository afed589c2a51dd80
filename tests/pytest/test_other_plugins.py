"""Beside Hypothesis' own ways, other plugins, and pytest's stricter moods; each in a process of its own."""

from __future__ import annotations

import pytest

from tests.pytest.conftest import Project, failures
from tests.pytest.counts import ITEMS

FAULTY = "--cohortprop=cohortprop.zoo:merges_full_sync"
CORRECT = "--cohortprop=cohortprop.zoo:applies_each_page"


def test_strict_markers_warnings_as_errors_no_cache_shuffled_and_with_statistics(project: Project) -> None:
    project.webhook_tests("applies_each_page")
    strict = ("--strict-markers", "--strict-config", "-W", "error", "-p", "no:cacheprovider", "-p", "randomly")
    result = project.run_apart(
        *strict, "-v", CORRECT, "--hypothesis-show-statistics", "--cohortprop-trials=4", "-k", "search or two"
    )
    result.assert_outcomes(passed=10, deselected=2 * ITEMS - 10)
    for name in ("test_webhook.py::TestWebhook", "cohortprop::cohortprop_zoo_applies_each_page"):
        result.stdout.fnmatch_lines([f"{name}::search::runTest:", "*- 4 passing*", "*settings.max_examples=4*"])


def test_xdist(project: Project) -> None:
    project.webhook_tests("merges_full_sync")
    chosen = ("-k", "four-days-down] or (search and not Webhook)", "-rfE", "--cohortprop-profile=documented")
    result = project.run_apart("-n2", FAULTY, *chosen)
    assert set(failures(result)) == {
        "TestWebhook::test_canonical[four-days-down]",
        "cohortprop_zoo_merges_full_sync::test_canonical[four-days-down]",
        "cohortprop_zoo_merges_full_sync::search::runTest",
    }
    assert result.outlines.count("What happened") == 3
    (header,) = [line for line in result.outlines if line.startswith("cohortprop:") and "profile documented" in line]
    seed = header.rpartition(" ")[2]
    assert f"The same draws again: --cohortprop-seed={seed}" in result.outlines  # in a worker


def test_xdist_with_a_wrong_target_is_wrong_usage(project: Project) -> None:
    result = project.run_apart("-n2", "--cohortprop=nowhere:receiver")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert len([line for line in result.errlines if line.strip()]) == 1


def test_a_ci_draws_the_same_each_time_and_keeps_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    chosen = ("-k", "search", "-rfE", "--cohortprop-profile=documented")
    result = project.run_apart(FAULTY, *chosen)
    assert len(failures(result)) == 1
    result.stdout.fnmatch_lines(["cohortprop: *: profile documented, derandomized by Hypothesis' profile"])
    assert "The same draws again" not in result.stdout.str()
    assert not (project.path / ".hypothesis" / "examples").exists()


def test_hypothesis_keeps_what_failed_to_try_it_again(project: Project) -> None:
    project.write(
        conftest="""
        from hypothesis import Phase, settings
        from hypothesis.database import DirectoryBasedExampleDatabase

        few = settings(database=DirectoryBasedExampleDatabase("kept"), stateful_step_count=10)
        settings.register_profile("search", few, phases=[Phase.generate, Phase.shrink])
        settings.register_profile("only again", few, phases=[Phase.reuse])
        """
    )
    again = (FAULTY, "-k", "search", "--hypothesis-profile=only again")
    project.run(*again).assert_outcomes(skipped=1, deselected=ITEMS - 1)  # there is nothing to try
    project.run(FAULTY, "-k", "search", "--hypothesis-profile=search").assert_outcomes(failed=1, deselected=ITEMS - 1)
    project.run(*again).assert_outcomes(failed=1, deselected=ITEMS - 1)


def test_a_profile_of_hypothesis_says_how_many_examples_unless_the_option_does(project: Project) -> None:
    project.write(
        conftest="""
        from hypothesis import settings
        settings.register_profile("few", max_examples=3, stateful_step_count=4)
        settings.load_profile("few")
        """
    )
    chosen = (CORRECT, "-k", "search", "--hypothesis-show-statistics")
    project.run(*chosen).stdout.fnmatch_lines(["*settings.max_examples=3*"])
    project.run(*chosen, "--cohortprop-trials=2").stdout.fnmatch_lines(["*settings.max_examples=2*"])


def test_a_class_may_have_settings_of_its_own(project: Project) -> None:
    project.write(
        test_it="""
        from hypothesis import settings
        from cohortprop.pytest_plugin import CohortSyncTests

        class TestIt(CohortSyncTests):
            settings = settings(max_examples=4, stateful_step_count=3)
        """
    )
    chosen = (CORRECT, "-k", "TestIt and search", "--hypothesis-show-statistics")
    project.run(*chosen).stdout.fnmatch_lines(["*settings.max_examples=4*"])
    project.run(*chosen, "--cohortprop-trials=2").stdout.fnmatch_lines(["*settings.max_examples=2*"])


def test_junit_and_the_last_failures(project: Project) -> None:
    chosen = ("-k", "days-down or two-pages", "--cohortprop-trials=0")
    project.run(FAULTY, *chosen, "--junit-xml=report.xml").assert_outcomes(failed=2, passed=1, deselected=ITEMS - 4)
    assert 'message="Failed: membership/ghost-after-full-sync: ' in (project.path / "report.xml").read_text("utf-8")
    project.run(FAULTY, *chosen, "--lf").assert_outcomes(failed=2, deselected=ITEMS - 3)
