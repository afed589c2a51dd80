"""What the README of an example says: the commands to be typed, what they print, and how the mend looks.

``COHORTPROP_REWRITE_SNAPSHOTS=1 pytest tests/examples`` writes anew what is pasted there.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import cohortprop

ROOT = Path(cohortprop.__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
REWRITE = bool(os.environ.get("COHORTPROP_REWRITE_SNAPSHOTS"))

NAMES = tuple(sorted(readme.parent.name for readme in EXAMPLES.glob("*/README.md")))

_COMMAND = re.compile(r"^\$ (?:.*\\\n)*.*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """A command of a README, and what is shown of its output."""

    typed: str
    """As it stands there, from its dollar sign to the end of its last line."""
    output: str

    @property
    def command(self) -> str:
        return self.typed.removeprefix("$ ").replace("\\\n", "").strip()

    @property
    def runs(self) -> str | None:
        """The version that cohortprop is to be run on; None for a command that sets something up."""
        found = re.match(r"cohortprop run .*\b(wrong|right)\b", self.command)
        return found and found[1]


def text_of(name: str) -> str:
    return (EXAMPLES / name / "README.md").read_text("utf-8")


def blocks_of(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(name), re.MULTILINE | re.DOTALL)


def said_by(name: str) -> list[Said]:
    """All commands of an example's README, in order. A block can hold several: those print nothing worth showing."""
    found = []
    for block in blocks_of(name, "console"):
        outputs = _COMMAND.split(block)[1:]
        found += [Said(typed, output) for typed, output in zip(_COMMAND.findall(block), outputs, strict=True)]
    return found


def named_bugs(name: str) -> set[str]:
    """What the README says, in bold, is wrong with the wrong version: check and cause."""
    return set(re.findall(r"\*\*([\w-]+ / [\w-]+)\*\*", text_of(name)))


def mend_of(name: str) -> str:
    """The mend that the README shows."""
    (mend,) = blocks_of(name, "diff")
    return mend


def mend_in(name: str) -> str:
    """The mend that there is: from the wrong version to the right one."""
    folder = EXAMPLES / name
    (wrong,) = (each for each in folder.rglob("wrong.*") if each.suffix in (".py", ".js"))
    right = wrong.with_stem("right")
    old, new = (each.read_text("utf-8").splitlines(keepends=True) for each in (wrong, right))
    before, after = (str(each.relative_to(folder)) for each in (wrong, right))
    lines = difflib.unified_diff(old, new, before, after, n=1)
    return "".join(line.rstrip() + "\n" for line in lines)


def rewrite(name: str, old: str, new: str) -> None:
    readme = EXAMPLES / name / "README.md"
    text = readme.read_text("utf-8")
    assert text.count(old) == 1
    readme.write_text(text.replace(old, new), "utf-8")
