"""The source: who really belongs to which cohort, and what is known about each user.

A cohort's members are the keys of a dict, in the order in which they joined: membership tests are instant, and the
order is the same in every process, which the order of a set of strings is not.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cohortprop.errors import UsageError
from cohortprop.wire import Member, describe

__all__ = ["Cohort", "Source", "default_profile", "sparse_profile"]

Profile = Callable[[str], Mapping[str, object]]

_spell_out = re.compile("[^0-9A-Za-z]").sub


@dataclass(slots=True)
class Cohort:
    """A cohort as its owner sees it.

    Args:
        id: digits; never changes.
        name: editable at any time. ("Webhook Format")
        description: editable at any time; None when there is none (seen).
        project_id: digits; the project that the cohort belongs to.
        members: distinct ids, in the order of joining.
        version: counts the changes of membership.
    """

    id: str
    name: str
    description: str | None = None
    project_id: str = "1"
    members: dict[str, None] = field(default_factory=dict)
    version: int = 0


class Source:
    """The true membership, which a scenario changes and the sender reads.

    Args:
        profile: the properties of a user by id, before any edit.
        exported: names of further properties to export with each user. ("Exported Properties")

    Example:
        >>> source = Source()
        >>> source.add_cohort(Cohort("7", "VIPs"))
        >>> source.join("7", ["ann", "bob"])
        ['ann', 'bob']
        >>> source.join("7", ["ann"])
        []
        >>> list(source.members("7"))
        ['ann', 'bob']
    """

    def __init__(self, profile: Profile | None = None, exported: Sequence[str] = ()) -> None:
        self.cohorts: dict[str, Cohort] = {}
        self._profile = default_profile if profile is None else profile
        self._exported = tuple(exported)
        self._edits: dict[str, dict[str, object]] = {}

    def add_cohort(self, cohort: Cohort) -> None:
        """Create a cohort.

        Raises:
            UsageError: a cohort with that id exists.
        """
        if cohort.id in self.cohorts:
            raise UsageError(f"cohort {cohort.id!r} exists already")
        self.cohorts[cohort.id] = cohort

    def cohort(self, cohort_id: str) -> Cohort:
        """The cohort with this id.

        Raises:
            UsageError: there is none.
        """
        try:
            return self.cohorts[cohort_id]
        except KeyError:
            raise UsageError(f"no cohort {cohort_id!r}; there are {', '.join(self.cohorts) or 'none'}") from None

    def members(self, cohort_id: str) -> KeysView[str]:
        """The distinct ids of a cohort's members, in the order of joining."""
        return self.cohort(cohort_id).members.keys()

    def join(self, cohort_id: str, users: Iterable[str]) -> list[str]:
        """Users enter a cohort; returns those who were not in it."""
        cohort = self.cohort(cohort_id)
        entered = [user for user in dict.fromkeys(users) if user not in cohort.members]
        cohort.members.update(dict.fromkeys(entered))
        cohort.version += bool(entered)
        return entered

    def leave(self, cohort_id: str, users: Iterable[str]) -> list[str]:
        """Users leave a cohort; returns those who were in it."""
        cohort = self.cohort(cohort_id)
        left = [user for user in dict.fromkeys(users) if user in cohort.members]
        for user in left:
            del cohort.members[user]
        cohort.version += bool(left)
        return left

    def merge(self, old: str, new: str) -> list[str]:
        """Two identities turn out to be one user: `old` leaves wherever it was, and `new` is there instead (seen).

        Returns the ids of the cohorts in which that changed something.
        """
        changed = [cohort.id for cohort in self.cohorts.values() if old in cohort.members and old != new]
        for cohort_id in changed:
            self.leave(cohort_id, [old])
            self.join(cohort_id, [new])
        return changed

    def edit(self, user: str, property_name: str, value: object) -> None:
        """Change one property of a user; None removes it. Alone this sends nothing: syncs carry membership."""
        self._edits.setdefault(user, {})[property_name] = value

    def rename(self, cohort_id: str, name: str) -> None:
        """Change a cohort's name. ("mixpanel_cohort_name: editable via the Mixpanel UI")"""
        self.cohort(cohort_id).name = name

    def describe(self, cohort_id: str, description: str | None) -> None:
        """Change a cohort's description. ("mixpanel_cohort_description: editable via the Mixpanel UI")"""
        self.cohort(cohort_id).description = description

    def properties(self, user: str, *, sparse: bool = False) -> Mapping[str, object]:
        """What is known about a user, edits included; `sparse` leaves out what `sparse_profile` would."""
        properties = self._profile(user)
        if sparse:
            missing = default_profile(user).keys() - sparse_profile(user).keys()
            properties = {name: value for name, value in properties.items() if name not in missing}
        edits = self._edits.get(user)
        if not edits and not self._exported:
            return properties
        merged = {**properties, **{name: f"{name} of {user}" for name in self._exported if name not in properties}}
        merged.update(edits or {})
        return {name: value for name, value in merged.items() if value is not None}

    def describe_members(self, users: Iterable[str], *, sparse: bool = False) -> list[Member]:
        """The users as a delivery carries them."""
        cached = None if self._exported else _CACHED.get((self._profile, sparse))
        if cached is None:
            return [describe(user, self.properties(user, sparse=sparse)) for user in users]
        edits = self._edits
        return [describe(u, self.properties(u, sparse=sparse)) if u in edits else cached(u) for u in users]


@lru_cache(maxsize=4096)
def default_profile(user: str) -> Mapping[str, object]:
    """The four default properties, all populated. ("Exported Properties"; the example payload adds the phone number.)

    Example:
        >>> default_profile("ann")["email"]
        'ann@example.com'
    """
    local = _spell_out(lambda odd: f"-{ord(odd[0]):x}-", user)
    return {
        "email": f"{local}@example.com",
        "first_name": user,
        "last_name": "Example",
        "phone_number": f"555-{zlib.crc32(user.encode('utf-8', 'surrogatepass')) % 10**7:07d}",
    }


@lru_cache(maxsize=4096)
def sparse_profile(user: str) -> Mapping[str, object]:
    """Some of the default properties, always the same ones for the same user: only what is populated is sent (seen).

    Example:
        >>> sorted(sparse_profile("ann")) != sorted(sparse_profile("bob"))
        True
    """
    choice = zlib.crc32(user.encode("utf-8", "surrogatepass")) >> 7
    populated = default_profile(user).items()
    return {name: value for place, (name, value) in enumerate(populated) if choice >> place & 1}


_default_member = lru_cache(maxsize=4096)(lambda user: describe(user, default_profile(user)))
_sparse_member = lru_cache(maxsize=4096)(lambda user: describe(user, sparse_profile(user)))

_CACHED: Final[Mapping[tuple[Profile, bool], Callable[[str], Member]]] = {
    (default_profile, False): _default_member,
    (default_profile, True): _sparse_member,
    (sparse_profile, False): _sparse_member,
    (sparse_profile, True): _sparse_member,
}
"""The members of the usual profiles, by profile and whether only some properties are wanted: the same few users meet
again in every trial."""
