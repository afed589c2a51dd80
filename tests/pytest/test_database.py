"""Where Hypothesis keeps what the search has found, so that another machine replays it first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.pytest.conftest import Project
from tests.pytest.counts import ITEMS

STARTS = """
    from cohortprop import zoo

    made = []

    def receiver():
        made.append(1)
        return zoo.{name}()
"""
TESTS = """
    import counted, pytest
    from cohortprop.pytest_plugin import CohortSyncTests

    @pytest.fixture
    def cohort_receiver():
        yield counted.receiver
        print("made:", len(counted.made))

    class TestIt(CohortSyncTests):
        pass
"""
STATISTICS = ("-k", "search", "--hypothesis-show-statistics")


def written(project: Project, name: str) -> Project:
    """Tests of a receiver of the zoo."""
    project.write(counted=STARTS.format(name=name), test_it=TESTS)
    return project


def reused(result: pytest.RunResult) -> bool:
    """Whether the failure was met while Hypothesis went through its database."""
    lines = [line.strip() for line in result.outlines]
    return any(line.startswith("- during reuse phase") for line in lines) and not any(
        line.startswith("- during generate phase") for line in lines
    )


def kept_in(folder: Path) -> bool:
    return folder.is_dir() and any(folder.rglob("*"))


def test_what_fails_on_one_machine_is_replayed_first_on_another(project: Project, tmp_path: Path) -> None:
    database = f"--cohortprop-database=dir:{tmp_path / 'shared'}"
    written(project, "merges_full_sync")
    first = project.run_apart(*STATISTICS, "--cohortprop-seed=1", database)
    first.assert_outcomes(failed=1, deselected=ITEMS - 1)
    assert not reused(first)
    again = project.run_apart(*STATISTICS, "--cohortprop-seed=2", database)
    again.assert_outcomes(failed=1, deselected=ITEMS - 1)
    assert reused(again)
    assert not kept_in(project.path / ".hypothesis" / "examples")


def test_without_it_nothing_changes(project: Project) -> None:
    written(project, "merges_full_sync")
    project.run_apart("-k", "search", "--cohortprop-seed=1").assert_outcomes(failed=1, deselected=ITEMS - 1)
    assert kept_in(project.path / ".hypothesis" / "examples")


def test_a_relative_path_in_the_file_counts_from_its_folder(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    written(project, "merges_full_sync")
    project.pytester.makeini("[pytest]\ncohortprop_database =\n    dir:shared\n    dir:other")
    monkeypatch.chdir(project.pytester.mkdir("inside"))
    project.run("..", "-k", "search", "--cohortprop-seed=1").assert_outcomes(failed=1, deselected=ITEMS - 1)
    assert kept_in(project.path / "shared")
    assert not kept_in(project.path / "other")
    project.run("..", "-k", "search", "--cohortprop-seed=1", "--cohortprop-database=dir:here")
    assert kept_in(project.path / "inside" / "here")


def test_a_profile_that_is_derandomized_keeps_what_fails_all_the_same(project: Project) -> None:
    settings.register_profile("as in CI", derandomize=True, database=None)
    settings.load_profile("as in CI")
    written(project, "merges_full_sync")
    arguments = ("-k", "search", "--cohortprop-database=shared")
    result = project.run(*arguments)
    result.assert_outcomes(failed=1, deselected=ITEMS - 1)
    result.stdout.fnmatch_lines(["cohortprop: profile realistic, seed *"])
    assert kept_in(project.path / "shared")


def test_a_wrong_url_is_wrong_usage(project: Project) -> None:
    result = project.run("--cohortprop-database=ftp://me:s3cret@host/x")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: cohortprop: database 'ftp://[*][*][*]@host/x': write dir:PATH, *"])


BREAKS = """
    from hypothesis.database import DirectoryBasedExampleDatabase

    def pytest_configure(config):
        def gone(*arguments):
            raise ConnectionError("gone fishing")
        DirectoryBasedExampleDatabase.fetch = DirectoryBasedExampleDatabase.save = gone
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_database_that_is_gone_is_told_at_the_end_and_fails_nothing(
    project: Project, workers: tuple[str, ...]
) -> None:
    written(project, "applies_each_page")
    project.write(conftest=BREAKS)
    arguments = ("-k", "search", "-W", "error", "--cohortprop-trials=5", "--cohortprop-database=shared")
    result = project.run_apart(*arguments, *workers)
    assert result.parseoutcomes()["passed"] == 1
    result.stdout.fnmatch_lines(
        ["*= cohortprop database =*", "database 'shared': ConnectionError: gone fishing*; the run goes on without it"]
    )
    assert result.stdout.str().count("gone fishing") == 1


FUZZES = """
    import sys, types
    from hypothesis import settings
    from hypothesis.stateful import run_state_machine_as_test

    coverage = types.SimpleNamespace(should_trace=lambda name: "hypothesis" not in name)
    sys.modules["hypofuzz.detection"] = types.SimpleNamespace(in_hypofuzz_run=lambda: True)
    sys.modules["hypofuzz.coverage"] = coverage

    def pytest_collection_modifyitems(items):
        for item in items:
            if "search" in item.nodeid:
                item.runtest = lambda item=item: fuzz(item.obj)

    def fuzz(test):
        import counted
        try:
            run_state_machine_as_test(test._hypothesis_state_machine_class, settings=test.__self__.settings)
        finally:
            for module in ("counted", "hypothesis", "cohortprop.trial", "cohortprop.zoo", "cohortprop.zoo.envelope"):
                print(module, coverage.should_trace(sys.modules[module].__file__))
            print("fuzzed:", settings().database, settings().derandomize, len(counted.made))
"""


@pytest.mark.parametrize("name", ["applies_each_page", "merges_full_sync"])
def test_the_machine_runs_without_its_test_as_under_hypofuzz(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CI", "true")  # where Hypothesis' profile would keep nothing
    written(project, name)
    project.write(conftest=FUZZES)
    arguments = (*STATISTICS, "-s", "--cohortprop-seed=1", "--cohortprop-database=shared")
    result = project.run_apart(*arguments, "--cohortprop-trials=20")
    correct = name == "applies_each_page"
    result.assert_outcomes(passed=int(correct), failed=int(not correct), deselected=ITEMS - 1)
    traced = [
        "*counted True",
        "hypothesis False",
        "cohortprop.trial False",
        "cohortprop.zoo True",
        "cohortprop.*e True",
    ]
    result.stdout.fnmatch_lines(traced)  # the app is looked at, and not those who test it
    result.stdout.fnmatch_lines(["*fuzzed: open_database('shared') False *"])
    if not correct:
        result.stdout.fnmatch_lines(["*MembershipGhostAfterFullSync: *"])  # as it is, shrunk by whoever runs it
        (project.path / "conftest.py").unlink()
        assert reused(project.run_apart(*STATISTICS, "--cohortprop-seed=2", "--cohortprop-database=shared"))
