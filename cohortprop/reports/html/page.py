"""The page: what stands on top of each finding, its history to step through, and the index of a run.

Everything that comes from elsewhere is escaped by Jinja2, or travels as JSON that the script puts in as text. The page
has a policy that lets it load nothing and run no other script than its own.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from cohortprop import __version__
from cohortprop.campaign import Finding, Report
from cohortprop.checks import UNCLASSIFIED
from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver
from cohortprop.reports.diagram import as_mermaid, as_svg, diagram_of_finding
from cohortprop.reports.facts import arrivals_explained, expected_of, impact_of, seen_of, source_of
from cohortprop.reports.html.exchanges import spelled_out
from cohortprop.reports.html.index import index_of
from cohortprop.reports.html.legend import legend_of, reading_aid
from cohortprop.reports.html.masking import Mask
from cohortprop.reports.html.timeline import timeline_of
from cohortprop.reports.phrases import moment, plural, shown_id
from cohortprop.reports.readings import rests_on
from cohortprop.reports.reasoning import is_plain, why_this_cause
from cohortprop.reports.regression import regression_test
from cohortprop.reports.scenes import scenes_of
from cohortprop.reports.standing import recovery
from cohortprop.reports.story import cause_of, check_of, title_of
from cohortprop.simulation.canonical import CANONICAL

__all__ = ["page_of_finding", "page_of_report"]

_PACKED_FROM: Final = 100_000
"""Characters of data from which on it is worth being compressed; what is shorter can be read in the file."""


def page_of_finding(
    finding: Finding, target: str = "", *, receiver: Receiver | None = None, replay_hint: str | None = None
) -> str:
    """A finding as an HTML file.

    Args:
        finding: what was found.
        target: what it was made on.
        receiver: how it was addressed, for the head of each request; its secrets are masked.
        replay_hint: what to type to see it again.

    Example:
        >>> from cohortprop.campaign import find_in
        >>> from cohortprop.checks import BUILT_IN
        >>> from cohortprop.simulation.canonical import CANONICAL
        >>> from cohortprop.trial import open_kit
        >>> from cohortprop.zoo import answers_plain_ok
        >>> with open_kit(answers_plain_ok, BUILT_IN) as kit:
        ...     finding = find_in(kit, CANONICAL["two-pages"], "two-pages")
        >>> page_of_finding(finding)[:15]
        '<!doctype html>'
    """
    mask = Mask(receiver)
    return _render(mask, [_told(finding, target, mask, receiver, replay_hint)], None, title_of(finding), target)


def page_of_report(
    report: Report,
    target: str = "",
    *,
    receiver: Receiver | None = None,
    replay_hints: Sequence[str | None] = (),
    repeat_hint: str | None = None,
) -> str:
    """A run as an HTML file: an index, and all that was found.

    Args:
        report: of the campaign.
        target: what was run.
        receiver: how it was addressed; its secrets are masked.
        replay_hints: for each finding, what to type to see it again.
        repeat_hint: what to type to run it all again.
    """
    mask = Mask(receiver)
    hints = [*replay_hints, *[None] * (len(report.findings) + len(report.advice) - len(replay_hints))]
    told = [
        _told(finding, target, mask, receiver, hint)
        for finding, hint in zip([*report.findings, *report.advice], hints, strict=False)
    ]
    index = _presentable(mask, index_of(report, target, repeat_hint))
    return _render(mask, told, index, index["verdict"], target)


def _render(mask: Mask, told: list[dict[str, Any]], index: dict[str, Any] | None, title: str, target: str) -> str:
    style, script = _asset("page.css"), "\n".join(map(_asset, ("state.js", "timeline.js", "viewer.js")))
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return _template().render(
        style=style,
        script=script,
        policy=policy,
        title=spelled_out(mask(title)),
        target=spelled_out(mask(target)),
        findings=told,
        index=index,
        head=_lines(mask.request_head()),
        version=__version__,
    )


def _told(
    finding: Finding, target: str, mask: Mask, receiver: Receiver | None, replay_hint: str | None
) -> dict[str, Any]:
    """All that the template says about a finding."""
    violation = finding.violation
    check = check_of(violation.check)
    diagram = diagram_of_finding(finding)
    timeline = timeline_of(finding)
    facts: dict[str, Any] = _presentable(
        mask,
        {
            "title": title_of(finding),
            "check": violation.check,
            "cause": violation.cause,
            "severity": violation.severity,
            "impact": impact_of(finding),
            "seen": _sentence(seen_of(finding)),
            "expected": _sentence(expected_of(finding)),
            "arrivals": arrivals_explained(finding) if violation.judge == "arrivals" else "",
            "rule": check.summary if check is not None else "",
            "source": source_of(check) if check is not None else "",
            "mend": cause_of(violation).mend,
            "named": cause_of(violation).name != UNCLASSIFIED.name,
            "recovery": recovery(finding),
            "because": why_this_cause(finding),
            "plain": is_plain(finding),
            "readings": [[each.meaning, each.exclude] for each in rests_on(finding)],
            "scenes": _scenes(finding),
            "begin": _beginning(finding),
            "aid": " ".join(reading_aid(finding, receiver)),
            "id_property": finding.id_property,
            "origin": _origin(finding),
            "replay": replay_hint or "",
            "test": _test(finding, target),
            "mermaid": as_mermaid(diagram),
            "svg": as_svg(diagram),
            "narrow": as_svg(diagram, narrow=True),
            "legend": list(legend_of(timeline)),
        },
    )
    for drawing in ("svg", "narrow"):
        facts[drawing] = base64.b64encode(facts[drawing].encode()).decode()
    facts["data"] = _packed(mask.data(timeline))
    return facts


def _presentable(mask: Mask, value: Any) -> Any:
    """Data for the template, masked and without control characters."""
    if isinstance(value, str):
        return spelled_out(mask(value))
    if isinstance(value, dict):
        return {name: _presentable(mask, each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_presentable(mask, each) for each in value]
    return value


def _scenes(finding: Finding) -> list[list[Any]]:
    scenes, _ = scenes_of(finding)
    start = finding.scenario.started_at
    return [["" if each.omitted else moment(each.at, start), each.text, each.details] for each in scenes]


def _beginning(finding: Finding) -> list[list[str]]:
    """The cohorts and who is in them, before anything happens."""
    return [
        [seed.id, seed.name, ", ".join(map(shown_id, seed.members[:12])) + (", …" if len(seed.members) > 12 else "")]
        for seed in finding.scenario.cohorts
    ]


def _test(finding: Finding, target: str) -> str:
    try:
        return regression_test(finding, target)
    except UsageError:  # the target is nothing that a test could import
        return ""


def _sentence(text: str) -> str:
    """With a capital letter, unless it begins with an id or with what is quoted."""
    return text[:1].upper() + text[1:] if text.startswith(("the ", "it ", "no ", "at ")) else text


def _origin(finding: Finding) -> str:
    """How it was found, and how much was left of that."""
    steps = len(finding.scenario.steps)
    reduced = (
        f"reduced to {plural(steps, 'step')}"
        if steps
        else "of whose steps none is needed: it shows when everything is synced, as at the end of each trial"
    )
    if finding.origin in CANONICAL:
        return f"Found by the fixed scenario {finding.origin}, {reduced}."
    if finding.origin == "search":
        return f"Found by a random search, {reduced}."
    return f"Found by {finding.origin or 'a scenario'}, {reduced}."


def _lines(head: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name} {value} HTTP/1.1" if name == "POST" else f"{name}: {value}" for name, value in head]


def _packed(data: dict[str, Any]) -> str:
    """JSON data as it can stand in a script element: in ASCII, without anything that could end the element."""
    text = json.dumps(data, separators=(",", ":"))
    if len(text) >= _PACKED_FROM:
        packed = gzip.compress(text.encode(), mtime=0)
        return json.dumps({"gzip": base64.b64encode(packed).decode()})
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _with_code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(text.split("`"))
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _asset(name: str) -> str:
    return resources.files("cohortprop.reports.html").joinpath(name).read_text("utf-8").strip()


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["code"] = _with_code
    return environment.from_string(_asset("page.html.j2"))
