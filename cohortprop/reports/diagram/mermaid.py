"""A sequence diagram as Mermaid text, for a README, an issue or a wiki that draws it."""

from __future__ import annotations

import json
from typing import Final

from cohortprop.reports.diagram.rows import LANES, Diagram, Message, Note, Row, Time

__all__ = ["as_mermaid"]

_ENTITIES: Final = str.maketrans({"#": "#35;", ";": ","})
_ARROWS: Final = {"request": "->>", "reply": "-->>", "broken": "-x"}


def as_mermaid(diagram: Diagram) -> str:
    """The diagram as a `sequenceDiagram`.

    Example:
        >>> print(as_mermaid(Diagram("lost", (Message("receiver", "network", "200", "broken"),))))
        ---
        title: "lost"
        ---
        sequenceDiagram
            participant Mixpanel
            participant network
            participant receiver
            receiver-xnetwork: 200
        <BLANKLINE>
    """
    head = ["---", f"title: {json.dumps(diagram.title, ensure_ascii=False)}", "---", "sequenceDiagram"]
    lanes = [f"    participant {lane}" for lane in LANES]
    return "\n".join([*head, *lanes, *(f"    {_line(row)}" for row in diagram.rows)]) + "\n"


def _line(row: Row) -> str:
    match row:
        case Time(text):
            return f"note over {LANES[0]},{LANES[-1]}: {_plain(text)}"
        case Note(lane, text):
            return f"note over {lane}: {_plain(text)}"
        case Message(start, end, text, look):
            return f"{start}{_ARROWS[look]}{end}: {_plain(text)}"


def _plain(text: str) -> str:
    """Without the sign that would end a line, and with the entity of the one that would begin an entity."""
    return text.translate(_ENTITIES)
