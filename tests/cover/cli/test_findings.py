"""Findings on disk: written whole, read back, judged again, put aside; and the baseline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cohortprop import Receiver, UsageError, zoo
from cohortprop.campaign import Finding, find_in
from cohortprop.checks import BUILT_IN, Check
from cohortprop.findings import (
    SavedFinding,
    load,
    load_baseline,
    replay,
    retire,
    save,
    save_baseline,
    saved_in,
    why_not,
)
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import ExpireSnapshot, Leave, Sync
from cohortprop.trial import TrialKit, open_kit

GHOST = Scenario((CohortSeed("1001", "VIPs", ("ann", "bob")),), (Sync("1001"), ExpireSnapshot("1001", leaves=("ann",))))
DELTA = Scenario(
    (CohortSeed("1001", "VIPs", ("ann",)),),
    (Sync("1001"), Leave("1001", ("ann",)), Sync("1001")),
    Dialect.pin({"full_sync": "add_members"}),
)
TARGET = "cohortprop.zoo:merges_full_sync"


def kit_for(factory: Any, checks: tuple[Check, ...] = BUILT_IN) -> Any:
    return open_kit(factory, checks, clock="none")


@pytest.fixture(scope="module")
def ghost() -> Iterator[Finding]:
    with kit_for(zoo.merges_full_sync) as kit:
        found = find_in(kit, GHOST, "a test")
        assert found is not None
        yield found


def damaged(line: str) -> None:
    raise AssertionError(line)


def test_a_finding_survives_the_way_to_disk_and_back(ghost: Finding, folder: Path) -> None:
    path = save(ghost, folder / "a" / "b", TARGET)
    saved = load(path)
    assert saved.key == ghost.key == ("membership", "ghost-after-full-sync")
    assert saved.scenario == ghost.scenario
    assert saved.target == TARGET
    assert saved.title.startswith("A full sync is merged into what is held")
    assert saved.path == path


def test_its_file_is_named_after_check_cause_and_scenario(ghost: Finding, folder: Path) -> None:
    first = save(ghost, folder, TARGET)
    again = save(ghost, folder, TARGET)
    assert first == again
    prefix, digest = first.stem[:-9], first.stem[-8:]
    assert prefix == "membership-ghost-after-full-sync"
    assert int(digest, 16) >= 0
    other = Finding(ghost.violation, DELTA, ghost.history, "", 1)
    assert save(other, folder, TARGET) != first
    assert sorted(each.suffix for each in folder.iterdir()) == [".json", ".json"]


def test_a_folder_that_cannot_be_written(ghost: Finding, folder: Path) -> None:
    (folder / "file").write_text("", "utf-8")
    with pytest.raises(UsageError, match=r"file/membership-ghost-after-full-sync-\w{8}\.json: cannot be written: "):
        save(ghost, folder / "file", TARGET)


def test_half_a_file_is_never_there(ghost: Finding, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Path.write_text

    def fail_half_way(self: Path, text: str, encoding: str) -> int:
        written(self, text[:20], encoding)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail_half_way)
    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        save(ghost, folder, TARGET)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "other"}, "is no finding of cohortprop"),
        ({"version": 2}, "version: this cohortprop reads version 1, not 2"),
        ({"check": None}, "check: expected a string, got None"),
        ({"scenario": None}, "scenario: expected an object"),
    ],
)
def test_a_damaged_file_is_named_with_the_place(
    change: dict[str, Any], said: str, ghost: Finding, folder: Path
) -> None:
    path = save(ghost, folder, TARGET)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(UsageError) as refused:
        load(path)
    assert str(refused.value) == f"{path}: {said}"


def test_a_damaged_file_is_skipped_among_others(ghost: Finding, folder: Path) -> None:
    path = save(ghost, folder, TARGET)
    (folder / "a.json").write_text("{", "utf-8")
    (folder / "b.json").write_text("[]", "utf-8")
    (folder / "notes.txt").write_text("not ours", "utf-8")
    lines: list[str] = []
    found = saved_in(folder, lines.append)
    assert [each.path for each in found] == [path]
    assert lines[0].startswith(f"{folder / 'a.json'}: is not JSON: ")
    assert lines[1:] == [f"{folder / 'b.json'}: is no finding of cohortprop"]
    assert saved_in(folder / "none", damaged) == []


def test_it_still_fails(ghost: Finding) -> None:
    with kit_for(zoo.merges_full_sync) as kit:
        replayed = replay(kit, SavedFinding(TARGET, *ghost.key, GHOST))
    assert replayed.verdict == "still fails"
    assert replayed.finding is not None
    assert replayed.finding.key == ghost.key
    assert len(replayed.finding.history) > 5


def test_it_is_fixed(ghost: Finding) -> None:
    with kit_for(zoo.applies_each_page) as kit:
        replayed = replay(kit, SavedFinding(TARGET, *ghost.key, GHOST))
    assert (replayed.verdict, replayed.finding) == ("fixed", None)


def test_it_fails_otherwise() -> None:
    with kit_for(zoo.refuses_unknown_cohort) as kit:
        replayed = replay(kit, SavedFinding(TARGET, "membership", "ghost-after-full-sync", DELTA))
    assert replayed.verdict == "fails otherwise"
    assert replayed.finding is not None
    assert replayed.finding.key == ("acceptance", "refused-delta")


def test_a_failure_that_comes_first_does_not_hide_it(ghost: Finding) -> None:
    with kit_for(zoo.four_bugs) as kit:
        replayed = replay(kit, SavedFinding(TARGET, *ghost.key, GHOST))
    assert replayed.verdict == "still fails"


def kit_without_probe(kit: TrialKit) -> TrialKit:
    def bare() -> Receiver:
        return Receiver(zoo.merges_full_sync().app)

    return TrialKit(bare, kit.checks, kit.clock, kit.watchdog, kit.transports, kit.capture)


def excluding() -> Receiver:
    return Receiver(zoo.merges_full_sync().app, members=lambda cohort: [], excludes=["full_sync=add_members"])


def test_why_it_cannot_be_judged() -> None:
    ghost = SavedFinding(TARGET, "membership", "ghost-after-full-sync", GHOST)
    delta = SavedFinding(TARGET, "membership", "ghost-after-full-sync", DELTA)
    with kit_for(zoo.merges_full_sync, BUILT_IN[2:]) as kit:
        assert why_not(kit, ghost) == "the check 'membership' is not run"
        with pytest.raises(UsageError, match="the check 'membership' is not run"):
            replay(kit, ghost)
    with kit_for(zoo.merges_full_sync) as kit:
        assert why_not(kit, ghost) == ""
        assert (
            why_not(kit_without_probe(kit), ghost)
            == "the check 'membership' needs members, as in Receiver(members=...)"
        )
        assert (
            why_not(kit, delta, ["full_sync=members"]) == "it rests on full_sync=add_members, and members is asked for"
        )
        assert why_not(kit, delta, ["full_sync=add_members"]) == ""
    with kit_for(excluding) as kit:
        assert why_not(kit, delta) == "it rests on full_sync=add_members, which the receiver excludes"
        assert why_not(kit, ghost) == ""


def test_a_fixed_one_is_put_aside(ghost: Finding, folder: Path) -> None:
    saved = load(save(ghost, folder / "findings", TARGET))
    place = retire(saved)
    assert place == folder / "findings" / "fixed" / place.name
    assert saved_in(folder / "findings", damaged) == []
    assert load(place) == saved
    with pytest.raises(UsageError, match=r"cannot be moved to .*/fixed: No such file or directory"):
        retire(saved)


def test_a_baseline_survives_the_way_to_disk_and_back(folder: Path) -> None:
    path = folder / "deep" / "baseline.json"
    pairs = {("membership", "last-page-wins"), ("envelope", "no-envelope")}
    save_baseline(path, [*pairs, *pairs])
    assert load_baseline(path) == pairs
    accepted = json.loads(path.read_text("utf-8"))["accepted"]
    assert [each["check"] for each in accepted] == ["envelope", "membership"]
    assert accepted[0]["title"].startswith("A delivery is acknowledged, but not with the documented JSON")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is no baseline of cohortprop"),
        ('{"kind": "cohortprop baseline"}', "version: this cohortprop reads version 1, not None"),
        ('{"kind": "cohortprop baseline", "version": 1}', "accepted: expected a list, got None"),
        ('{"kind": "cohortprop baseline", "version": 1, "accepted": [3]}', "accepted[0]: expected an object, got 3"),
        (
            '{"kind": "cohortprop baseline", "version": 1, "accepted": [{"check": "membership"}]}',
            "cause: expected a string, got None",
        ),
    ],
)
def test_a_damaged_baseline(text: str, said: str, folder: Path) -> None:
    path = folder / "baseline.json"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as refused:
        load_baseline(path)
    assert str(refused.value) == f"{path}: {said}"


def test_a_baseline_that_is_not_there(folder: Path) -> None:
    with pytest.raises(UsageError) as refused:
        load_baseline(folder / "none.json")
    assert str(refused.value) == f"{folder / 'none.json'}: cannot be read: No such file or directory"
