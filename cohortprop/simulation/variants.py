"""Variants of a refused delivery: the same request without one peculiarity.

If the receiver takes a variant, the peculiarity that it lacks is what the receiver cannot take. Each is tried after a
refusal; a variant is None where the delivery does not have the peculiarity in the first place.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase
from typing import Any, Final

from cohortprop.sender import default_profile
from cohortprop.wire import DISTINCT_ID, MEMBERS

__all__ = ["VARIANTS", "About", "variants_of"]

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What is to be known of a cohort to take a peculiarity away.

    Args:
        name: the cohort's, as it was first delivered.
        description: the cohort's, as it was first delivered.
        known: users that deliveries for the cohort have named before.
        keyed_on: the property on which the receiver keys its users.
    """

    name: str
    description: str
    known: Collection[str]
    keyed_on: str


Variant = Callable[[Payload, About], bool]

_PLAIN: Final = ["plain" + "".join(letters) for letters in product(ascii_lowercase, repeat=3)]
"""More ids than a page has members, for no two of them may become one."""
_FEW: Final = 2
_MANY: Final = 50


def _fewer(payload: Payload, about: About) -> bool:
    members = payload["parameters"]["members"]
    many = len(members) > _MANY
    del members[_FEW if many else len(members) :]
    return many


def _not_empty(payload: Payload, about: About) -> bool:
    members = payload["parameters"]["members"]
    empty = not members
    if empty:
        members.append({about.keyed_on: "somebody", DISTINCT_ID: "somebody", **default_profile("somebody")})
    return empty


def _nothing_extra(payload: Payload, about: About) -> bool:
    extra = payload["parameters"].pop("mixpanel_integration_id", None)
    return extra is not None


def _nothing_missing(payload: Payload, about: About) -> bool:
    parameters = payload["parameters"]
    before = len(parameters)
    parameters.setdefault("page_info", {"total_pages": 1, "page_count": 1})
    parameters.setdefault("mixpanel_cohort_description", about.description)
    return len(parameters) > before


def _nobody_sparse(payload: Payload, about: About) -> bool:
    sparse = False
    for member in payload["parameters"]["members"]:
        for name, value in default_profile(member[DISTINCT_ID]).items():
            if name not in member:
                member[name] = value
                sparse = True
    return sparse


def _first_name(payload: Payload, about: About) -> bool:
    parameters = payload["parameters"]
    before = (parameters["mixpanel_cohort_name"], parameters.get("mixpanel_cohort_description"))
    parameters["mixpanel_cohort_name"] = about.name
    if "mixpanel_cohort_description" in parameters:
        parameters["mixpanel_cohort_description"] = about.description
    return before != (about.name, parameters.get("mixpanel_cohort_description"))


def _nobody_known(payload: Payload, about: About) -> bool:
    """Other users, whose ids are as odd as before."""
    return _replace_ids(payload, about, {user: f"{user}xq" for user in about.known})


def _nobody_odd(payload: Payload, about: About) -> bool:
    members = payload["parameters"]["members"]
    odd = [member[DISTINCT_ID] for member in members if not _is_plain(member[DISTINCT_ID])]
    return _replace_ids(payload, about, dict(zip(odd, _PLAIN, strict=False)))


def _replace_ids(payload: Payload, about: About, others: Mapping[str, str]) -> bool:
    replaced = False
    for member in payload["parameters"]["members"]:
        other = others.get(member[DISTINCT_ID])
        if other is not None:
            fresh = {about.keyed_on: other, **default_profile(other)}
            member.update({name: value for name, value in fresh.items() if name in member})
            member[DISTINCT_ID] = other
            replaced = True
    return replaced


def _is_plain(user: str) -> bool:
    return user.isascii() and user.isalpha() and user.islower() and len(user) < 100


def _announced(payload: Payload, about: About) -> bool:
    action: str = payload["action"]
    payload["action"] = MEMBERS
    return action != MEMBERS


VARIANTS: Final[Mapping[str, Variant]] = {
    "many members": _fewer,
    "no members": _not_empty,
    "an extra field": _nothing_extra,
    "a missing field": _nothing_missing,
    "a sparse member": _nobody_sparse,
    "a new name": _first_name,
    "a known member": _nobody_known,
    "an odd id": _nobody_odd,
    "an unannounced cohort": _announced,
}
"""By the peculiarity that is taken away; each changes the payload and says whether there was anything to change.

The last one makes the receiver know the cohort, so nothing can be learnt after it."""


def variants_of(payload: Payload, about: About) -> Iterator[tuple[str, Payload]]:
    """The variants of a request that differ from it, by the peculiarity that they lack.

    Args:
        payload: the request as JSON data.
        about: the cohort that it is for.
    """
    for peculiarity, change in VARIANTS.items():
        variant = copy.deepcopy(payload)
        if change(variant, about):
            yield peculiarity, variant
