"""`pytest --cohortprop module:name`, without a test file."""

from __future__ import annotations

import pytest

from tests.pytest.conftest import Project, failures
from tests.pytest.counts import ITEMS

FEW = "--cohortprop-trials=2"


def test_no_test_file_is_needed(project: Project) -> None:
    target = ("--cohortprop", "cohortprop.zoo:merges_full_sync")
    result = project.run(*target, FEW, "-rfE", "-k", "search or four-days-down]")
    assert "cohortprop: cohortprop.zoo:merges_full_sync: profile realistic, " in result.stdout.str()
    assert next(iter(failures(result))) == "cohortprop_zoo_merges_full_sync::test_canonical[four-days-down]"
    result.stdout.fnmatch_lines(["What happened"])


def test_a_correct_receiver_passes(project: Project) -> None:
    result = project.run("--cohortprop=cohortprop.zoo:applies_each_page", FEW)
    result.assert_outcomes(passed=ITEMS)
    assert result.ret == pytest.ExitCode.OK


def test_a_module_of_the_project_is_found(project: Project) -> None:
    project.write(shop="from cohortprop.zoo import applies_each_page as create_receiver")
    project.run("--cohortprop", "shop:create_receiver", FEW, "-k", "two-pages").assert_outcomes(
        passed=1, deselected=ITEMS - 1
    )


def test_several_targets_and_test_files_go_together(project: Project) -> None:
    project.webhook_tests("folds_a_log")
    project.write(
        shop="""
        from types import SimpleNamespace
        from cohortprop.zoo import applies_each_page as a_b
        a = SimpleNamespace(b=a_b)
        """
    )
    targets = ("--cohortprop", "shop:a.b", "--cohortprop", "shop:a_b", "--cohortprop", "shop:a_b")
    result = project.run(*targets, "--collect-only", "-q", "-k", "search")
    collected = [line for line in result.outlines if "::" in line]
    assert collected == [
        "test_webhook.py::TestWebhook::search::runTest",
        "cohortprop::shop_a_b::search::runTest",
        "cohortprop::shop_a_b_::search::runTest",
    ]


def test_markers_select(project: Project) -> None:
    project.write(test_other="def test_other(): pass")
    target = ("--cohortprop", "cohortprop.zoo:applies_each_page")
    for marker, number in (("cohortprop", ITEMS), ("not cohortprop", 1), ("hypothesis", 1)):
        result = project.run(*target, "--collect-only", "-q", "-m", marker)
        assert f"{number}/{ITEMS + 1} tests collected" in result.stdout.str()


def test_the_fixtures_give_the_target_to_tests_of_the_project(project: Project) -> None:
    project.write(test_it="def test_it(cohort_sync):\n    cohort_sync.join('ann')\n    cohort_sync.sync()")
    target = ("--cohortprop", "cohortprop.zoo:applies_each_page")
    project.run(*target, "-k", "test_it").assert_outcomes(passed=1, deselected=ITEMS)
    two = project.run(*target, "--cohortprop", "cohortprop.zoo:folds_a_log", "-k", "test_it", "-rfE")
    (message,) = failures(two).values()
    assert message.startswith("Failed: no receiver to test (--cohortprop names 2): ")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nowhere:receiver", "there is no module 'nowhere'"),
        ("cohortprop.zoo:folds_a_logg", "cohortprop.zoo has no 'folds_a_logg'; did you mean 'folds_a_log'?"),
        ("cohortprop.zoo", "'cohortprop.zoo' names no receiver: write module:name"),
        ("json:loads", "json:loads needs arguments"),
    ],
)
def test_a_target_that_cannot_be_loaded_is_wrong_usage_in_one_line(project: Project, target: str, message: str) -> None:
    result = project.run("--cohortprop", target)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.strip()]
    assert line.startswith("ERROR: --cohortprop: ")
    assert message in line
