"""Profiles: how hostile the world is that the search draws from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cohortprop.errors import UsageError
from cohortprop.sender import QUESTIONS, split_pin

if TYPE_CHECKING:
    from cohortprop.checks import ProfileName
    from cohortprop.simulation import Scenario

__all__ = ["PROFILES", "Profile", "allows", "readings_for"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What may happen in a drawn scenario.

    Args:
        name: how it is called.
        summary: in one line.
        readings: whether `no`, the `open` or `all` questions of the document are drawn.
        faults: whether acknowledgements are lost, deliveries doubled and replayed, receivers restarted and troubled.
        crossings: whether deliveries are under way at the same time.
    """

    name: ProfileName
    summary: str
    readings: str
    faults: bool
    crossings: bool = False


PROFILES: Final[Mapping[str, Profile]] = {
    "documented": Profile("documented", "only what the document says happens", "no", faults=False),
    "realistic": Profile(
        "realistic",
        "lost acknowledgements, duplicates, late replays, sparse fields, restarts and dependency trouble as well",
        "open",
        faults=True,
    ),
    "hostile": Profile(
        "hostile",
        "every reading of the document, and requests at the same moment, as well; with --strict-replays, those too",
        "all",
        faults=True,
        crossings=True,
    ),
}


def allows(profile: Profile, scenario: Scenario) -> bool:
    """Whether all steps of a scenario are such as happen in this profile.

    Example:
        >>> from cohortprop.simulation.canonical import CANONICAL
        >>> [allows(PROFILES[name], CANONICAL["at-the-same-moment-1"]) for name in PROFILES]
        [False, False, True]
        >>> [allows(PROFILES[name], CANONICAL["no-proper-delivery"]) for name in PROFILES]
        [False, True, True]
    """
    from cohortprop.simulation.steps import CROSSING_STEPS, Garble  # slow to load, and seldom needed

    beyond = (() if profile.crossings else CROSSING_STEPS) + (() if profile.faults else (Garble,))
    return not any(isinstance(step, beyond) for step in scenario.steps)


def readings_for(
    profile: Profile, pins: Iterable[str] = (), excludes: Iterable[str] = ()
) -> dict[str, tuple[str, ...]]:
    """The readings to draw from, by question: what the profile opens, less what is excluded, or just what is pinned.

    Args:
        profile: which questions are open.
        pins: readings to hold on to, each ``question=reading``.
        excludes: readings that the receiver does not support, in the same form.

    Raises:
        UsageError: a pin or exclusion does not exist, they contradict each other, or nothing is left of a question.

    Example:
        >>> readings_for(PROFILES["documented"])["full_sync"]
        ('members',)
        >>> readings_for(PROFILES["realistic"], excludes=["full_sync=add_members"])["full_sync"]
        ('members',)
    """
    pinned = dict(map(split_pin, pins))
    excluded = set(map(split_pin, excludes))
    drawn = {}
    for name, question in QUESTIONS.items():
        choices = tuple(question.readings)
        opened = profile.readings == "all" or (profile.readings == "open" and question.open)
        if name in pinned:
            choices = (pinned[name],)
        left = tuple(each for each in choices if (name, each) not in excluded)
        if not left:
            what = f"{name}={pinned[name]}" if name in pinned else f"every reading of {name}"
            raise UsageError(f"{what} is excluded by the receiver (Receiver(excludes=...))")
        drawn[name] = left if opened else left[:1]
    return drawn
