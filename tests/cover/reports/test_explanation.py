"""What a check is about, in the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from cohortprop.checks import BUILT_IN, UNCLASSIFIED, Check, base, check, needs_in_words
from cohortprop.reports import explanation, show_explanation
from tests.cover.reports.test_terminal import ESCAPES, console_of, shown

ISOLATION = next(each for each in BUILT_IN if each.name == "isolation")


@pytest.fixture
def own() -> Iterator[Check]:
    """A check that somebody else has made."""

    @check("no-teapot", summary="the app is no teapot", why="Tea is made elsewhere.", needs=["arrivals"])
    def no_teapot(event: object, evidence: object) -> Iterator[str]:
        yield from ()

    yield no_teapot
    del base._REGISTERED["no-teapot"]


def told(each: Check, width: int = 80, *, colour: bool = False, encoding: str = "utf-8") -> str:
    console, raw = console_of(width, colour=colour, encoding=encoding)
    show_explanation(console, each)
    return shown(raw, encoding)


@pytest.mark.parametrize("each", BUILT_IN, ids=lambda each: each.name)
def test_it_ends_with_all_causes_and_their_mends(each: Check) -> None:
    text = explanation(each)
    _, _, facts = text.partition("## In cohortprop\n")
    for cause in each.causes:
        if cause is not UNCLASSIFIED:
            advice = " (advice)" if cause.severity == "advice" else ""
            assert f"- **{cause.name}**{advice}: {cause.title} *To mend it:* {cause.mend}" in facts
    assert f"Needs {needs_in_words(each) or 'nothing but the app'}. " in facts
    assert f"from the profile `{each.profile}` on" in facts
    assert UNCLASSIFIED.name not in facts


def test_markdown_is_set_not_shown() -> None:
    lines = told(ISOLATION).splitlines()
    assert lines[0] == "isolation"
    assert "Why the protocol requires it" in lines
    assert not any("```" in line or line.startswith("#") or "`" in line for line in lines)
    assert lines == [line.rstrip() for line in lines]
    assert "\n\n\n\n" not in told(ISOLATION)


@pytest.mark.parametrize("width", [30, 60, 80])
def test_prose_is_wrapped_and_code_is_not(width: int) -> None:
    code = re.findall(r"^```python\n(.*?)^```$", explanation(ISOLATION), re.MULTILINE | re.DOTALL)
    lines = told(ISOLATION, width).splitlines()
    for line in "".join(code).splitlines():
        assert (f"    {line}" if line else "") in lines
    assert all(cell_len(line) <= width for line in lines if not line.startswith("    "))


def test_prose_is_not_wider_than_is_good_to_read() -> None:
    widest = max(len(line) for line in told(ISOLATION, 300).splitlines() if not line.startswith("    "))
    assert 80 < widest <= 100


def test_colour_changes_no_letter() -> None:
    coloured = told(ISOLATION, colour=True)
    assert "\x1b[" in coloured
    assert ESCAPES.sub("", coloured) == told(ISOLATION)


@pytest.mark.parametrize("each", BUILT_IN, ids=lambda each: each.name)
def test_a_terminal_with_ascii_only_gets_ascii(each: Check) -> None:
    text = told(each, encoding="ascii", colour=True)
    assert text.isascii()
    assert " - " in text


def test_a_check_of_ones_own_is_explained_by_its_own_words(own: Check) -> None:
    text = told(own)
    assert text.startswith(
        "no-teapot\n\nThe app is no teapot\n\nTea is made elsewhere.\n\nIn cohortprop\n\nNeeds arrivals."
    )


def test_what_a_check_needs_in_words() -> None:
    words = {each.name: needs_in_words(each) for each in BUILT_IN}
    assert words["durability"] == "restart and members"
    assert words["dependency"] == "dependency"
    assert words["clock"] == "members or arrivals"
    assert words["sparse"] == ""
    by_name = {each.name: each for each in BUILT_IN}
    assert needs_in_words(by_name["durability"], ("restart",)) == "restart"
    assert needs_in_words(by_name["durability"], ("members",)) == "members"
    assert needs_in_words(by_name["clock"], ("members",)) == "members or arrivals"
