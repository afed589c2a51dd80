"""Everything that can be run on this repository: `nox` for what a change has to pass, `nox --list` for all of it.

Arguments after `--` go to the tool that a session runs, as in `nox -s tests-3.12 -- tests/cover -k oracle`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13")

MODEL = "*/cohortprop/wire/*,*/cohortprop/sender/*,*/cohortprop/oracle.py"
"""What must be covered completely, each statement and each branch."""

OF_THE_MODEL = ["tests/cover/wire", "tests/cover/sender", "tests/cover/oracle"]
"""The rooms that are about it; nothing else may be needed to cover it."""

nox.options.sessions = ["tests", "coverage", "lint", "types", "layers", "docs"]
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False  # a Python that is not here is skipped, and the summary says so


def offer_pyenv_pythons() -> None:
    """Put the Pythons that pyenv has installed, but does not have switched on, where nox looks for them."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in PYTHONS:
        installed = [path for path in root.glob(f"versions/{version}.*/bin") if (path / f"python{version}").exists()]
        if installed and not runs(f"python{version}"):
            newest = max(installed, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parent.name)])
            os.environ["PATH"] = f"{newest}{os.pathsep}{os.environ['PATH']}"


def runs(command: str) -> bool:
    """Whether the command is there and works; pyenv's shims are there for Pythons that are not switched on."""
    found = shutil.which(command)
    return found is not None and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0


offer_pyenv_pythons()


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests, on each Python that is installed."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests, with the oldest versions of the run-time dependencies that pyproject.toml admits."""
    needs = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    session.install(".[test]", *(need.replace(">=", "==") for need in needs))
    session.run("pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """The model and the oracle are covered completely by their own tests."""
    session.install("-e", ".[test]")
    session.run("coverage", "run", "-m", "pytest", *(session.posargs or OF_THE_MODEL))
    session.run("coverage", "report", f"--include={MODEL}", "--fail-under=100")


@nox.session
def lint(session: nox.Session) -> None:
    """The rules for code, and its format."""
    session.install(".[lint]")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """The types, strictly, in the tests too."""
    session.install("-e", ".[test,lint]")
    session.run("mypy", *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """Imports point down the house only."""
    session.install("-e", ".[lint]")
    session.run("lint-imports", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, without a warning, and its examples, which use what the tests use."""
    session.install(".[docs,test]")
    build = ["sphinx-build", "--fail-on-warning", "--keep-going", "--fresh-env", "--quiet"]
    session.run(*build, "-b", "html", "docs", "docs/_build/html", *session.posargs)
    session.run(*build, "-b", "doctest", "docs", "docs/_build/doctest")


@nox.session
def zoo(session: nox.Session) -> None:
    """How surely and how fast each faulty receiver of the zoo is found."""
    measure(session)


@nox.session
def power(session: nox.Session) -> None:
    """How cohortprop compares with what one would use instead."""
    measure(session, "power")


@nox.session
def hypofuzz(session: nox.Session) -> None:
    """Whether what HypoFuzz finds in collected tests is replayed by pytest."""
    measure(session, "hypofuzz")


@nox.session
def scale(session: nox.Session) -> None:
    """What it costs to spread a campaign over many workers, and how far that goes."""
    measure(session)


@nox.session
def soundness(session: nox.Session) -> None:
    """Whether a correct receiver is ever accused."""
    measure(session)


@nox.session
def mutation(session: nox.Session) -> None:
    """Whether a test notices each small wrong version of the model and the oracle."""
    measure(session)


@nox.session
def bench(session: nox.Session) -> None:
    """What cohortprop itself costs, as ratios to a floor measured in the same run."""
    measure(session)


def measure(session: nox.Session, *extras: str) -> None:
    """Run the script of the session's name on the work tree."""
    session.install("-e", f".[{','.join(['test', *extras])}]")
    session.run("python", "-m", f"measure.{session.name}", *session.posargs)
