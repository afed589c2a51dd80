"""What is known from earlier runs comes first: saved findings are replayed, and put aside when they are fixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cohortprop.campaign import Finding
from cohortprop.errors import UsageError
from cohortprop.findings import Pair, SavedFinding, Verdict, replay, retire, saved_in, why_not
from cohortprop.settings import Settings
from cohortprop.trial import TrialKit

__all__ = ["Known", "replay_known"]


@dataclass(slots=True)
class Known:
    """What came of the saved findings.

    Args:
        findings: those that fail, one for each check and cause.
        verdicts: by file.
    """

    findings: list[Finding] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def keys(self) -> set[Pair]:
        """Check and cause of each that fails."""
        return {finding.key for finding in self.findings}


def replay_known(
    kit: TrialKit,
    settings: Settings,
    target: str,
    accepted: frozenset[Pair],
    known: Known,
    *,
    tell: Callable[[Finding, Path | None], object],
    say: Callable[[str], object],
) -> None:
    """Replay the saved findings of a target.

    Args:
        kit: receiver, checks and clock.
        settings: where findings are saved, whether files may be moved, and which readings are pinned.
        target: only findings of this one are looked at.
        accepted: causes of the baseline; their findings are left alone.
        known: filled on the way, so that Ctrl-C leaves what was done by then.
        tell: called with each finding that fails, and its file; None for a new one, which has none yet.
        say: called with a line for each that is fixed, damaged, or cannot be judged here.
    """
    for saved in saved_in(settings.findings_folder, damaged=lambda line: say(f"skipped: {line}")):
        if saved.target != target or saved.key in accepted:
            continue
        reason = why_not(kit, saved, settings.dialect)
        if reason:
            say(f"skipped: {saved.path}: {reason}")
            continue
        _take_up(kit, settings, saved, accepted, known, tell, say)
        if settings.first and known.findings:
            return


def _take_up(
    kit: TrialKit,
    settings: Settings,
    saved: SavedFinding,
    accepted: frozenset[Pair],
    known: Known,
    tell: Callable[[Finding, Path | None], object],
    say: Callable[[str], object],
) -> None:
    replayed = replay(kit, saved, accepted)
    known.verdicts[str(saved.path)] = replayed.verdict
    finding, path = replayed.finding, saved.path
    if replayed.verdict != "still fails":
        say(f"{replayed.verdict}: {saved.check}/{saved.cause}, {saved.path}{_put_aside(saved, settings)}")
    if finding is None or finding.key in known.keys:
        return
    known.findings.append(finding)
    tell(finding, path if replayed.verdict == "still fails" else None)


def _put_aside(saved: SavedFinding, settings: Settings) -> str:
    """Move the file of a finding that does not fail any more; what to say of it."""
    if not settings.save:
        return ""
    try:
        return f", now {retire(saved)}"
    except UsageError as fault:  # no reason to end the run
        return f", but {fault}"
