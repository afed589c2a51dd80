"""Settings: where they come from, which counts more, and what is said about those that cannot be."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from cohortprop import UsageError
from cohortprop.cli.run import command as run_command
from cohortprop.profiles import PROFILES
from cohortprop.settings import CLOCK_NAMES, Settings, load_settings
from cohortprop.simulation import CLOCKS


def write(folder: Path, table: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(f"[tool.cohortprop]\n{table}\n", "utf-8")
    return file


def test_without_a_file_there_are_the_defaults(folder: Path) -> None:
    assert load_settings(folder) == Settings()
    assert (Settings().trials, Settings().seconds, Settings().profile) == (1000, 20.0, "realistic")


def test_a_file_without_the_table_ends_the_search_for_one(folder: Path) -> None:
    write(folder, "trials = 7")
    inner = folder / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\nname = 'inner'\n", "utf-8")
    assert load_settings(inner).trials == 1000


def test_the_nearest_file_above_counts(folder: Path) -> None:
    write(folder, 'trials = 7\ndialect = ["full_sync=members"]\nsave = false\nseconds = 2\nbaseline = "known.json"')
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    found = load_settings(inner)
    assert (found.trials, found.dialect, found.save, found.seconds) == (7, ("full_sync=members",), False, 2)


def test_paths_in_the_file_count_from_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, 'findings = "out/found"\nbaseline = "known.json"')
    inner = folder / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    found = load_settings(inner)
    assert found.findings_folder.resolve() == folder / "out" / "found"
    assert found.baseline == "../known.json"


def test_what_is_given_counts_more_than_the_file(folder: Path) -> None:
    write(folder, 'trials = 7\ncheck = ["membership", "arrivals"]\nfirst = true\nquiet = true')
    merged = load_settings(folder).merge(trials=8, check=("envelope",), first=False, quiet=None)
    assert (merged.trials, merged.check, merged.first, merged.quiet) == (8, ("envelope",), False, True)
    assert load_settings(folder).merge(check=()).check == ("membership", "arrivals")  # not given is not "none"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("trails = 3", "has no key 'trails'; did you mean 'trials'?"),
        ("time_limit = 3", "has no key 'time_limit'; did you mean 'time-limit'?"),
        ("zzzz = 3", "has no key 'zzzz'"),
        ("trials = true", "trials: expected a whole number, got True"),
        ("trials = 1.5", "trials: expected a whole number, got 1.5"),
        ("trials = -1", "trials: expected 0 or more, got -1"),
        ("seconds = 'x'", "seconds: expected a number, got 'x'"),
        ("seconds = nan", "seconds: expected 0 or more, got nan"),
        ("time-limit = 0", "time-limit: expected more than 0 seconds, got 0"),
        ("seed = -1", "seed: expected 0 or more, got -1"),
        ("check = 'membership'", "check: expected a list of strings, got 'membership'"),
        ("check = [1]", "check: expected a list of strings, got [1]"),
        ("save = 1", "save: expected true or false, got 1"),
        ("path = 3", "path: expected a string, got 3"),
        ("profile = 'evil'", "profile: choose one of documented, realistic, hostile, not 'evil'"),
        ("clock = 'sun'", "clock: choose one of freezegun, time_machine, none, not 'sun'"),
        ("auth = 'ann'", "auth: write user:password, not 'ann'"),
        ("header = ['X-Secret']", "header: write 'Name: value', not 'X-Secret'"),
        ("header = [': x']", "header: write 'Name: value', not ': x'"),
        (
            "dialect = ['full_sync']",
            "'full_sync' is not a reading: write question=reading, as in full_sync=add_members",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_one_line(table: str, said: str, folder: Path) -> None:
    file = write(folder, table)
    with pytest.raises(UsageError) as refused:
        load_settings(folder)
    assert str(refused.value) == f"{file}: [tool.cohortprop] {said}"


def test_a_file_that_is_no_toml(folder: Path) -> None:
    file = folder / "pyproject.toml"
    file.write_text("[tool", "utf-8")
    with pytest.raises(UsageError, match=rf"^{file}: is not TOML: Expected "):
        load_settings(folder)


def test_a_table_that_is_none(folder: Path) -> None:
    file = folder / "pyproject.toml"
    file.write_text("tool.cohortprop = 3", "utf-8")
    with pytest.raises(UsageError) as refused:
        load_settings(folder)
    assert str(refused.value) == f"{file}: [tool.cohortprop] expected a table, got 3"


def test_a_file_that_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(folder, "trials = 1")

    def refuse(*arguments: Any, **others: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(UsageError) as refused:
        load_settings(folder)
    assert str(refused.value) == f"{file}: cannot be read: Permission denied"


def test_what_is_given_for_the_receiver(folder: Path, shop: str) -> None:
    settings = Settings(
        path="/hook",
        auth="ann:with:colons",
        header=("X-A: 1", "Authorization:Bearer x:y"),
        members=f"{shop}:members_of_app",
        reset=f"{shop}:empty_app",
    )
    given = settings.overrides()
    assert given["path"] == "/hook"
    assert given["auth"] == ("ann", "with:colons")
    assert given["headers"] == {"X-A": "1", "Authorization": "Bearer x:y"}
    assert given["members"].__name__ == "members_of_app"
    assert given["reset"].__name__ == "empty_app"
    assert Settings().overrides() == {}


def test_the_plan_of_a_campaign() -> None:
    settings = Settings(
        trials=3, seconds=4.0, profile="hostile", dialect=("full_sync=members",), canonical=False, strict_replays=True,
        first=True,
    )  # fmt: skip
    plan = settings.plan(5, frozenset({("membership", "last-page-wins")}))
    assert (plan.trials, plan.seconds, plan.profile, plan.pins) == (3, 4.0, PROFILES["hostile"], ("full_sync=members",))
    assert (plan.canonical, plan.strict_replays, plan.first_only) == (False, True, True)
    assert plan.seed == 5
    assert plan.muted == {("membership", "last-page-wins")}
    assert Settings(seed=9).plan(5).seed == 9


def test_the_checks_are_those_that_are_asked_for() -> None:
    assert [each.name for each in Settings(check=("envelope", "membership")).checks()] == ["membership", "envelope"]
    assert "envelope" not in [each.name for each in Settings(without=("envelope",)).checks()]


def test_clocks_are_those_that_there_are() -> None:
    assert tuple(CLOCKS) == CLOCK_NAMES


def test_each_key_is_an_option_of_run_and_the_other_way_round() -> None:
    options = {each.name for each in run_command.params if isinstance(each, click.Option)}
    keys = {each.name for each in fields(Settings)}
    assert options - keys == {"as_json", "write_baseline", "explain"}
    assert keys - options == {"target"}
