from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from cohortprop.reports.layout import Span, columns, flow, labelled, line, plain, printable, to_paste, verbatim

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=200)
spans = st.lists(st.builds(Span, texts, st.sampled_from(["plain", "bad", "dim"])), max_size=4)


@example([Span("\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}")], 20, "")
@given(spans, st.integers(20, 60), st.sampled_from(["", "      "]))
def test_a_paragraph_keeps_to_its_width_and_loses_nothing(parts: list[Span], width: int, first: str) -> None:
    lines = flow(parts, width, first=first)
    assert all(cell_len("".join(part.text for part in each)) <= width for each in lines)
    kept = "".join(part.text for each in lines for part in each)
    assert "".join(kept.split()) == "".join("".join(part.text for part in parts).split())


def test_a_paragraph_keeps_its_styles() -> None:
    lines = flow([Span("all is well, "), Span("or so they said", "bad")], 18)
    assert lines == [(Span("all is well, "), Span("or so", "bad")), (Span("they said", "bad"),)]


def test_a_word_that_is_too_long_is_broken() -> None:
    assert plain(flow("x" * 25, 10)) == "xxxxxxxxxx\nxxxxxxxxxx\nxxxxx"


def test_wide_characters_count_for_two() -> None:
    assert plain(flow("名前 名前", 8)) == "名前\n名前"


def test_a_key_stays_with_its_value() -> None:
    assert plain(flow('"name": "first", "mail": "second"', 20)) == '"name": "first",\n"mail": "second"'


def test_a_key_leaves_its_value_where_there_is_no_room() -> None:
    assert plain(flow('"name": "x123456789"', 14)) == '"name":\n"x123456789"'


def test_nothing_to_say_is_one_line() -> None:
    assert flow("", 20, first="- ") == [line("- ")]


def test_a_label_stands_beside_its_paragraph_or_above() -> None:
    assert plain(labelled("Seen", "one two", 60)) == "Seen        one two"
    assert plain(labelled("Seen", "one two", 20)) == "Seen\n  one two"


def test_a_command_is_never_wrapped() -> None:
    assert plain([to_paste("To replay", "x" * 300)]) == "To replay   " + "x" * 300


def test_lines_as_they_are() -> None:
    assert plain(verbatim("a\n  b\n\n\tc", 40)) == "  a\n    b\n\n      c"


def test_what_the_app_says_cannot_steer_the_terminal() -> None:
    assert plain(verbatim("a\x1b[2Jb\bc", 40)) == "  a\\x1b[2Jb\\x08c"
    assert printable("\x00\x7f\u202e") == "\\x00\\x7f\\u202e"


def test_a_table() -> None:
    rows = [[Span("user"), Span("held")], [Span("ann"), Span("in", "bad")]]
    assert plain(columns(rows, 40)) == "  user  held\n  ann   in"
    assert columns([], 40) == []


@pytest.mark.parametrize("width", [20, 30, 40])
def test_a_table_cuts_its_widest_column(width: int) -> None:
    rows = [[Span("n" * 50), Span("must be in")]]
    shown = plain(columns(rows, width))
    assert cell_len(shown) <= width
    assert "…" in shown
