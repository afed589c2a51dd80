"""On which readings of the document a finding rests, and how to be told no more of what holds under them only.

The shrinker puts each question back to its default reading if the receiver fails under that one, too. So what is left
is needed, unless the receiver excludes the default: then there is nothing to put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.sender import QUESTIONS, Dialect

__all__ = ["RestsOn", "rests_on", "under"]


_OPEN: Final = "Mixpanel's documentation can be read in several ways here. In this run:"


@dataclass(frozen=True, slots=True)
class RestsOn:
    """A reading without which there would be no finding.

    Args:
        reading: written `question=reading`.
        meaning: what the document leaves open, how it was read, and whether the bug shows otherwise.
        exclude: how to say that the receiver is not to support it.
    """

    reading: str
    meaning: str
    exclude: str


def rests_on(finding: Finding) -> list[RestsOn]:
    """The readings that a finding rests on.

    Advice is not shrunk, and has none: nobody has tried it under another reading.
    """
    if finding.violation.severity != "bug":
        return []
    default = Dialect()
    found = []
    for question, reading in finding.scenario.dialect.departures.items():
        asked = QUESTIONS[question]
        name = f"{question}={reading}"
        exclude = f'If the receiver need not support this: Receiver(excludes=("{name}",))'
        usual = f"{question}={getattr(default, question)}"
        shows = " Under other readings these events do not show the bug; others may."
        if usual in finding.excludes:
            exclude = f"The receiver excludes {usual}, so it was not tried that way"
            shows = ""
        elif name in finding.pins:
            exclude = f"It is pinned. {exclude}, and no pin"
        meaning = f"{asked.text.rstrip(',')}: {asked.readings[reading]}"
        found.append(RestsOn(name, f"{_OPEN} \u201c{meaning}\u201d ({name}).{shows}", exclude))
    return found


def under(finding: Finding) -> str:
    """The readings that a finding rests on, in a few words for the end of a line; empty when it rests on none."""
    names = [each.reading for each in rests_on(finding)]
    return f"under the reading{'s' * (len(names) > 1)} {' and '.join(names)}" if names else ""
