"""Pages on disk: one beside each saved finding; and what a run came to, in the formats that are asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cohortprop.errors import UsageError

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.campaign import Finding, Report
    from cohortprop.receiver import Receiver

__all__ = ["write_finding", "write_report", "write_text"]


def write_finding(
    path: Path, finding: Finding, target: str, receiver: Receiver | None, replay_hint: str | None = None
) -> Path:
    """Write the page of a finding.

    Args:
        path: of the page.
        finding: what was found.
        target: what it was made on.
        receiver: how it was addressed, if that is known.
        replay_hint: what to type to see it again.

    Raises:
        UsageError: the file cannot be written.
    """
    from cohortprop.reports.html import page_of_finding

    return write_text(path, page_of_finding(finding, target, receiver=receiver, replay_hint=replay_hint))


def write_report(
    path: Path,
    report: Report,
    target: str,
    receiver: Receiver,
    replay_hints: Sequence[str | None],
    repeat_hint: str,
) -> Path:
    """Write the page of a run.

    Args:
        path: of the page.
        report: what the run came to.
        target: what was run.
        receiver: how it was addressed.
        replay_hints: for each finding, what to type to see it again.
        repeat_hint: what to type to run it all again.

    Raises:
        UsageError: the file cannot be written.
    """
    from cohortprop.reports.html import page_of_report

    page = page_of_report(report, target, receiver=receiver, replay_hints=replay_hints, repeat_hint=repeat_hint)
    return write_text(path, page)


def write_text(path: Path, page: str) -> Path:
    """Write a page, or any text, whole or not at all: somebody may be reading the one before it.

    Raises:
        UsageError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(page, "utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written: {fault.strerror}") from None
    return path
