"""A sequence diagram as a picture: one SVG file that needs nothing else, and follows the reader's dark or light."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from cohortprop.reports.diagram.rows import LANES, Diagram, Lane, Message, Note, Row, Time
from cohortprop.reports.phrases import shortened

__all__ = ["as_svg"]

_TOP: Final = 62
"""Where the first row begins, below the names of the lanes."""
_LINE: Final = 17


@dataclass(frozen=True, slots=True)
class _Paper:
    """How wide things are.

    Args:
        width: of the picture.
        lanes: the middle of each.
        head: half of the box with a lane's name.
        note: half of a note.
        note_signs: characters in a line of a note.
        signs: characters on an arrow to the next lane, and on one to the lane after that.
        lines: in how many lines they may stand there.
    """

    width: int
    lanes: dict[Lane, int]
    head: int
    note: int
    note_signs: int
    signs: tuple[int, int]
    lines: int = 1

    def note_at(self, lane: Lane) -> int:
        """The middle of a note: over its lane, if the picture is wide enough for that."""
        return min(max(self.lanes[lane], self.note + 4), self.width - self.note - 4)


_DESK: Final = _Paper(760, {"Mixpanel": 130, "network": 380, "receiver": 630}, 60, 118, 30, (36, 72))
_PHONE: Final = _Paper(340, {"Mixpanel": 48, "network": 170, "receiver": 292}, 42, 104, 27, (42, 44), lines=3)

_STYLE: Final = """
svg { color: #1d2733; background: #fff; font: 13px/1.3 system-ui, sans-serif }
text { fill: currentColor } .quiet { fill: #5b6877 } .lane { stroke: #c3ccd6; stroke-dasharray: 3 4 }
.box { fill: #eef2f6; stroke: #c3ccd6 } .wrong .box { fill: #fdeaea; stroke: #c62f2f } .head { font-weight: 600 }
.arrow { stroke: currentColor; stroke-width: 1.4; fill: none } .tip { fill: currentColor }
.reply .arrow { stroke-dasharray: 6 4 } .broken, .wrong { color: #b3261e }
@media (prefers-color-scheme: dark) {
svg { color: #e3e9f0; background: #12181f } .quiet { fill: #9aa7b5 } .lane, .box { stroke: #3c4856 }
.box { fill: #1d2630 } .wrong .box { fill: #3b1d1f; stroke: #ff8a80 } .broken, .wrong { color: #ff8a80 } }
"""


def as_svg(diagram: Diagram, *, narrow: bool = False) -> str:
    """The diagram as SVG.

    Args:
        diagram: what to draw.
        narrow: so that it can be read on a phone.

    Example:
        >>> picture = as_svg(Diagram("lost", (Message("receiver", "network", "200", "broken"),)))
        >>> picture.startswith('<svg xmlns="http://www.w3.org/2000/svg"'), 'class="broken"' in picture
        (True, True)
    """
    paper = _PHONE if narrow else _DESK
    rows: list[str] = []
    y = _TOP
    for row in diagram.rows:
        drawn, height = _draw(row, y, paper)
        rows += drawn
        y += height
    bottom = y + 14
    label = f"aria-label={quoteattr(diagram.title)}"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {paper.width} {bottom}" role="img" {label}>',
        f"<title>{escape(diagram.title)}</title>",
        f"<style>{_STYLE}</style>",
    ]
    return "\n".join([*head, *_lanes(bottom, paper), *rows, "</svg>"]) + "\n"


def _lanes(bottom: int, paper: _Paper) -> Iterator[str]:
    for lane in LANES:
        x = paper.lanes[lane]
        yield f'<line class="lane" x1="{x}" x2="{x}" y1="38" y2="{bottom - 8}"/>'
        yield f'<rect class="box" x="{x - paper.head}" y="10" width="{2 * paper.head}" height="28" rx="6"/>'
        yield _text(x, 29, lane, "head")


def _draw(row: Row, y: int, paper: _Paper) -> tuple[list[str], int]:
    """A row whose upper edge is at `y`, and its height."""
    match row:
        case Time(text):
            return [_text(8, y + 12, text, "quiet", anchor="start")], 22
        case Note(lane, text, wrong):
            return _note(lane, text, y, paper, wrong=wrong)
        case Message():
            return _message(row, y, paper)


def _note(lane: Lane, text: str, y: int, paper: _Paper, *, wrong: bool) -> tuple[list[str], int]:
    x = paper.note_at(lane)
    lines = textwrap.wrap(text, paper.note_signs) or [""]
    height = len(lines) * _LINE + 12
    drawn = [
        f'<g class="{"wrong" if wrong else "note"}">',
        f'<rect class="box" x="{x - paper.note}" y="{y}" width="{2 * paper.note}" height="{height}" rx="4"/>',
        *(_text(x, y + 18 + number * _LINE, line) for number, line in enumerate(lines)),
        "</g>",
    ]
    return drawn, height + 10


def _message(row: Message, y: int, paper: _Paper) -> tuple[list[str], int]:
    start, end = paper.lanes[row.start], paper.lanes[row.end]
    onward = 1 if end > start else -1
    signs = paper.signs[abs(LANES.index(row.end) - LANES.index(row.start)) - 1]
    shown = _label(row.text, signs, paper.lines)
    line = y + 24 + (len(shown) - 1) * _LINE
    middle = (start + end) // 2 if paper.lines == 1 else paper.width // 2
    tip = end - 3 * onward
    if row.look == "broken":
        mark = f'<path class="arrow" d="M{tip - 6} {line - 6}l12 12m0 -12l-12 12"/>'
    else:
        mark = f'<path class="tip" d="M{tip} {line}l{-9 * onward} -4.5v9z"/>'
    drawn = [
        f'<g class="{row.look}{" wrong" * row.wrong}">',
        f"<title>{escape(row.text)}</title>",  # the whole text, where there is no room for it
        f'<path class="arrow" d="M{start} {line}H{tip}"/>',
        mark,
        *(_text(middle, y + 17 + number * _LINE, each) for number, each in enumerate(shown)),
        "</g>",
    ]
    return drawn, 36 + (len(shown) - 1) * _LINE


def _label(text: str, signs: int, most: int) -> list[str]:
    """The lines that stand on an arrow; what there is no room for is cut."""
    lines = textwrap.wrap(text, signs) if most > 1 else []
    if len(lines) > most:
        lines = [*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), signs)]
    return lines or [shortened(text, signs)]


def _text(x: int, y: int, text: str, kind: str = "", *, anchor: str = "middle") -> str:
    told = f' class="{kind}"' if kind else ""
    return f'<text{told} x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
