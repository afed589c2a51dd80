"""A run of pytest that has nothing to do with cohortprop pays next to nothing for the plugin."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.pytest.conftest import ROOT, Project

LIBRARIES = ("hypothesis", "werkzeug", "jsonschema", "freezegun", "rich", "click")
HEAVY = (*LIBRARIES, "cohortprop.simulation", "cohortprop.settings")


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    program = f"import sys, json, cohortprop.pytest_plugin; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_nor_does_a_run_without_a_test_of_ours(project: Project) -> None:
    project.write(
        test_other="""
        def test_other():
            pass
        """,
        conftest=f"""
        import sys
        def pytest_sessionfinish():  # Hypothesis' own plugin imports it for its summary
            print("heavy:", [m for m in {HEAVY} if m in sys.modules])
        """,
    )
    result = project.run_apart("-s", "-p", "no:randomly")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*heavy: []"])
