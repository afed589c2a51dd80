"""`cohortprop replay`: still fails, fixed, or fails otherwise; and without Hypothesis."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.cover.cli.conftest import Run, environment

WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None  # an attempt to import it fails
from cohortprop.cli import main
main(["replay", sys.argv[1]])
"""


@pytest.fixture
def ghost(cohortprop: Run, folder: Path) -> str:
    """The file of a finding about the zoo's merges_full_sync."""
    cohortprop("run", "cohortprop.zoo:merges_full_sync", "--trials", "0", "--seed", "1", "--check", "membership")
    return str(next(folder.glob(".cohortprop/findings/*.json")).relative_to(folder))


def test_it_still_fails_and_is_told_again(cohortprop: Run, ghost: str) -> None:
    said = cohortprop("replay", ghost)
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines()[0] == "still fails: membership/ghost-after-full-sync"
    assert "BUG membership / ghost-after-full-sync" in said.out
    assert "What happened" in said.out


def test_it_is_fixed_and_stays_where_it_is(cohortprop: Run, ghost: str) -> None:
    said = cohortprop("replay", ghost, "cohortprop.zoo:applies_each_page")
    assert (said.code, said.out, said.err) == (0, "fixed: membership/ghost-after-full-sync\n", "")
    assert Path(ghost).exists()


def test_it_fails_otherwise(cohortprop: Run, ghost: str) -> None:
    said = cohortprop("replay", ghost, "cohortprop.zoo:answers_plain_ok")
    assert (said.code, said.err) == (1, "")
    first = said.out.splitlines()[0]
    assert first == "fails otherwise: membership/ghost-after-full-sync, now envelope/no-envelope"
    assert "BUG envelope / no-envelope" in said.out


def test_quiet_is_the_verdict_alone(cohortprop: Run, ghost: str) -> None:
    said = cohortprop("replay", ghost, "-q")
    assert (said.code, said.out) == (1, "still fails: membership/ghost-after-full-sync\n")


def test_as_json(cohortprop: Run, ghost: str) -> None:
    said = cohortprop("replay", ghost, "--json")
    data = json.loads(said.out)
    assert (said.code, data["verdict"], data["file"]) == (1, "still fails", ghost)
    assert data["target"] == "cohortprop.zoo:merges_full_sync"
    assert data["finding"]["cause"] == "ghost-after-full-sync"
    fixed = json.loads(cohortprop("replay", ghost, "cohortprop.zoo:applies_each_page", "--json").out)
    assert (fixed["verdict"], fixed["finding"]) == ("fixed", None)


def test_what_the_app_prints_does_not_spoil_the_json(cohortprop: Run, ghost: str, shop: str) -> None:
    spoken = cohortprop("replay", ghost, f"{shop}:merging")
    assert "printed by the app\n" in spoken.out
    said = cohortprop("replay", ghost, f"{shop}:merging", "--json")
    assert json.loads(said.out)["verdict"] == "still fails"
    assert "printed by the app\n" in said.err


def test_hypothesis_is_not_needed(ghost: str, folder: Path) -> None:
    line = [sys.executable, "-c", WITHOUT_HYPOTHESIS, ghost]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("still fails: membership/ghost-after-full-sync\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"target": "no_such_shop:app"},
            ("there is no module 'no_such_shop', neither in {1} nor among the installed packages"),
        ),
        (
            {"target": "tests/test_shop.py::TestShop::search"},
            ("{0}: was saved by the test tests/test_shop.py::TestShop::search; name the TARGET to replay it on"),
        ),
        ({"check": "elsewhere"}, "{0}: no check is called 'elsewhere'; there are membership, arrivals, "),
        ({"scenario": {"version": 1, "cohorts": [], "steps": []}}, "{0}: scenario.cohorts: there must be one at least"),
        ({"kind": ""}, "{0}: is no finding of cohortprop"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(
    change: dict[str, str], said: str, cohortprop: Run, ghost: str, folder: Path
) -> None:
    path = Path(ghost)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    answer = cohortprop("replay", ghost)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"cohortprop: error: {said.format(ghost, folder)}")
    assert answer.err.count("\n") == 1


def test_what_a_test_has_saved_is_replayed_on_a_target_that_is_named(cohortprop: Run, ghost: str) -> None:
    path = Path(ghost)
    data = json.loads(path.read_text("utf-8")) | {"target": "tests/test_shop.py::TestShop::search"}
    path.write_text(json.dumps(data), "utf-8")
    said = cohortprop("replay", ghost, "cohortprop.zoo:merges_full_sync", "-q")
    assert (said.code, said.out) == (1, "still fails: membership/ghost-after-full-sync\n")


def test_a_receiver_without_the_probe_cannot_be_judged(cohortprop: Run, ghost: str, shop: str) -> None:
    answer = cohortprop("replay", ghost, f"{shop}:create_app", "--path", "/hook")
    said = f"{ghost}: the check 'membership' needs members, as in Receiver(members=...)"
    assert (answer.code, answer.err) == (2, f"cohortprop: error: {said}\n")


def test_a_test_is_written_that_fails_in_pytest_until_the_receiver_is_mended(
    cohortprop: Run, ghost: str, folder: Path
) -> None:
    said = cohortprop("replay", ghost, "-q", "--emit-test", "test_ghost.py")
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines()[-1] == "test_ghost.py: fails now, and passes once the receiver is mended"
    test = folder / "test_ghost.py"
    source = test.read_text("utf-8")
    assert "def test_ghost_after_full_sync(cohort_sync):\n" in source
    assert pytest_exits_with(folder) == 1
    test.write_text(source.replace("cohortprop.zoo.merges_full_sync", "cohortprop.zoo.applies_each_page"), "utf-8")
    assert pytest_exits_with(folder) == 0


def pytest_exits_with(folder: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_ghost.py"]
    if not entry_points(group="pytest11", name="cohortprop"):  # run from a work tree that is not installed
        command += ["-p", "cohortprop.pytest_plugin"]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=False).returncode


def test_no_test_is_written_over_a_file_that_is_there(cohortprop: Run, ghost: str, folder: Path) -> None:
    (folder / "test_mine.py").write_text("mine", "utf-8")
    said = cohortprop("replay", ghost, "--emit-test", "test_mine.py")
    told = "cohortprop: error: test_mine.py: exists already; name another file, or remove it\n"
    assert (said.code, said.out, said.err) == (2, "", told)
    assert (folder / "test_mine.py").read_text("utf-8") == "mine"


def test_no_test_is_written_for_what_does_not_show_any_more(cohortprop: Run, ghost: str, folder: Path) -> None:
    said = cohortprop("replay", ghost, "cohortprop.zoo:applies_each_page", "--emit-test", "test_ghost.py")
    told = "test_ghost.py: not written, for membership/ghost-after-full-sync does not show any more"
    assert (said.code, said.out, said.err) == (2, "", f"cohortprop: error: {told}\n")
    assert not (folder / "test_ghost.py").exists()


def test_a_test_that_cannot_be_written_is_one_line(cohortprop: Run, ghost: str) -> None:
    said = cohortprop("replay", ghost, "--emit-test", "nowhere/test_ghost.py")
    assert (said.code, said.out) == (2, "")
    assert said.err == "cohortprop: error: nowhere/test_ghost.py: cannot be written: No such file or directory\n"


@pytest.mark.parametrize(("name", "begins"), [("ghost.svg", "<svg "), ("ghost.mmd", "---\ntitle: ")])
def test_it_is_drawn(cohortprop: Run, ghost: str, folder: Path, name: str, begins: str) -> None:
    assert cohortprop("replay", ghost, "-q", "--diagram", name).code == 1
    assert (folder / name).read_text("utf-8").startswith(begins)


def test_what_it_is_drawn_as_has_to_be_clear(cohortprop: Run, ghost: str) -> None:
    said = cohortprop("replay", ghost, "--diagram", "ghost.png")
    told = "ghost.png: name a file that ends in .svg, for a picture, or in .mmd, for Mermaid text"
    assert (said.code, said.out, said.err) == (2, "", f"cohortprop: error: {told}\n")


def test_what_does_not_show_any_more_is_not_drawn(cohortprop: Run, ghost: str, folder: Path) -> None:
    said = cohortprop("replay", ghost, "cohortprop.zoo:applies_each_page", "--diagram", "ghost.svg")
    told = "ghost.svg: not drawn, for membership/ghost-after-full-sync does not show any more"
    assert (said.code, said.out, said.err) == (2, "", f"cohortprop: error: {told}\n")
    assert not (folder / "ghost.svg").exists()


def test_its_requests_are_written_as_curl_lines(cohortprop: Run, ghost: str, folder: Path) -> None:
    assert cohortprop("replay", ghost, "-q", "--curl", "ghost.sh").code == 1
    script = (folder / "ghost.sh").read_text("utf-8")
    assert script.startswith("#!/bin/sh\n# A full sync is merged")
    assert script.count("| curl -sS -X POST") == 2
    said = cohortprop("replay", ghost, "cohortprop.zoo:applies_each_page", "--curl", "none.sh")
    told = "none.sh: not written, for membership/ghost-after-full-sync does not show any more"
    assert (said.code, said.out, said.err) == (2, "", f"cohortprop: error: {told}\n")
