"""The label on each cage: what a receiver is, and what has to be said about it when it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cohortprop.receiver import Receiver

__all__ = ["Bug", "Entry", "Factory", "Kind", "advised", "correct", "faulty", "planted", "registered"]

Factory: TypeAlias = Callable[[], Receiver]
Bug: TypeAlias = tuple[str, str]
Kind: TypeAlias = Literal["correct", "faulty", "advised", "planted"]

_ENTRIES: Final[dict[str, Entry]] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One receiver of the zoo.

    Args:
        name: of its factory; ``cohortprop.zoo:<name>`` is the target to run.
        kind: ``correct`` (nobody may accuse it), ``faulty`` (one bug), ``advised`` (no bug, but a word of advice),
            ``planted`` (several bugs).
        bugs: the ``(check, cause)`` pairs that must be reported; empty for a correct receiver.
        summary: what goes wrong, or what is worth a look, in one line.
        design: how it is built, in a few words.
        factory: gives a fresh `Receiver`.
    """

    name: str
    kind: Kind
    bugs: tuple[Bug, ...]
    summary: str
    design: str
    factory: Factory

    @property
    def correct(self) -> bool:
        """Whether a finding of severity bug against it would be a false accusation."""
        return self.kind in ("correct", "advised")

    @property
    def check(self) -> str | None:
        """The check that must catch it; None where there is not exactly one."""
        return self.bugs[0][0] if len(self.bugs) == 1 else None

    @property
    def cause(self) -> str | None:
        """The cause that must be named; None where there is not exactly one."""
        return self.bugs[0][1] if len(self.bugs) == 1 else None


def correct(*, design: str, summary: str) -> Callable[[Factory], Factory]:
    """Register the factory of a receiver that is right under every reading it does not exclude."""
    return _register("correct", (), design, summary)


def faulty(*, check: str, cause: str, design: str, summary: str) -> Callable[[Factory], Factory]:
    """Register the factory of a receiver with exactly one bug."""
    return _register("faulty", ((check, cause),), design, summary)


def advised(*, check: str, cause: str, design: str, summary: str) -> Callable[[Factory], Factory]:
    """Register the factory of a receiver without a bug, about which one thing is worth knowing."""
    return _register("advised", ((check, cause),), design, summary)


def planted(*bugs: Bug, design: str, summary: str) -> Callable[[Factory], Factory]:
    """Register the factory of a receiver with several bugs."""
    return _register("planted", bugs, design, summary)


def registered() -> tuple[Entry, ...]:
    """All entries so far, by kind in the order of `Kind`, then by check, cause and name."""
    kinds: tuple[Kind, ...] = ("correct", "faulty", "advised", "planted")
    return tuple(sorted(_ENTRIES.values(), key=lambda entry: (kinds.index(entry.kind), entry.bugs, entry.name)))


def _register(kind: Kind, bugs: tuple[Bug, ...], design: str, summary: str) -> Callable[[Factory], Factory]:
    def register(factory: Factory) -> Factory:
        name = factory.__name__
        _ENTRIES[name] = Entry(name, kind, bugs, summary, design, factory)
        return factory

    return register
