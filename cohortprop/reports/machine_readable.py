"""Findings and reports as JSON data, for programs. The keys are documented here and stay as they are.

A new key may be added at any time; none is removed or changes its meaning without a new `version` in the report.

A finding:
    check, cause, severity: names.
    title: what the receiver does wrong; `mend`: how such receivers are usually mended; `why`: why it must not be.
    expected, seen: in words.
    cohort, user: whom it is about; empty when it is about nobody in particular.
    id_property: the property on which the receiver keys its users, and by which they are named here.
    origin, trials: where it was met, and after how many trials.
    readings: where the dialect departs from the defaults, by question.
    rests_on: the readings without which it would not fail: `reading`, its `meaning`, and how to `exclude` it.
    story: scenes, each with `at` (virtual seconds), `moment`, `text` and `details`.
    standing: each user's `user`, `source`, `held`, `allowed` and `wrong`; empty where nobody was looked at.
    arrivals: counts by user of the cohort concerned; empty where they were not looked at.
    afterwards, tried: whether it heals, and which change to a refused delivery made it be taken; or null.
    request, reply: the exchange to look at: the body as JSON, and `status`, `content_type`, `body`, or `no_answer`.
    traceback, stack, log: what the app left behind; null, null and [] if nothing.
    server_end: how a server that was started has ended, and what it wrote last; or null.
    scenario: what to save in a file and replay.
    events: the whole history (see `event_as_json`); only when asked for.

A report:
    version: 1.
    target: what was run.
    profile, seed, pins, budget: of the plan; `budget` has `trials` and `seconds`.
    checks, not_run: names, and by name what the receiver lacks.
    run_in_part: of those that ran, by name what the receiver lacks for them to see more.
    excluded: readings that the receiver does not support.
    findings, advice: as above.
    reach, never_met: in how many trials each situation was met, and which never was.
    muted: how often each known cause was met: `check`, `cause`, `times`.
    progress: `trials`, `deliveries`, `syncs`, `virtual_seconds`, `seconds`.
    full_page_seconds: real seconds that the slowest page of 1000 members took; null if none was taken.
    stopped_by, interrupted: what ended it.
    workers: how many processes shared the search; 0 if none but this one.
    lost: a line for each block of trials that was given up, since its worker died twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Any, Final

from cohortprop.campaign import Finding, Report
from cohortprop.reports.exchange import app_log, app_stack, app_traceback, failing_exchange, server_end
from cohortprop.reports.phrases import moment
from cohortprop.reports.readings import rests_on
from cohortprop.reports.scenes import scenes_of
from cohortprop.reports.standing import arrivals_so_far, recovery, standing, takes_instead
from cohortprop.reports.story import cause_of, check_of, title_of
from cohortprop.reports.words import event_in_words
from cohortprop.simulation import Event, scenario_to_json
from cohortprop.simulation.steps import step_to_json
from cohortprop.wire import Delivery, NoReply, Outcome, Reply

__all__ = ["VERSION", "event_as_json", "finding_as_json", "report_as_json"]

VERSION = 1


def report_as_json(report: Report, target: str = "", *, events: bool = False) -> dict[str, Any]:
    """A report as JSON data.

    Args:
        report: of a campaign.
        target: what was run.
        events: whether findings carry their whole history.
    """
    plan, progress = report.plan, report.progress
    return {
        "version": VERSION,
        "target": target,
        "profile": plan.profile.name,
        "seed": plan.seed,
        "pins": list(plan.pins),
        "budget": {"trials": plan.trials, "seconds": plan.seconds},
        "checks": report.checks,
        "not_run": {name: list(lacks) for name, lacks in report.not_run.items()},
        "run_in_part": {name: list(lacks) for name, lacks in report.run_in_part.items()},
        "excluded": list(report.excluded),
        "findings": [finding_as_json(finding, events=events) for finding in report.findings],
        "advice": [finding_as_json(finding, events=events) for finding in report.advice],
        "reach": dict(report.reach),
        "never_met": report.never_reached,
        "muted": [
            {"check": check, "cause": cause, "times": times} for (check, cause), times in sorted(report.muted.items())
        ],
        "progress": {
            "trials": progress.trials,
            "deliveries": progress.deliveries,
            "syncs": progress.syncs,
            "virtual_seconds": progress.virtual_seconds,
            "seconds": round(progress.seconds, 3),
        },
        "full_page_seconds": None if report.full_page_seconds is None else round(report.full_page_seconds, 6),
        "stopped_by": report.stopped_by,
        "workers": report.workers,
        "lost": list(report.lost),
        "interrupted": report.interrupted,
    }


def finding_as_json(finding: Finding, *, events: bool = False) -> dict[str, Any]:
    """A finding as JSON data.

    Args:
        finding: what was found.
        events: whether to add the whole history.
    """
    violation = finding.violation
    check = check_of(violation.check)
    cause = cause_of(violation)
    start = finding.scenario.started_at
    exchange = failing_exchange(finding)
    data: dict[str, Any] = {
        "check": violation.check,
        "cause": violation.cause,
        "severity": violation.severity,
        "title": title_of(finding),
        "expected": violation.expected,
        "seen": violation.seen,
        "why": check.why if check is not None else "",
        "mend": cause.mend,
        "cohort": violation.cohort,
        "user": violation.user,
        "id_property": finding.id_property,
        "origin": finding.origin,
        "trials": finding.trials,
        "readings": finding.scenario.dialect.departures,
        "rests_on": [_fields(each) for each in rests_on(finding)],
        "story": [
            {"at": scene.at, "moment": moment(scene.at, start), "text": scene.text, "details": scene.details}
            for scene in scenes_of(finding)[0]
        ],
        "standing": [_fields(place) | {"wrong": place.wrong} for place in standing(finding)],
        "arrivals": dict(arrivals_so_far(finding)),
        "afterwards": recovery(finding) or None,
        "tried": takes_instead(finding) or None,
        "request": exchange.delivery.payload if exchange is not None else None,
        "reply": _as_json(exchange.reply) if exchange is not None else None,
        "traceback": app_traceback(finding) or None,
        "stack": app_stack(finding) or None,
        "server_end": server_end(finding) or None,
        "log": app_log(exchange) if exchange is not None else [],
        "scenario": scenario_to_json(finding.scenario),
    }
    if events:
        data["events"] = [event_as_json(event) for event in finding.history]
    return data


_BODY_AT_MOST: Final = 4000
"""Bytes of a garbled request that are told; a few of them are as long as a full page."""


def event_as_json(event: Event) -> dict[str, Any]:
    """An event of a history as JSON data.

    Its `event` is the kind, such as `sync-started`; `text` says it in words; the other keys are the fields of that
    kind of event. A delivery is told by its ids, without its body; that of a garbled request is a text, cut if long.

    Example:
        >>> from cohortprop.simulation import Changed
        >>> event_as_json(Changed(0.0, "7", ("ann",), ()))["text"]
        'ann joins cohort 7'
    """
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()
    return {"event": kind, "text": event_in_words(event)} | _fields(event)


def _fields(value: Any) -> dict[str, Any]:
    names = getattr(value, "_fields", None) or [part.name for part in fields(value)]  # named tuples, dataclasses
    return {name: _as_json(getattr(value, name)) for name in names}


def _as_json(value: Any) -> Any:
    match value:
        case Delivery():
            return {
                "action": value.action,
                "cohort": value.cohort_id,
                "name": value.cohort_name,
                "session": value.session_id,
                "page": value.page,
                "total_pages": value.total_pages,
                "ids": list(value.ids),
            }
        case Reply() | NoReply():
            return _outcome(value)
        case Counter():
            return _arrivals(value)
        case Mapping():
            return {str(key): _as_json(each) for key, each in value.items()}
        case AbstractSet():
            return sorted(value)
        case tuple():
            return [_as_json(each) for each in value]
        case bytes():
            text = value[:_BODY_AT_MOST].decode("utf-8", "backslashreplace")
            return f"{text}… ({len(value)} bytes)" if len(value) > _BODY_AT_MOST else text
        case str() | int() | float() | None:
            return value
        case _:
            return step_to_json(value)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, NoReply):
        return {"no_answer": outcome.reason}
    body = outcome.body.decode("utf-8", "replace")
    data: dict[str, Any] = {"status": outcome.status, "content_type": outcome.content_type, "body": body}
    return data | ({"crash": outcome.crash} if outcome.crash is not None else {})


def _arrivals(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (cohort, user), count in sorted(counts.items()):
        found.setdefault(cohort, {})[user] = count
    return found
