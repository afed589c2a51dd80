"""Projects of users, with tests of theirs, and pytest run on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import settings

import cohortprop

# In the process of these tests, runs of pytest come and go; what they would import anew each time is here already.
import cohortprop.pytest_plugin.targets
import cohortprop.reports.story
import cohortprop.zoo

ROOT = Path(cohortprop.__file__).parents[1]
CI_VARIABLES = ("CI", "TF_BUILD", "GITHUB_ACTIONS", "BUILDKITE", "CIRCLECI", "GITLAB_CI", "TEAMCITY_VERSION")

INSTALLED = "cohortprop" in entry_points(group="pytest11").names
"""Whether pytest loads the plugin by itself; elsewhere it is told to."""

USAGE = """
    import pytest
    from cohortprop.pytest_plugin import CohortSyncTests
    from {module} import {receiver}

    @pytest.fixture
    def cohort_receiver():
        return {receiver}

    class TestWebhook(CohortSyncTests):
        pass
"""


class Project:
    """A user's project.

    Args:
        pytester: the folder, and pytest.
    """

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def write(self, **files: str) -> None:
        """Write Python files; the names are without their suffix."""
        self.pytester.makepyfile(**files)

    def webhook_tests(self, receiver: str, module: str = "cohortprop.zoo") -> None:
        """A test file as the documentation has it."""
        self.write(test_webhook=USAGE.format(module=module, receiver=receiver))

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process: quick, but what Hypothesis keeps in its globals is shared."""
        plugins = [] if INSTALLED else [cohortprop.pytest_plugin]
        return self.pytester.runpytest_inprocess("-p", "no:randomly", *arguments, plugins=plugins)

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in a process of its own, with whatever plugins are installed."""
        plugin = () if INSTALLED else ("-p", "cohortprop.pytest_plugin")
        return self.pytester.runpytest_subprocess(*plugin, *arguments)


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """Runs of pytest in this process share Hypothesis with it: what they find must not end up in its database."""
    settings.register_profile("tests of the plugin", settings(), database=None)
    settings.load_profile("tests of the plugin")
    yield
    settings.load_profile("tests")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project, on a machine that is no CI, with a wide terminal."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "250")
    for name in CI_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return Project(pytester)


def failures(result: pytest.RunResult) -> dict[str, str]:
    """The failures in the short summary, by test name, with their messages. To be run with `-rfE`."""
    found = {}
    for line in result.outlines:
        match = re.match(r"(?:FAILED|ERROR) (\S.*?) - (.*)", line)
        if match:
            found[match[1].partition("::")[2]] = match[2]
    return found
