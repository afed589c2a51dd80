"""A scenario: dialect, seed data and steps. Plain data, saved as JSON, run without Hypothesis."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from cohortprop.errors import UsageError
from cohortprop.sender import Dialect
from cohortprop.simulation.steps import Step, step_from_json, step_to_json
from cohortprop.wire import BATCH_SIZE

__all__ = ["CohortSeed", "Probing", "Scenario", "load_scenario", "scenario_from_json", "scenario_to_json"]

Probing = Literal["delivery", "step", "seldom"]
"""When the receiver is looked at: after each delivery, after each step, or only where a step says so and at the end."""

VERSION: Final = 1
DEFAULT_START: Final = "2026-01-05T09:00:00+00:00"
_YEARS: Final = range(1971, 3000)
"""Clocks count from 1970, in any zone, and a scenario may take centuries."""


@dataclass(frozen=True, slots=True)
class CohortSeed:
    """A cohort as the scenario begins.

    Args:
        id: digits.
        name: editable later.
        members: distinct ids.
        description: None leaves it out.
        project_id: digits.
        connection: syncs of one connection run one after another, several connections in parallel.
        one_time: a one-time export instead of a dynamic sync.
    """

    id: str
    name: str
    members: tuple[str, ...] = ()
    description: str | None = "a cohort"
    project_id: str = "1"
    connection: str = "webhook"
    one_time: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that decides what happens in a trial, the receiver aside.

    Args:
        cohorts: what there is at the start; their syncs are created at virtual second 0.
        steps: what happens then.
        dialect: the reading of the document.
        page_size: members in a page, 1 to 1000.
        probing: when the receiver is looked at.
        strict_replays: whether a late copy of an acknowledged delivery must change nothing at all.
        exported: names of properties to export beyond the default ones.
        start: the moment at which virtual time begins, ISO 8601 with a zone.

    Example:
        >>> from cohortprop.simulation.steps import Sync
        >>> scenario = Scenario((CohortSeed("7", "VIPs", ("ann",)),), (Sync("7"),))
        >>> scenario_from_json(scenario_to_json(scenario)) == scenario
        True
    """

    cohorts: tuple[CohortSeed, ...]
    steps: tuple[Step, ...] = ()
    dialect: Dialect = field(default_factory=Dialect)
    page_size: int = BATCH_SIZE
    probing: Probing = "delivery"
    strict_replays: bool = False
    exported: tuple[str, ...] = ()
    start: str = DEFAULT_START

    @property
    def started_at(self) -> datetime:
        """`start` as a moment in UTC."""
        return datetime.fromisoformat(self.start).astimezone(UTC)

    def with_steps(self, steps: tuple[Step, ...]) -> Scenario:
        """The same scenario with other steps."""
        return replace(self, steps=steps)


def scenario_to_json(scenario: Scenario) -> dict[str, Any]:
    """The scenario as JSON data, with the version of the format."""
    return {
        "version": VERSION,
        "dialect": scenario.dialect.departures,
        "page_size": scenario.page_size,
        "probing": scenario.probing,
        "strict_replays": scenario.strict_replays,
        "exported": list(scenario.exported),
        "start": scenario.start,
        "cohorts": [{**asdict(cohort), "members": list(cohort.members)} for cohort in scenario.cohorts],
        "steps": [step_to_json(step) for step in scenario.steps],
    }


def scenario_from_json(data: object, place: str = "scenario") -> Scenario:
    """A scenario from JSON data.

    Raises:
        UsageError: one line that begins with the place of the fault.
    """
    if not isinstance(data, dict):
        raise UsageError(f"{place}: expected an object")
    if data.get("version") is True or data.get("version") != VERSION:
        raise UsageError(f"{place}.version: this cohortprop reads version {VERSION}, not {data.get('version')!r}")
    known = {part.name for part in fields(Scenario)} | {"version"}
    for name in data:
        if name not in known:
            raise UsageError(f"{place}: there is no {name!r} in a scenario")
    readings = _typed(data, "dialect", dict, {}, place)
    for question in readings:
        _typed(readings, question, str, "", f"{place}.dialect")
    try:
        dialect = Dialect.pin(readings)
    except UsageError as fault:
        raise UsageError(f"{place}.dialect: {fault}") from None
    page_size = _typed(data, "page_size", int, BATCH_SIZE, place)
    if not 1 <= page_size <= BATCH_SIZE:
        raise UsageError(f"{place}.page_size: expected 1 to {BATCH_SIZE}, got {page_size}")
    probing = data.get("probing", "delivery")
    if probing not in get_args(Probing):
        raise UsageError(f"{place}.probing: choose one of {', '.join(get_args(Probing))}, not {probing!r}")
    start = _typed(data, "start", str, DEFAULT_START, place)
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        raise UsageError(f"{place}.start: {start!r} is not a moment such as {DEFAULT_START}") from None
    if moment.tzinfo is None:
        raise UsageError(f"{place}.start: {start!r} lacks its zone, as in {DEFAULT_START}")
    if moment.year not in _YEARS:
        raise UsageError(f"{place}.start: expected a year from {_YEARS[0]} to {_YEARS[-1]}, got {start!r}")
    cohorts = tuple(
        _cohort(each, f"{place}.cohorts[{number}]")
        for number, each in enumerate(_typed(data, "cohorts", list, [], place))
    )
    if not cohorts:
        raise UsageError(f"{place}.cohorts: there must be one at least")
    ids = [cohort.id for cohort in cohorts]
    if len(set(ids)) < len(ids):
        raise UsageError(f"{place}.cohorts: an id occurs twice")
    steps = tuple(
        step_from_json(each, f"{place}.steps[{number}]")
        for number, each in enumerate(_typed(data, "steps", list, [], place))
    )
    for number, step in enumerate(steps):
        cohort_id = getattr(step, "cohort", ids[0])
        if cohort_id not in ids:
            raise UsageError(f"{place}.steps[{number}].cohort: there is no cohort {cohort_id!r}")
    return Scenario(
        cohorts,
        steps,
        dialect,
        page_size,
        probing,
        _flag(data, "strict_replays", place),
        _texts(data.get("exported", []), f"{place}.exported"),
        start,
    )


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        UsageError: one line that names the file and the place in it.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read: {fault.strerror}") from None
    except RecursionError:
        raise UsageError(f"{path}: is nested too deeply to be read") from None
    except ValueError as fault:
        raise UsageError(f"{path}: is not JSON: {fault}") from None
    return scenario_from_json(data, str(path))


def _cohort(data: object, place: str) -> CohortSeed:
    if not isinstance(data, dict):
        raise UsageError(f"{place}: expected an object")
    known = {part.name for part in fields(CohortSeed)}
    for name in data:
        if name not in known:
            raise UsageError(f"{place}: there is no {name!r} in a cohort")
    for name in ("id", "name"):
        if name not in data:
            raise UsageError(f"{place}: a cohort needs {name!r}")
    description = data.get("description", "a cohort")
    if description is not None and not isinstance(description, str):
        raise UsageError(f"{place}.description: expected str or null, got {description!r}")
    return CohortSeed(
        _digits(data, "id", "", place),
        _typed(data, "name", str, "", place),
        _texts(data.get("members", []), f"{place}.members"),
        description,
        _digits(data, "project_id", "1", place),
        _typed(data, "connection", str, "webhook", place),
        _flag(data, "one_time", place),
    )


def _typed(data: dict[str, Any], name: str, kind: type, default: Any, place: str) -> Any:
    value = data.get(name, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UsageError(f"{place}.{name}: expected {kind.__name__}, got {value!r}")
    return value


def _flag(data: dict[str, Any], name: str, place: str) -> bool:
    value: bool = _typed(data, name, bool, data.get(name, False), place)
    return value


def _digits(data: dict[str, Any], name: str, default: str, place: str) -> str:
    value: str = _typed(data, name, str, default, place)
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"{place}.{name}: expected a string of digits, got {value!r}")
    return value


def _texts(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{place}: expected a list of strings, got {value!r}")
    return tuple(value)
