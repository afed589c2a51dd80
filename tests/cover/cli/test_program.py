"""The program around the commands: help, faults and their exit codes, and a quick start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cohortprop import ToolkitError, UsageError, __version__
from cohortprop.cli import COMMANDS
from tests.cover.cli.conftest import Run, environment

HEAVY = ("hypothesis", "werkzeug", "jsonschema", "freezegun")

LOADED = """
import sys
from cohortprop.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print("code", end.code)
print("loaded", [name for name in {heavy} if name in sys.modules])
"""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["replay", "--help"], ["zoo"], ["--version"]])
def test_what_is_heavy_is_not_loaded_before_it_is_needed(arguments: list[str], folder: Path) -> None:
    text = LOADED.format(heavy=HEAVY)
    line = [sys.executable, "-c", text, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment())
    code, loaded = done.stdout.splitlines()[-2:]
    assert code == "code 0"
    if arguments == ["zoo"]:  # a table of what there is needs the reports, but no search
        assert "hypothesis" not in loaded
    else:
        assert loaded == "loaded []"


def test_help_lists_the_commands_and_the_exit_codes(cohortprop: Run) -> None:
    said = cohortprop("--help")
    assert said.code == 0
    listed = said.out.partition("Commands:")[2].split("\n")
    assert [line.split()[0] for line in listed if line.strip()] == list(COMMANDS)
    assert "Exit codes: 0 no bug, 1 bugs found, 2 wrong usage" in said.out


def test_nothing_to_do_is_wrong_usage_with_help(cohortprop: Run) -> None:
    said = cohortprop()
    assert (said.code, said.err) == (2, "")
    assert said.out == cohortprop("--help").out


def test_version(cohortprop: Run) -> None:
    assert cohortprop("--version").out == f"cohortprop {__version__}\n"


def test_as_a_module(folder: Path) -> None:
    line = [sys.executable, "-m", "cohortprop", "nonsense"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 2
    assert done.stderr == (
        "cohortprop: error: no command is called 'nonsense'; there are run, replay, findings, zoo, send, init\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "no command is called 'rnu'; did you mean 'run'?"),
        (["shop:receiver"], "no command is called 'shop:receiver'; did you mean: cohortprop run shop:receiver?"),
        (["run"], "no TARGET: write module:name, or set target in [tool.cohortprop] of pyproject.toml"),
        (["run", "x:y", "--seed", "x"], "Invalid value for '--seed': 'x' is not a valid integer."),
        (["run", "x:y", "--seed", "-1"], "seed: expected 0 or more, got -1"),
        (["run", "x:y", "--auth", "x"], "auth: write user:password, not 'x'"),
        (["run", "x:y", "--header", "x"], "header: write 'Name: value', not 'x'"),
        (["run", "x:y", "--write-baseline"], "--write-baseline needs --baseline FILE"),
        (["run", "x:y", "z"], "Got unexpected extra argument (z)"),
        (["replay", "none.json"], "Invalid value for 'FILE': File 'none.json' does not exist."),
        (["send"], "no TARGET: write module:name, or set target in [tool.cohortprop] of pyproject.toml"),
        (["zoo", "merges_full_snyc"], "the zoo has no receiver 'merges_full_snyc'; did you mean 'merges_full_sync'?"),
        (["zoo", "sqlite"], "the zoo has no receiver 'sqlite'; did you mean 'stages_in_sqlite'?"),
        (["zoo", "xyz"], "the zoo has no receiver 'xyz'; cohortprop zoo lists them"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], said: str, cohortprop: Run) -> None:
    answer = cohortprop(*arguments)
    assert (answer.code, answer.out, answer.err) == (2, "", f"cohortprop: error: {said}\n")


@pytest.mark.parametrize("option", ["--sed", "--profle", "--dialet"])
def test_a_misspelt_option_is_one_line_with_a_hint(option: str, cohortprop: Run) -> None:
    answer = cohortprop("run", "x:y", option, "1")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("cohortprop: error: No such option")
    meant = {"--sed": "--seed", "--profle": "--profile", "--dialet": "--dialect"}
    assert meant[option] in answer.err


def test_a_message_of_several_lines_is_told_on_one(cohortprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise UsageError("one\n  two\nthree")

    monkeypatch.setattr("cohortprop.cli.options.load_settings", fail)
    said = cohortprop("run", "shop:receiver")
    assert (said.code, said.err) == (2, "cohortprop: error: one two three\n")


@pytest.mark.parametrize("fault", [ToolkitError("the clock was moved back"), ZeroDivisionError("division by zero")])
def test_a_fault_of_ours_is_told_as_such(fault: Exception, cohortprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise fault

    monkeypatch.setattr("cohortprop.cli.options.load_settings", fail)
    said = cohortprop("run", "shop:receiver", "--seed", "3")
    assert (said.code, said.out) == (3, "")
    lines = said.err.splitlines()
    assert lines[0] == "cohortprop: this is a bug in cohortprop; please report it with the lines below"
    assert lines[1].startswith(f"cohortprop {__version__}, Python {sys.version.split()[0]}, {sys.platform}; ")
    assert lines[1].endswith("arguments: run shop:receiver --seed 3")
    assert lines[2] == "Traceback (most recent call last):"
    assert lines[-1].endswith(str(fault))
