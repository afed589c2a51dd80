"""A sequence diagram as a picture: one SVG file that needs nothing else, and follows the reader's dark or light."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from cohortprop.reports.diagram.rows import LANES, Diagram, Lane, Message, Note, Row, Time
from cohortprop.reports.phrases import shortened

__all__ = ["as_svg"]

_WIDTH: Final = 760
_X: Final[dict[Lane, int]] = {"Mixpanel": 130, "network": 380, "receiver": 630}
_TOP: Final = 62
"""Where the first row begins, below the names of the lanes."""
_LINE: Final = 17
_NOTE_HALF: Final = 118
_NOTE_SIGNS: Final = 30
"""Characters in a line of a note."""
_SHORT_SIGNS, _LONG_SIGNS = 36, 72
"""Characters on an arrow to the next lane, and on one to the lane after that."""

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


def as_svg(diagram: Diagram) -> str:
    """The diagram as SVG.

    Example:
        >>> picture = as_svg(Diagram("lost", (Message("receiver", "network", "200", "broken"),)))
        >>> picture.startswith('<svg xmlns="http://www.w3.org/2000/svg"'), 'class="broken"' in picture
        (True, True)
    """
    rows: list[str] = []
    y = _TOP
    for row in diagram.rows:
        drawn, height = _draw(row, y)
        rows += drawn
        y += height
    bottom = y + 14
    label = f"aria-label={quoteattr(diagram.title)}"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom}" role="img" {label}>',
        f"<title>{escape(diagram.title)}</title>",
        f"<style>{_STYLE}</style>",
    ]
    return "\n".join([*head, *_lanes(bottom), *rows, "</svg>"]) + "\n"


def _lanes(bottom: int) -> Iterator[str]:
    for lane in LANES:
        x = _X[lane]
        yield f'<line class="lane" x1="{x}" x2="{x}" y1="38" y2="{bottom - 8}"/>'
        yield f'<rect class="box" x="{x - 60}" y="10" width="120" height="28" rx="6"/>'
        yield _text(x, 29, lane, "head")


def _draw(row: Row, y: int) -> tuple[list[str], int]:
    """A row whose upper edge is at `y`, and its height."""
    match row:
        case Time(text):
            return [_text(8, y + 12, text, "quiet", anchor="start")], 22
        case Note(lane, text, wrong):
            return _note(lane, text, y, wrong=wrong)
        case Message():
            return _message(row, y), 36


def _note(lane: Lane, text: str, y: int, *, wrong: bool) -> tuple[list[str], int]:
    x = _X[lane]
    lines = textwrap.wrap(text, _NOTE_SIGNS) or [""]
    height = len(lines) * _LINE + 12
    drawn = [
        f'<g class="{"wrong" if wrong else "note"}">',
        f'<rect class="box" x="{x - _NOTE_HALF}" y="{y}" width="{2 * _NOTE_HALF}" height="{height}" rx="4"/>',
        *(_text(x, y + 18 + number * _LINE, line) for number, line in enumerate(lines)),
        "</g>",
    ]
    return drawn, height + 10


def _message(row: Message, y: int) -> list[str]:
    start, end = _X[row.start], _X[row.end]
    onward = 1 if end > start else -1
    signs = _LONG_SIGNS if abs(end - start) > _X["network"] - _X["Mixpanel"] else _SHORT_SIGNS
    line = y + 24
    tip = end - 3 * onward
    if row.look == "broken":
        mark = f'<path class="arrow" d="M{tip - 6} {line - 6}l12 12m0 -12l-12 12"/>'
    else:
        mark = f'<path class="tip" d="M{tip} {line}l{-9 * onward} -4.5v9z"/>'
    return [
        f'<g class="{row.look}{" wrong" * row.wrong}">',
        f"<title>{escape(row.text)}</title>",  # the whole text, where there is no room for it
        f'<path class="arrow" d="M{start} {line}H{tip}"/>',
        mark,
        _text((start + end) // 2, line - 7, shortened(row.text, signs)),
        "</g>",
    ]


def _text(x: int, y: int, text: str, kind: str = "", *, anchor: str = "middle") -> str:
    told = f' class="{kind}"' if kind else ""
    return f'<text{told} x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
