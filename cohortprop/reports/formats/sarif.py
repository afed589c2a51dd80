"""SARIF 2.1.0: findings where code hosts and editors show those of linters.

A cause is a rule. The place of a finding is the file of the target's module, since the line that is wrong is not known.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, Final

from cohortprop import __version__
from cohortprop.campaign import Finding, Report
from cohortprop.reports.story import cause_of, check_of, tell, title_of

__all__ = ["as_sarif"]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"bug": "error", "advice": "warning"}


def as_sarif(report: Report, target: str) -> str:
    """The report as a SARIF log of one run.

    Args:
        report: of a campaign.
        target: what was run, ``module:name``.
    """
    told = [*report.findings, *report.advice]
    rules = {_rule_id(finding): _rule(finding) for finding in told}
    place = _place(target)
    run = {
        "tool": {"driver": {"name": "cohortprop", "version": __version__, "rules": list(rules.values())}},
        "automationDetails": {"id": f"cohortprop/{target}"},
        "invocations": [{"executionSuccessful": not report.interrupted}],
        "results": [
            {
                "ruleId": _rule_id(finding),
                "ruleIndex": list(rules).index(_rule_id(finding)),
                "level": _LEVELS[finding.violation.severity],
                "message": {"text": f"{title_of(finding)}\n\n{tell(finding)}"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": place}}}],
                "partialFingerprints": {"cause/v1": f"{target}/{_rule_id(finding)}"},
            }
            for finding in told
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule_id(finding: Finding) -> str:
    return "/".join(finding.key)


def _rule(finding: Finding) -> dict[str, Any]:
    cause = cause_of(finding.violation)
    check = check_of(finding.violation.check)
    return {
        "id": _rule_id(finding),
        "shortDescription": {"text": title_of(finding)},
        "fullDescription": {"text": f"{check.summary} {check.why}" if check is not None else title_of(finding)},
        "help": {"text": cause.mend or "See the finding."},
        "defaultConfiguration": {"level": _LEVELS[finding.violation.severity]},
    }


def _place(target: str) -> str:
    """The file of the target's module, from the current directory if it is below it; else the target's own name."""
    if "://" in target:
        return target
    module = target.partition(":")[0]
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return target
    if found is None or found.origin is None or not Path(found.origin).is_file():
        return target
    path = Path(found.origin).resolve()
    here = Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_uri()
