"""The mutation run itself, on a package of one module, in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import measure

MODULE = """\
from functools import lru_cache

LIMIT = 3


@lru_cache
def late(age):
    return age > LIMIT


def unused():
    return 7
"""
TESTS = """\
from cohortprop.ages import late


def test_late():
    assert late(4) is True


def test_early():
    assert late(2) is False
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(Path(measure.__file__).parent, tmp_path / "measure", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "measure" / "mutants_allowed.toml").write_text("")
    (tmp_path / "cohortprop").mkdir()
    (tmp_path / "cohortprop" / "__init__.py").write_text("")
    (tmp_path / "cohortprop" / "ages.py").write_text(MODULE)
    (tmp_path / "test_ages.py").write_text(TESTS)
    return tmp_path


def run(repository: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "measure.mutation", "cohortprop/ages.py", "--tests", "test_ages.py", *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_survivors_are_named_and_fail_the_run(repository: Path) -> None:
    code, output = run(repository)
    survivors = {line.partition(", ")[2] for line in output.splitlines() if line.startswith("  survived")}
    assert survivors == {
        "cohortprop/ages.py:late: age > LIMIT -> age >= LIMIT",  # nobody asks at the limit itself
        "cohortprop/ages.py:unused: 7 -> 8",
    }
    assert "cohortprop/ages.py: 5 mutants, 3 noticed" in output
    assert code == 1


def test_a_reason_lets_a_mutant_survive(repository: Path) -> None:
    allowed = "[[allowed]]\nname = 'cohortprop/ages.py:unused: 7 -> 8'\nreason = 'nobody uses it'\n"
    (repository / "measure" / "mutants_allowed.toml").write_text(allowed)
    code, output = run(repository, "--only", "unused")
    assert (code, "1 survived, 1 of them allowed" in output) == (0, True), output


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("late: drop x", "there is no such mutant"), ("late: age > LIMIT -> age <= LIMIT", "a test notices it")],
)
def test_a_reason_must_be_true(repository: Path, name: str, complaint: str) -> None:
    allowed = f"[[allowed]]\nname = 'cohortprop/ages.py:{name}'\nreason = 'it once was'\n"
    (repository / "measure" / "mutants_allowed.toml").write_text(allowed)
    code, output = run(repository, "--only", "late: age > LIMIT -> age <=")
    assert (code, complaint in output) == (1, True), output


@pytest.mark.parametrize(
    ("tests", "complaint"),
    [
        ("def test_nothing():\n    pass\n", "no test imports"),
        ("def test_red():\n    assert 0\n", "do not pass on the real"),
    ],
)
def test_a_run_that_could_tell_nothing_says_so(repository: Path, tests: str, complaint: str) -> None:
    (repository / "test_ages.py").write_text(tests)
    code, output = run(repository)
    assert (code, complaint in output) == (2, True), output
