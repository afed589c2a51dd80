"""JUnit XML: each check is a test case, which fails with its findings and is skipped where it was not run."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Final

from cohortprop.campaign import Finding, Report
from cohortprop.checks import needs_in_words
from cohortprop.reports.story import check_of, tell, title_of

__all__ = ["as_junit"]

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report, target: str) -> str:
    """The report as JUnit XML.

    Args:
        report: of a campaign.
        target: what was run; the class name of the test cases.
    """
    names = [*report.checks, *report.not_run]
    strange = {finding.violation.check for finding in report.findings} - set(names)
    suite = ET.Element(
        "testsuite",
        name="cohortprop",
        tests=str(len(names) + len(strange)),
        failures=str(len({finding.violation.check for finding in report.findings})),
        errors="0",
        skipped=str(len(report.not_run)),
        time=f"{report.progress.seconds:.3f}",
    )
    for name in [*names, *sorted(strange)]:
        case = ET.SubElement(suite, "testcase", classname=_clean(target), name=name)
        found = [finding for finding in report.findings if finding.violation.check == name]
        if found:
            _fail(case, found)
        elif name in report.not_run:
            check = check_of(name)
            needs = needs_in_words(check, report.not_run[name]) if check else " and ".join(report.not_run[name])
            ET.SubElement(case, "skipped", message=f"needs {needs}")
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _fail(case: ET.Element, found: list[Finding]) -> None:
    """One failure for a check, whatever the number of its causes: most readers show but one."""
    causes = ", ".join(finding.violation.cause for finding in found)
    titles = " ".join(title_of(finding) for finding in found)
    failure = ET.SubElement(case, "failure", type=causes, message=_clean(titles))
    failure.text = _clean("\n\n".join(tell(finding) for finding in found))


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold, in any way of writing them."""
    return _NOT_IN_XML.sub("�", text)
