"""The steps of a scenario: what the world does next, as plain data.

Some steps are single moves, others name a whole situation ("an outage that outlives the snapshot, with people leaving
meanwhile"). Situations are steps of their own because a search that has to put them together from single moves hardly
ever meets them.

A step never fails for lack of sense: leaving a cohort one is not in, resuming what runs, replaying before anything was
sent are all steps that do nothing. So any sublist of a scenario's steps is a scenario, which shrinking relies on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Final, TypeAlias, get_args, get_type_hints

from cohortprop.errors import UsageError

__all__ = [
    "CREDENTIALS",
    "CROSSING_STEPS",
    "GARBLINGS",
    "STEPS",
    "AbortSync",
    "BackAndForth",
    "Collide",
    "Describe",
    "Edit",
    "ExpireSnapshot",
    "Fates",
    "FlipFailed",
    "Garble",
    "Join",
    "Knock",
    "Leave",
    "LoseLastAck",
    "Merge",
    "Outage",
    "PassTime",
    "Probe",
    "Rename",
    "Replay",
    "Restart",
    "RestartInside",
    "Resume",
    "Settle",
    "Step",
    "Sync",
    "SyncTogether",
    "Trouble",
    "Wait",
    "step_from_json",
    "step_to_json",
]


@dataclass(frozen=True, slots=True)
class Join:
    """Users enter a cohort."""

    cohort: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """Users leave a cohort."""

    cohort: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """A property of a user changes; None removes it."""

    user: str
    property: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Rename:
    """The cohort's name is edited."""

    cohort: str
    name: str


@dataclass(frozen=True, slots=True)
class Describe:
    """The cohort's description is edited."""

    cohort: str
    description: str | None


@dataclass(frozen=True, slots=True)
class Merge:
    """Two identities turn out to be one user: the old id leaves, the new one is there instead."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes, in seconds; syncs that fall due meanwhile are sent."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Time passes until the cohort's next sync falls due, and that sync runs to its end."""

    cohort: str


@dataclass(frozen=True, slots=True)
class Outage:
    """From now on attempts are refused, for so many seconds. No time passes by itself.

    The first `lost` attempts still reach the app and only lose their acknowledgement. `status` is what a proxy answers
    in the app's place; None is no answer at all.
    """

    seconds: int
    status: int | None = 503
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Fates:
    """What the network does to the next attempts, one by one.

    Each is `deliver`, `lose` (the app does the work, the acknowledgement is lost), `duplicate` (it arrives twice at
    once), `refuse` (no connection), or `refuse 503` with any status.
    """

    fates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbortSync:
    """The cohort's next sync is sent, but after so many deliveries all others are refused until it fails."""

    cohort: str
    after: int
    status: int | None = 503


@dataclass(frozen=True, slots=True)
class LoseLastAck:
    """The cohort's next sync is sent whole, but no acknowledgement of its last delivery gets through."""

    cohort: str


@dataclass(frozen=True, slots=True)
class ExpireSnapshot:
    """An outage outlives the snapshot, users come and go meanwhile, and then, if `synced`, the next sync runs."""

    cohort: str
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    synced: bool = True


@dataclass(frozen=True, slots=True)
class PassTime:
    """So many days pass in which no sync gets through; then the receiver is looked at, before it hears anything."""

    days: int


@dataclass(frozen=True, slots=True)
class FlipFailed:
    """Those whom the last failed sync of the cohort was about change their minds: who had entered leaves, and so on."""

    cohort: str


@dataclass(frozen=True, slots=True)
class BackAndForth:
    """Users leave and come back: with a sync after each (and no look at the receiver between), or before the next."""

    cohort: str
    users: tuple[str, ...]
    synced: bool = True


@dataclass(frozen=True, slots=True)
class Replay:
    """An old delivery arrives once more: the one sent so many before the latest."""

    back: int


@dataclass(frozen=True, slots=True)
class Resume:
    """A person resumes the cohort's paused sync, or runs its one-time export again."""

    cohort: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The receiver's process is restarted: it keeps only what is durable."""


@dataclass(frozen=True, slots=True)
class RestartInside:
    """The cohort's next sync is sent, and the receiver is restarted after so many of its deliveries."""

    cohort: str
    after: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """The receiver's own dependency (its database, say) fails during the next attempts."""

    attempts: int


@dataclass(frozen=True, slots=True)
class SyncTogether:
    """The next syncs of all cohorts run side by side: what two connections send at one moment arrives at one moment.

    `seed` decides how the app's work on the two is interleaved.
    """

    seed: int


@dataclass(frozen=True, slots=True)
class Collide:
    """The cohort's next sync runs, and each of its deliveries arrives twice at the same moment.

    `seed` decides how the app's work on the two is interleaved.
    """

    cohort: str
    seed: int


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody sends a delivery like those that were taken, but without the right credentials.

    `credentials` is one of `CREDENTIALS`. Nothing happens where the receiver asks for none.
    """

    credentials: str


@dataclass(frozen=True, slots=True)
class Garble:
    """A request comes that is no proper delivery: one like those that were taken, spoilt in one way.

    `how` is one of `GARBLINGS`.
    """

    how: str


@dataclass(frozen=True, slots=True)
class Settle:
    """All faults end, whatever is paused is resumed, and each cohort's next sync runs."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The receiver is looked at now."""


Step: TypeAlias = (
    Join
    | Leave
    | Edit
    | Rename
    | Describe
    | Merge
    | Wait
    | Sync
    | Outage
    | Fates
    | AbortSync
    | LoseLastAck
    | ExpireSnapshot
    | PassTime
    | FlipFailed
    | BackAndForth
    | Replay
    | Resume
    | Restart
    | RestartInside
    | Trouble
    | SyncTogether
    | Collide
    | Knock
    | Garble
    | Settle
    | Probe
)

STEPS: Final[Mapping[str, type[Step]]] = {step.__name__: step for step in get_args(Step)}

CROSSING_STEPS: Final = (SyncTogether, Collide)
"""Steps by which deliveries are under way at the same time."""

CREDENTIALS: Final = (
    "none",
    "wrong password",
    "wrong user",
    "empty",
    "not ASCII",
    "no colon",
    "scheme alone",
    "not base64",
    "not UTF-8",
    "other scheme",
)
"""What a stranger shows at the door, the plainest first."""

GARBLINGS: Final = (
    "broken JSON",
    "empty body",
    "cut short",
    "not UTF-8",
    "not an object",
    "no action",
    "unknown action",
    "action not text",
    "no parameters",
    "no cohort id",
    "no members",
    "members not a list",
    "member not an object",
    "member without an id",
    "id not text",
    "page number not a number",
    "wrong content type",
    "no content type",
    "deep nesting",
    "huge number",
    "NUL in a property",
    "lone surrogate in a property",
    "too many members",
)
"""What can be wrong with a request, the plainest first."""

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {"credentials": CREDENTIALS, "how": GARBLINGS}
_FATES: Final = ("deliver", "lose", "duplicate", "refuse")
_REFUSAL: Final = re.compile("refuse [345][0-9][0-9]")
_NUMBERS_AT_LEAST: Final = {
    "seconds": 0,
    "after": 0,
    "back": 0,
    "attempts": 1,
    "lost": 0,
    "days": 1,
    "seed": 0,
}
_CENTURY: Final = 100 * 365 * 24 * 60 * 60
_AT_MOST: Final = {"days": 100 * 365}


def step_to_json(step: Step) -> dict[str, Any]:
    """A step as JSON data.

    Example:
        >>> step_to_json(Join("7", ("ann",)))
        {'step': 'Join', 'cohort': '7', 'users': ['ann']}
    """
    data: dict[str, Any] = {"step": type(step).__name__}
    for part in fields(step):
        value = getattr(step, part.name)
        data[part.name] = list(value) if isinstance(value, tuple) else value
    return data


def step_from_json(data: object, place: str = "step") -> Step:
    """A step from JSON data.

    Args:
        data: what `step_to_json` returned.
        place: where it stands, for the message.

    Raises:
        UsageError: anything is missing, unknown or of the wrong type; the message begins with the place.
    """
    if not isinstance(data, dict) or "step" not in data:
        raise UsageError(f"{place}: expected an object with a 'step'")
    kind = STEPS.get(data["step"]) if isinstance(data["step"], str) else None
    if kind is None:
        raise UsageError(f"{place}.step: {data['step']!r} is no step; there are {', '.join(STEPS)}")
    known = {part.name: part for part in fields(kind)}
    unknown = sorted(set(data) - set(known) - {"step"})
    if unknown:
        raise UsageError(f"{place}: {kind.__name__} has no {unknown[0]!r}")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, part in known.items():
        if name in data:
            values[name] = _read_field(name, data[name], hints[name], f"{place}.{name}")
        elif part.default is MISSING:
            raise UsageError(f"{place}: {kind.__name__} needs {name!r}")
    return kind(**values)


def _read_field(name: str, value: object, hint: Any, place: str) -> object:
    if hint == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise UsageError(f"{place}: expected a list of strings, got {value!r}")
        if name == "fates":
            for each in value:
                check_fate(each, place)
        return tuple(value)
    allowed = get_args(hint) or (hint,)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        words = " or ".join("null" if each is type(None) else each.__name__ for each in allowed)
        raise UsageError(f"{place}: expected {words}, got {value!r}")
    if name in _NUMBERS_AT_LEAST and isinstance(value, int):
        least, most = _NUMBERS_AT_LEAST[name], _AT_MOST.get(name, _CENTURY)
        if not least <= value <= most:
            raise UsageError(f"{place}: expected a number from {least} to {most}, got {value}")
    kinds = _KINDS.get(name)
    if kinds is not None and value not in kinds:
        raise UsageError(f"{place}: {value!r} is none of {', '.join(map(repr, kinds))}")
    if name == "status" and isinstance(value, int) and not 300 <= value <= 599:
        raise UsageError(f"{place}: expected an HTTP error status, 300 to 599, got {value}")
    return value


def check_fate(fate: str, place: str) -> None:
    """Raises UsageError unless the fate can be told to the network."""
    if fate not in _FATES and not _REFUSAL.fullmatch(fate):
        raise UsageError(f"{place}: {fate!r} is no fate; there are {', '.join(_FATES)}, and 'refuse 503'")
