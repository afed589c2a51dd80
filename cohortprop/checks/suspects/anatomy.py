"""What a suspect is made of: a correct receiver in a few lines, of which one part or the other is wrong.

A receiver reads a delivery, handles one of three actions, and is asked whom it holds. A bug sits in one of these parts,
so two bugs in different parts are a receiver with both of them: that is how suspects are combined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from cohortprop.wire import ADD_MEMBERS, MEMBERS, REMOVE_MEMBERS

__all__ = ["Heard", "State", "Suspect", "add", "combine", "refill", "remove", "take"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A delivery as a suspect hears it.

    Args:
        cohort: id of the cohort.
        name: of the cohort.
        session: id of the export.
        action: `members`, `add_members` or `remove_members`.
        page: number, from 1.
        total: pages in all.
        members: identities with the properties that came with them.
        at: when it came.
        troubled: whether the receiver's dependency was failing.
        accepted: whether it was answered with success.
        project: id of the cohort's project.
    """

    cohort: str
    name: str
    session: str
    action: str
    page: int
    total: int
    members: Sequence[tuple[str, Mapping[str, Any]]]
    at: datetime
    troubled: bool = False
    accepted: bool = True
    project: str = ""

    @property
    def users(self) -> list[str]:
        """The identities alone."""
        return [user for user, _ in self.members]


@dataclass(slots=True)
class State:
    """What a suspect remembers."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    staged: dict[Any, Any] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    queue: list[Heard] = field(default_factory=list)
    saved: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def of(self, cohort: str) -> dict[str, Any]:
        """Who is held in a cohort, to be changed."""
        return self.held.setdefault(cohort, {})


Read: TypeAlias = "Callable[[State, Heard], Heard | None]"
Act: TypeAlias = Callable[[State, Heard], object]
Lose: TypeAlias = Callable[[State], object]
Look: TypeAlias = Callable[[State, str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A faulty receiver: the parts that are given are wrong, the others are as they should be.

    Args:
        cause: name of the cause that it stands for.
        read: what it makes of a delivery before it acts; None when it does not act on it at all.
        whole: handles every action, in place of the three that follow.
        refill: handles `members`.
        add: handles `add_members`.
        remove: handles `remove_members`.
        after: does something more after every delivery.
        restart: loses what is not durable.
        look: says who is held in a cohort.
    """

    cause: str
    read: Read | None = None
    whole: Act | None = None
    refill: Act | None = None
    add: Act | None = None
    remove: Act | None = None
    after: Act | None = None
    restart: Lose | None = None
    look: Look | None = None

    def hear(self, state: State, heard: Heard) -> None:
        """Take a delivery."""
        known = heard if self.read is None else self.read(state, heard)
        if known is None:
            return
        if self.whole is not None:
            self.whole(state, known)
        elif known.action == MEMBERS:
            (self.refill or refill)(state, known)
        elif known.action == ADD_MEMBERS:
            (self.add or add)(state, known)
        else:
            (self.remove or remove)(state, known)
        if self.after is not None:
            self.after(state, known)

    def lose(self, state: State) -> None:
        """The process is restarted."""
        if self.restart is not None:
            self.restart(state)

    def holds(self, state: State, cohort: str) -> frozenset[str]:
        """Whom it holds in a cohort."""
        return frozenset(state.held.get(cohort, ())) if self.look is None else self.look(state, cohort)


def take(state: State, heard: Heard) -> None:
    """Do all that a delivery asks for, as it should be done."""
    if heard.action == MEMBERS:
        refill(state, heard)
    elif heard.action == REMOVE_MEMBERS:
        remove(state, heard)
    else:
        add(state, heard)


def add(state: State, heard: Heard) -> None:
    """Let users in."""
    state.of(heard.cohort).update(dict.fromkeys(heard.users))


def remove(state: State, heard: Heard) -> None:
    """Let users out."""
    held = state.of(heard.cohort)
    for user in heard.users:
        held.pop(user, None)


def refill(state: State, heard: Heard) -> None:
    """Let in whom a page of a full sync names; with the last page those go out whom none has named."""
    held = state.of(heard.cohort)
    pages = state.staged.setdefault(heard.session, {})
    pages[heard.page] = heard.users
    held.update(dict.fromkeys(heard.users))
    if len(pages) >= heard.total:
        named = {user for users in pages.values() for user in users}
        for user in [user for user in held if user not in named]:
            del held[user]


_ONE_OF_A_KIND: Final = ("whole", "refill", "add", "remove", "look")


def combine(one: Suspect, other: Suspect) -> Suspect | None:
    """A receiver with both bugs; None where they sit in the same part, so that it could have only one of them.

    Example:
        >>> combine(Suspect("deaf", remove=lambda *_: None), Suspect("mute", look=lambda *_: frozenset())).cause
        'deaf'
        >>> combine(Suspect("deaf", remove=lambda *_: None), Suspect("blind", remove=lambda *_: None)) is None
        True
    """
    if any(getattr(one, part) is not None and getattr(other, part) is not None for part in _ONE_OF_A_KIND):
        return None
    acts = [any(getattr(each, part) for part in ("refill", "add", "remove")) for each in (one, other)]
    if (one.whole and acts[1]) or (other.whole and acts[0]):
        return None
    parts = {part: getattr(one, part) or getattr(other, part) for part in _ONE_OF_A_KIND}
    return Suspect(
        one.cause,
        read=_one_after_the_other(one.read, other.read),
        after=_both(one.after, other.after),
        restart=_both(one.restart, other.restart),
        **parts,
    )


def _one_after_the_other(first: Read | None, second: Read | None) -> Read | None:
    if first is None or second is None:
        return first or second

    def read(state: State, heard: Heard) -> Heard | None:
        known = first(state, heard)
        return known if known is None else second(state, known)

    return read


def _both(first: Callable[..., object] | None, second: Callable[..., object] | None) -> Callable[..., object] | None:
    if first is None or second is None:
        return first or second

    def act(*arguments: object) -> None:
        first(*arguments)
        second(*arguments)

    return act
