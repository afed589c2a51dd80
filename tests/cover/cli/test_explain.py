"""`--explain CHECK`: a page in the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cohortprop.checks import BUILT_IN
from tests.cover.cli.conftest import Run, environment


@pytest.mark.parametrize("name", [each.name for each in BUILT_IN])
def test_each_check_is_explained(name: str, cohortprop: Run) -> None:
    said = cohortprop("--explain", name)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"{name}\n\n")
    assert said.out.count("def receiver():") == 2


def test_run_explains_without_a_target(cohortprop: Run) -> None:
    assert cohortprop("run", "--explain", "rename") == cohortprop("--explain", "rename")


def test_run_with_a_target_explains_and_runs_nothing(cohortprop: Run) -> None:
    assert cohortprop("run", "no_such_module:receiver", "--explain", "rename") == cohortprop("--explain", "rename")


@pytest.mark.parametrize("before", [(), ("run",)])
def test_an_unknown_check_is_one_line_that_lists_them_all(before: tuple[str, ...], cohortprop: Run) -> None:
    said = cohortprop(*before, "--explain", "renam")
    names = ", ".join(each.name for each in BUILT_IN)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"cohortprop: error: no check is called 'renam'; there are {names}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--explain", "rename", "run", "x:y"], "--explain rename stands alone, without run"),
        (["--no-color", "run", "x:y"], "--no-color stands behind run"),
        (["--color", "zoo"], "--color stands behind zoo"),
        (["--explain"], "Option '--explain' requires an argument."),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, cohortprop: Run) -> None:
    answer = cohortprop(*arguments)
    assert (answer.code, answer.out, answer.err) == (2, "", f"cohortprop: error: {said}\n")


def on_a_terminal(*arguments: str, **extra: str) -> str:
    """What is printed where colours are to be had."""
    line = [sys.executable, "-m", "cohortprop", *arguments]
    environ = {**environment(), "FORCE_COLOR": "1", "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **extra}
    environ.pop("NO_COLOR", None)
    return subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=True, env=environ).stdout


def test_colour_and_width_are_the_terminals(folder: Path) -> None:
    narrow = on_a_terminal("--explain", "rename", COLUMNS="60")
    assert "\x1b[36m" in narrow
    plain = on_a_terminal("--explain", "rename", "--no-color", COLUMNS="60")
    assert "\x1b[36m" not in plain
    assert plain != on_a_terminal("--explain", "rename", "--no-color", COLUMNS="90")
    assert "\x1b[36m" not in on_a_terminal("run", "--no-color", "--explain", "rename")


def test_pyproject_has_a_say_in_colour(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.cohortprop]\ncolor = false\n", "utf-8")
    assert "\x1b[36m" not in on_a_terminal("--explain", "rename")
    assert "\x1b[36m" in on_a_terminal("--explain", "rename", "--color")


def test_into_a_file_it_is_plain_text(folder: Path) -> None:
    line = [sys.executable, "-m", "cohortprop", "--explain", "rename"]
    with (folder / "page.txt").open("wb") as file:
        subprocess.run(line, stdout=file, check=True, env=environment())
    assert b"\x1b" not in (folder / "page.txt").read_bytes()
