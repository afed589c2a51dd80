"""`cohortprop findings`: what is saved can be listed, shown and removed; nothing is run for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cover.cli.conftest import Run

GHOST = ".cohortprop/findings/membership-ghost-after-full-sync-2adbbf88.json"


@pytest.fixture
def ghost(cohortprop: Run, folder: Path) -> Path:
    """The file of a finding about the zoo's merges_full_sync."""
    cohortprop("run", "cohortprop.zoo:merges_full_sync", "--trials", "0", "--seed", "1", "--check", "membership")
    return folder / GHOST


def test_they_are_listed(cohortprop: Run, ghost: Path) -> None:
    assert ghost.exists()
    said = cohortprop("findings")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == "membership / ghost-after-full-sync"
    assert said.out.splitlines()[-1] == f"  {GHOST}"
    assert cohortprop("findings", "list") == said


def test_those_that_are_fixed_are_listed_as_such(cohortprop: Run, ghost: Path) -> None:
    (ghost.parent / "fixed").mkdir()
    ghost.rename(ghost.parent / "fixed" / ghost.name)
    assert cohortprop("findings").out.splitlines()[0] == "fixed  membership / ghost-after-full-sync"


def test_a_damaged_file_is_named_and_the_others_are_listed(cohortprop: Run, ghost: Path) -> None:
    (ghost.parent / "a.json").write_text("{", "utf-8")
    lines = cohortprop("findings").out.splitlines()
    assert lines[0] == "membership / ghost-after-full-sync"
    assert lines[-1].startswith("damaged: .cohortprop/findings/a.json: is not JSON")


def test_as_json(cohortprop: Run, ghost: Path) -> None:
    data = json.loads(cohortprop("findings", "--json").out)
    assert data["damaged"] == []
    (found,) = data["findings"]
    assert (found["file"], found["fixed"], found["check"]) == (GHOST, False, "membership")
    assert found["scenario"] == json.loads(ghost.read_text("utf-8"))["scenario"]


def test_where_nothing_is_saved(cohortprop: Run) -> None:
    said = cohortprop("findings")
    assert (said.code, said.out) == (0, "nothing is saved in .cohortprop/findings\n")


@pytest.mark.parametrize("name", ["ghost-after", GHOST, Path(GHOST).name])
def test_one_is_shown_with_its_steps_and_without_being_run(cohortprop: Run, ghost: Path, name: str) -> None:
    assert ghost.exists()
    assert cohortprop("findings", "show", name).out.splitlines() == [
        "membership / ghost-after-full-sync",
        "  A full sync is merged into what is held instead of replacing it, so whoever left meanwhile stays.",
        "  found on cohortprop.zoo:merges_full_sync",
        '  cohort 1001, "VIPs": ann',
        "  1. the next sync of cohort 1001 runs",
        "  2. no sync of cohort 1001 gets through until its snapshot has expired, while ann leaves; then it syncs",
        f"  cohortprop replay {GHOST}",
    ]


def test_one_is_removed(cohortprop: Run, ghost: Path) -> None:
    said = cohortprop("findings", "remove", "ghost")
    assert (said.code, said.out) == (0, f"removed: {GHOST}\n")
    assert not ghost.exists()


def test_nothing_is_removed_when_one_name_is_wrong(cohortprop: Run, ghost: Path) -> None:
    said = cohortprop("findings", "remove", "ghost", "goose")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("cohortprop: error: 'goose': no finding is called so in .cohortprop/findings;")
    assert ghost.exists()


def test_a_name_that_fits_several_names_none(cohortprop: Run, ghost: Path) -> None:
    ghost.with_name("membership-other.json").write_bytes(ghost.read_bytes())
    said = cohortprop("findings", "remove", "membership")
    told = f"'membership' is part of 2 names: {ghost.name}, membership-other.json"
    assert (said.code, said.err) == (2, f"cohortprop: error: {told}\n")
    assert ghost.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "x"], "list takes no NAME; did you mean: cohortprop findings show NAME?"),
        (["show"], "show needs a NAME: the file of a finding, or a part of its name"),
        (["show", "x", "--json"], "--json goes with list alone"),
    ],
)
def test_wrong_usage(cohortprop: Run, arguments: list[str], told: str) -> None:
    said = cohortprop("findings", *arguments)
    assert (said.code, said.out, said.err) == (2, "", f"cohortprop: error: {told}\n")
