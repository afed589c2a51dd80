"""`cohortprop init`: the test file to start from, and that it works once it is filled in."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cohortprop.cli.init import TEMPLATE
from tests.cover.cli.conftest import Run, environment

_MEMBERS = "        return list(app.held.get(cohort_id, ()))"


def filled_in(shop: str) -> str:
    return (
        TEMPLATE.replace("from yourapp import create_app", f"from {shop} import create_app")
        .replace('path="/"', 'path="/hook"')
        .replace(next(line for line in TEMPLATE.splitlines() if "raise NotImplementedError" in line), _MEMBERS)
    )


def test_it_is_written_and_what_comes_next_is_said(cohortprop: Run, folder: Path) -> None:
    said = cohortprop("init")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("test_cohort_sync.py is written. Say in it where your app is, ")
    assert "    pytest test_cohort_sync.py\n" in said.out
    assert "    cohortprop run test_cohort_sync:create_receiver\n" in said.out
    assert (folder / "test_cohort_sync.py").read_text("utf-8") == TEMPLATE


def test_it_goes_into_the_folder_of_the_tests(cohortprop: Run, folder: Path) -> None:
    (folder / "tests").mkdir()
    said = cohortprop("init")
    assert (folder / "tests/test_cohort_sync.py").exists()
    assert "    cohortprop run tests.test_cohort_sync:create_receiver\n" in said.out


def test_a_name_of_ones_own(cohortprop: Run, folder: Path) -> None:
    (folder / "web-tests").mkdir()
    said = cohortprop("init", "web-tests/test_hook.py")
    assert (folder / "web-tests/test_hook.py").exists()
    assert "    pytest web-tests/test_hook.py\n" in said.out
    assert "cohortprop run" not in said.out  # a folder of that name cannot be imported


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("taken.py", "taken.py exists already; nothing was written"),
        ("none/test.py", "none/test.py: cannot be written: No such file or directory"),
        ("test", "test: the name of a test file ends in .py, as in test_cohort_sync.py"),
    ],
)
def test_what_cannot_be_written_is_one_line(name: str, said: str, cohortprop: Run, folder: Path) -> None:
    (folder / "taken.py").write_text("mine", "utf-8")
    answer = cohortprop("init", name)
    assert (answer.code, answer.out, answer.err) == (2, "", f"cohortprop: error: {said}\n")
    assert (folder / "taken.py").read_text("utf-8") == "mine"


def test_before_it_is_filled_in_it_says_what_is_missing(cohortprop: Run, folder: Path, shop: str) -> None:
    cohortprop("init")
    file = folder / "test_cohort_sync.py"
    first = cohortprop("run", "test_cohort_sync:create_receiver")
    assert first.err == (
        "cohortprop: error: test_cohort_sync cannot be imported: ModuleNotFoundError: No module named 'yourapp' "
        "(test_cohort_sync.py, line 7)\n"
    )
    file.write_text(file.read_text("utf-8").replace("yourapp", shop), "utf-8")
    second = cohortprop("run", "test_cohort_sync:create_receiver")
    assert second.err == (
        "cohortprop: error: Receiver(members=...) failed: NotImplementedError: return the ids that the app now holds "
        "in this cohort, [] if it knows none such (test_cohort_sync.py, line 15)\n"
    )


def test_filled_in_it_runs_in_pytest(folder: Path, shop: str) -> None:
    (folder / "test_cohort_sync.py").write_text(filled_in(shop), "utf-8")
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "we_were_down or search or plain"]
    line += ["--cohortprop-trials", "3"]
    if not entry_points(group="pytest11", name="cohortprop"):  # run from a work tree that is not installed
        line += ["-p", "cohortprop.pytest_plugin"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    wrong = filled_in(shop).replace("create_app()", "create_app(merges=True)")
    (folder / "test_cohort_sync.py").write_text(wrong, "utf-8")
    line[line.index("-k") + 1] = "we_were_down"
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 1
    assert "test_who_left_while_we_were_down_is_gone" in done.stdout
