"""Text on a page: styled spans, wrapped to a width, in columns. Knows nothing of what it sets.

A line is a tuple of spans. Joined, their texts are the plain story; with their styles they are what a terminal shows.
So there is one layout, and colour never changes where a word stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rich.cells import cell_len, chop_cells

__all__ = ["Line", "Span", "Style", "columns", "flow", "labelled", "line", "plain", "printable", "to_paste", "verbatim"]

Style: TypeAlias = Literal["plain", "title", "heading", "bad", "good", "dim", "code"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one style."""

    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[Span, ...]


def line(text: str = "", style: Style = "plain") -> Line:
    """A line in one style.

    Example:
        >>> line("all is well", "good")
        (Span(text='all is well', style='good'),)
    """
    return (Span(text, style),) if text else ()


def plain(lines: Iterable[Line]) -> str:
    r"""Lines as plain text.

    Example:
        >>> plain([line("a"), line(), (Span("b"), Span("c", "bad"))])
        'a\n\nbc'
    """
    return "\n".join("".join(part.text for part in each).rstrip() for each in lines)


def printable(text: str) -> str:
    r"""Text whose control characters are spelled out: what an app answers must not steer the terminal.

    Example:
        >>> printable("a\tb\x1b[31m")
        'a\tb\\x1b[31m'
    """
    return "".join(sign if sign.isprintable() or sign == "\t" else repr(sign)[1:-1] for sign in text)


def flow(spans: str | Sequence[Span], width: int, *, first: str = "", rest: str | None = None) -> list[Line]:
    r"""Wrap a paragraph between words; a word that is too long for a line is broken.

    Args:
        spans: the paragraph.
        width: cells of a line.
        first: stands before the first line.
        rest: stands before the others; as many blanks as `first` has cells by default.

    Example:
        >>> plain(flow("one two three", 10, first="- "))
        '- one two\n  three'
    """
    parts = [Span(spans)] if isinstance(spans, str) else list(spans)
    rest = " " * cell_len(first) if rest is None else rest
    text = "".join(part.text for part in parts)
    lines: list[Line] = []
    for begin, end in _breaks(text, max(width - cell_len(first), 8), max(width - cell_len(rest), 8)):
        lead = rest if lines else first
        lines.append((*line(lead), *_cut(parts, begin, end)))
    return lines or [line(first)]


def labelled(label: str, body: str | Sequence[Span], width: int, *, column: int = 12) -> list[Line]:
    """A paragraph beside its label; below it where there is little room."""
    if width < 4 * column:
        return [line(label, "heading"), *flow(body, width, first="  ")]
    lines = flow(body, width, first=" " * column)
    head = (Span(label.ljust(column), "heading"), *lines[0][1:])
    return [head, *lines[1:]]


def to_paste(label: str, command: str, *, column: int = 12) -> Line:
    """A command beside its label, never wrapped: it must come out of the terminal as it went in.

    Example:
        >>> plain([to_paste("To replay", "cohortprop replay finding.json")])
        'To replay   cohortprop replay finding.json'
    """
    return (Span(label.ljust(column), "heading"), Span(command, "code"))


def verbatim(text: str, width: int, *, indent: str = "  ", style: Style = "code") -> list[Line]:
    """Lines as they are, each wrapped by itself with its own indent kept."""
    lines: list[Line] = []
    for each in text.splitlines():
        shown = printable(each).expandtabs(4)
        lead = indent + shown[: len(shown) - len(shown.lstrip(" "))]
        lead = lead[: max(0, width - 16)]
        lines += flow([Span(shown.strip(" "), style)], width, first=lead, rest=f"{lead}  ")
    return lines


def columns(rows: Sequence[Sequence[Span]], width: int, *, indent: str = "  ", gap: int = 2) -> list[Line]:
    """A table without rules: columns as wide as they need to be, the widest one cut when there is no room."""
    if not rows:
        return []
    widths = [max(cell_len(row[place].text) for row in rows) for place in range(len(rows[0]))]
    room = width - cell_len(indent) - gap * (len(widths) - 1)
    while sum(widths) > room and max(widths) > 6:
        widths[widths.index(max(widths))] -= 1
    lines: list[Line] = []
    for row in rows:
        cells = [Span(indent)]
        for place, cell in enumerate(row):
            text = _fit(cell.text, widths[place])
            last = place == len(row) - 1
            blanks = 0 if last else widths[place] - cell_len(text) + gap
            cells += [Span(text, cell.style), Span(" " * blanks)]
        lines.append(tuple(cell for cell in cells if cell.text))
    return lines


def _fit(text: str, width: int) -> str:
    return text if cell_len(text) <= width else chop_cells(text, max(1, width - 1))[0] + "…"


def _breaks(text: str, first: int, rest: int) -> Iterator[tuple[int, int]]:
    """Where lines begin and end, so that none is wider than its room."""
    room = first
    begin = end = 0
    started = False
    for word_begin, word_end in _words(text, min(first, rest)):
        for piece_begin, piece_end in _pieces(text, word_begin, word_end, rest):
            if started and cell_len(text[begin:piece_end]) > room:
                yield begin, end
                room, started = rest, False
            if not started:
                begin, started = piece_begin, True
            end = piece_end
    if started:
        yield begin, end


def _words(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Where words begin and end; a key of JSON and the beginning of its value are one, if there is room for both."""
    for found in re.finditer(r'\S+(?:(?<=":) \S+)*', text):
        if cell_len(found.group()) <= room:
            yield found.span()
        else:
            yield from (part.span() for part in re.compile(r"\S+").finditer(text, found.start(), found.end()))


def _pieces(text: str, begin: int, end: int, room: int) -> Iterator[tuple[int, int]]:
    for piece in chop_cells(text[begin:end], room) or [text[begin:end]]:  # it knows of none where nothing has a width
        yield begin, begin + len(piece)
        begin += len(piece)


def _cut(parts: Sequence[Span], begin: int, end: int) -> Iterator[Span]:
    """The spans between two offsets of their joined text."""
    offset = 0
    for part in parts:
        shown = part.text[max(0, begin - offset) : max(0, end - offset)]
        if shown:
            yield Span(shown, part.style)
        offset += len(part.text)
