"""Findings on disk: saved as they are made, replayed first in the next run, put aside when they are fixed.

One JSON file holds one finding: its shrunk scenario, and the check and cause under which it failed. A file is written
whole or not at all. When its finding does not fail any more it moves to the folder `fixed/` beside it, where it can
still be replayed but no run looks for it. A baseline is a file of another kind: the pairs of check and cause that are
accepted, which no longer fail a run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from cohortprop import __version__
from cohortprop.campaign import Finding
from cohortprop.checks import all_checks, as_in, missing_for, needs_in_words
from cohortprop.errors import UsageError
from cohortprop.sender import split_pin
from cohortprop.simulation import Scenario, scenario_from_json, scenario_to_json
from cohortprop.trial import Outcome, TrialKit, run

__all__ = [
    "FIXED",
    "Pair",
    "Replayed",
    "SavedFinding",
    "Verdict",
    "load",
    "load_baseline",
    "replay",
    "retire",
    "save",
    "save_baseline",
    "saved_in",
    "title_of",
    "why_not",
]

Verdict: TypeAlias = Literal["still fails", "fixed", "fails otherwise"]
Pair: TypeAlias = tuple[str, str]

FIXED: Final = "fixed"
"""Name of the folder, beside the findings, to which those are moved that do not fail any more."""

_VERSION: Final = 1
_KIND: Final = "cohortprop finding"
_BASELINE_KIND: Final = "cohortprop baseline"
_MASKS_AT_MOST: Final = 8


@dataclass(frozen=True, slots=True)
class SavedFinding:
    """A finding as it stands in its file.

    Args:
        target: what was tested, ``module:name``.
        check: name of the check that failed.
        cause: name of the cause.
        scenario: shrunk.
        title: the cause in one sentence.
        path: the file that it was read from.
    """

    target: str
    check: str
    cause: str
    scenario: Scenario
    title: str = ""
    path: Path | None = field(default=None, compare=False)

    @property
    def key(self) -> Pair:
        """Check and cause."""
        return self.check, self.cause


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a saved finding.

    Args:
        verdict: whether it still fails, is fixed, or fails in another way.
        outcome: of the trial that failed; None when it is fixed.
    """

    verdict: Verdict
    outcome: Outcome | None

    @property
    def finding(self) -> Finding | None:
        """The failure, to be shown as any other; None when it is fixed."""
        if self.outcome is None or self.outcome.violation is None:
            return None
        return Finding(
            self.outcome.violation,
            self.outcome.scenario,
            self.outcome.history,
            "a saved finding",
            1,
            id_property=self.outcome.id_property,
        )


def title_of(check: str, cause: str) -> str:
    """The cause in one sentence; empty when nobody here knows the check."""
    known = all_checks().get(check)
    return "" if known is None else known.cause(cause).title


def save(finding: Finding, folder: Path, target: str) -> Path:
    """Write a finding to its file, named after check, cause and scenario; the same one again is the same file.

    Raises:
        UsageError: the folder cannot be written to.
    """
    check, cause = finding.key
    scenario = scenario_to_json(finding.scenario)
    digest = hashlib.sha256(json.dumps(scenario, sort_keys=True).encode()).hexdigest()[:8]
    data = {
        "kind": _KIND,
        "version": _VERSION,
        "cohortprop": __version__,
        "target": target,
        "check": check,
        "cause": cause,
        "title": title_of(check, cause),
        "scenario": scenario,
    }
    path = folder / f"{check}-{cause}-{digest}.json"
    _write(path, data)
    return path


def load(path: Path) -> SavedFinding:
    """Read a finding from its file.

    Raises:
        UsageError: one line that names the file, and the place in it where it is damaged.
    """
    data = _read(path, _KIND, "finding")
    target, check, cause, title = (_text(data, name, path) for name in ("target", "check", "cause", "title"))
    scenario = scenario_from_json(data.get("scenario"), f"{path}: scenario")
    return SavedFinding(target, check, cause, scenario, title, path)


def saved_in(folder: Path, damaged: Callable[[str], object]) -> list[SavedFinding]:
    """The findings of a folder, by file name. A folder that does not exist has none.

    Args:
        folder: where they were saved.
        damaged: called with one line for each file that cannot be read as a finding; it is skipped.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(load(path))
        except UsageError as fault:
            damaged(str(fault))
    return found


def replay(kit: TrialKit, saved: SavedFinding, accepted: Iterable[Pair] = ()) -> Replayed:
    """Run a saved finding once more.

    A failure of another kind that comes first is set aside, so that it does not hide the one that was saved.

    Args:
        kit: receiver, checks and clock.
        saved: the finding.
        accepted: other causes that are known, and count for nothing.

    Raises:
        UsageError: it cannot be judged here; `why_not` says so beforehand.
    """
    reason = why_not(kit, saved)
    if reason:
        raise UsageError(f"{saved.path or saved.key}: {reason}")
    other: Outcome | None = None
    aside = set(accepted) - {saved.key}
    for _ in range(_MASKS_AT_MOST):
        outcome = run(kit, saved.scenario, aside)
        if outcome.violation is None:
            break
        if outcome.violation.key == saved.key:
            return Replayed("still fails", outcome)
        other = other or outcome
        aside.add(outcome.violation.key)
    return Replayed("fixed" if other is None else "fails otherwise", other)


def why_not(kit: TrialKit, saved: SavedFinding, pins: Iterable[str] = ()) -> str:
    """Why a saved finding cannot be judged here: in a few words, empty when it can.

    Args:
        kit: receiver and checks.
        saved: its check may not be among those, or its scenario rest on a reading that the receiver excludes.
        pins: readings to hold on to; a scenario that contradicts them does not apply.
    """
    check = next((each for each in kit.checks if each.name == saved.check), None)
    if check is None:
        return f"the check {saved.check!r} is not run"
    receiver = kit.receiver()
    missing = missing_for(check, receiver)
    if missing:
        return f"the check {saved.check!r} needs {needs_in_words(check, missing)}{as_in(missing)}"
    dialect = saved.scenario.dialect
    for question, reading in map(split_pin, receiver.excludes):
        if getattr(dialect, question) == reading:
            return f"it rests on {question}={reading}, which the receiver excludes"
    for question, reading in map(split_pin, pins):
        if getattr(dialect, question) != reading:
            return f"it rests on {question}={getattr(dialect, question)}, and {reading} is asked for"
    return ""


def retire(saved: SavedFinding) -> Path:
    """Put the file of a finding aside that does not fail any more, and its page with it; returns where it is now.

    Raises:
        UsageError: it cannot be moved.
    """
    assert saved.path is not None
    place = saved.path.parent / FIXED / saved.path.name
    try:
        place.parent.mkdir(exist_ok=True)
        saved.path.replace(place)
        page = saved.path.with_suffix(".html")
        if page.exists():
            page.replace(place.with_suffix(".html"))
    except OSError as fault:
        raise UsageError(f"{saved.path}: cannot be moved to {place.parent}: {fault.strerror}") from None
    return place


def load_baseline(path: Path) -> frozenset[Pair]:
    """The pairs of check and cause that are accepted.

    Raises:
        UsageError: one line that names the file and what is wrong with it.
    """
    accepted = _read(path, _BASELINE_KIND, "baseline").get("accepted")
    if not isinstance(accepted, list):
        raise UsageError(f"{path}: accepted: expected a list, got {accepted!r}")
    for number, each in enumerate(accepted):
        if not isinstance(each, dict):
            raise UsageError(f"{path}: accepted[{number}]: expected an object, got {each!r}")
    return frozenset((_text(each, "check", path), _text(each, "cause", path)) for each in accepted)


def save_baseline(path: Path, accepted: Iterable[Pair]) -> None:
    """Write the pairs of check and cause that are accepted, sorted, with their titles for whoever reads the file.

    Raises:
        UsageError: the file cannot be written.
    """
    rows = [{"check": check, "cause": cause, "title": title_of(check, cause)} for check, cause in sorted(set(accepted))]
    _write(path, {"kind": _BASELINE_KIND, "version": _VERSION, "accepted": rows})


def _read(path: Path, kind: str, word: str) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read: {fault.strerror}") from None
    except ValueError as fault:
        raise UsageError(f"{path}: is not JSON: {fault}") from None
    if not isinstance(data, dict) or data.get("kind") != kind:
        raise UsageError(f"{path}: is no {word} of cohortprop")
    if data.get("version") != _VERSION:
        raise UsageError(f"{path}: version: this cohortprop reads version {_VERSION}, not {data.get('version')!r}")
    return data


def _text(data: dict[str, Any], name: str, path: Path) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise UsageError(f"{path}: {name}: expected a string, got {value!r}")
    return value


def _write(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all, whoever else is reading it or writing the same one."""
    draft = path.with_name(f".{path.stem}-{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written: {fault.strerror}") from None
