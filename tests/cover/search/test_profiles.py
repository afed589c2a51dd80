"""Profiles: which readings a search draws from."""

from __future__ import annotations

import pytest

from cohortprop.errors import UsageError
from cohortprop.profiles import PROFILES, readings_for
from cohortprop.sender import QUESTIONS

DOCUMENTED, REALISTIC, HOSTILE = (PROFILES[name] for name in ("documented", "realistic", "hostile"))


def test_there_are_three_each_with_its_name() -> None:
    assert list(PROFILES) == ["documented", "realistic", "hostile"]
    assert all(profile.name == name and profile.summary for name, profile in PROFILES.items())
    assert [profile.faults for profile in PROFILES.values()] == [False, True, True]


def test_each_opens_more_than_the_one_before() -> None:
    for name, question in QUESTIONS.items():
        every = tuple(question.readings)
        assert readings_for(DOCUMENTED)[name] == every[:1]
        assert readings_for(REALISTIC)[name] == (every if question.open else every[:1])
        assert readings_for(HOSTILE)[name] == every


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_pin_leaves_one_reading(profile: object) -> None:
    assert readings_for(profile, ["halves=removes_first"])["halves"] == ("removes_first",)  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_what_is_excluded_is_not_drawn(profile: object) -> None:
    left = readings_for(profile, excludes=["full_sync=members", "optional_fields=bare"])  # type: ignore[arg-type]
    assert left["full_sync"] == ("add_members",), "the default, too, can be excluded"
    assert "bare" not in left["optional_fields"]


@pytest.mark.parametrize(
    ("pins", "excludes", "message"),
    [
        (["halves=removes_first"], ["halves=removes_first"], "halves=removes_first is excluded by the receiver"),
        ([], ["halves=removes_first", "halves=adds_first"], "every reading of halves is excluded by the receiver"),
        (["halfs=removes_first"], [], "no question is called 'halfs'"),
        ([], ["halves=both"], "halves='both': choose one of adds_first, removes_first"),
        (["halves"], [], "'halves' is not a reading: write question=reading"),
    ],
)
def test_what_cannot_be_is_wrong_usage(pins: list[str], excludes: list[str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        readings_for(HOSTILE, pins, excludes)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
