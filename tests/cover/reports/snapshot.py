"""Whole outputs, kept as text files, so that each change of a message is read as text by whoever reviews it.

To rewrite them after a change that is meant: ``COHORTPROP_REWRITE_SNAPSHOTS=1 pytest tests/cover/reports``.
"""

from __future__ import annotations

import os
from difflib import unified_diff
from pathlib import Path

FOLDER = Path(__file__).with_name("snapshots")


def compare(name: str, text: str) -> None:
    """Compare an output with the one that is kept, or keep it when it is to be rewritten."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("COHORTPROP_REWRITE_SNAPSHOTS"):
        path.write_text(text, "utf-8")
    kept = path.read_text("utf-8") if path.exists() else ""
    changes = unified_diff(kept.splitlines(), text.splitlines(), f"{name}, kept", f"{name}, now", lineterm="")
    assert text == kept, "\n".join(["if this is meant, rewrite it with COHORTPROP_REWRITE_SNAPSHOTS=1:", *changes])
