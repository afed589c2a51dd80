"""What the gallery shows of a faulty receiver: its code, and the report of what a run of cohortprop finds in it.

Nothing in here knows of Sphinx.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import BUILT_IN, Cause
from cohortprop.profiles import PROFILES
from cohortprop.reports.html import page_of_finding
from cohortprop.trial import open_kit
from cohortprop.zoo import Entry, Factory

FOLDER: Final = "gallery"
"""Of the reports, beside the pages."""
SEED: Final = 1
TRIALS: Final = 1000
SECONDS: Final = 120.0
"""Budget of a search. What ends it is that the bug is found; a slow machine must not."""
_NEVER_ANSWER: Final = ("hangs", "deadlock")
_HANGS_AFTER: Final = 1.0
"""Seconds; the receivers that never answer are waited for a dozen times, and by default for ten seconds each."""

_CHECKS: Final = {check.name: check for check in BUILT_IN}


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One receiver of the gallery.

    Args:
        entry: the label of the receiver.
        cause: what is wrong with it, as it is found.
        finding: the bug that it declares.
        source: its code.
        page: the report of the finding, a whole HTML file.
    """

    entry: Entry
    cause: Cause
    finding: Finding
    source: str
    page: str


class NotFound(LookupError):
    """The bug that a receiver declares was not found."""


class _Found(KeyboardInterrupt):
    """Ends a campaign the way Ctrl-C does: with what was found so far."""


def exhibit(entry: Entry, *, trials: int = TRIALS) -> Exhibit:
    """Search for the bug of a faulty receiver as `cohortprop run` does, until it is found.

    Args:
        entry: of a receiver with one bug.
        trials: drawn trials at most, after the canonical scenarios.

    Raises:
        NotFound: the budget was spent before.
    """
    check = _CHECKS[entry.bugs[0][0]]
    profile = PROFILES["hostile" if check.profile == "hostile" else "realistic"]
    finding = _hunt(entry, CampaignPlan(profile, seed=SEED, trials=trials, seconds=SECONDS))
    target = f"cohortprop.zoo:{entry.name}"
    command = f"cohortprop run {target} --seed {SEED}" + " --profile hostile" * (profile.name == "hostile")
    page = page_of_finding(finding, target, receiver=entry.factory(), replay_hint=command)
    return Exhibit(entry, check.cause(finding.violation.cause), finding, source_of(entry.factory), page)


def _hunt(entry: Entry, plan: CampaignPlan) -> Finding:
    """The first finding of the declared check and cause."""
    found: list[Finding] = []

    def hear(finding: Finding) -> None:
        if finding.key == entry.bugs[0]:
            found.append(finding)
            raise _Found

    patience = _HANGS_AFTER if entry.cause in _NEVER_ANSWER else 10.0
    with open_kit(entry.factory, BUILT_IN, time_limit=patience) as kit:
        report = Campaign(kit, plan, on_finding=hear).run()
    if found:
        return found[0]
    if report.interrupted:
        raise KeyboardInterrupt
    others = ", ".join(" / ".join(finding.key) for finding in report.findings) or "nothing"
    declared = " / ".join(entry.bugs[0])
    raise NotFound(f"{entry.name}: {declared} is not found, but {others} (what ended the search: {report.stopped_by})")


# A receiver on the page


def about(name: str) -> str:
    """A check, in a sentence, and where more is said about it."""
    check = _CHECKS[name]
    return f"{check.summary} [More about this check](checks/{name}.md)."


def shown(exhibits: Iterable[Exhibit]) -> Iterator[str]:
    """The receivers of a check: below each cause, those that show it."""
    for cause, having in groupby(exhibits, key=lambda each: each.cause):
        yield f":::{{container}} cause\n`{cause.name}`: {cause.title}\n:::"
        yield from map(_cage, having)


def _cage(exhibit: Exhibit) -> str:
    """One receiver. What is in a template is not loaded; `gallery.js` takes it out when somebody opens the report."""
    entry, steps = exhibit.entry, len(exhibit.finding.scenario.steps)
    report = f"{FOLDER}/{entry.name}.html"
    origin = exhibit.finding.origin
    where = "by the search" if origin == "search" else f"in {origin}"
    found = f"found {where}, shrunk to {steps or 'no'} step{'s' * (steps != 1)}"
    return f"""\
::::{{container}} exhibit
:name: {entry.name}

**`{entry.name}`** *{entry.design}*

{entry.summary[:1].upper()}{entry.summary[1:].rstrip(".")}.

<details><summary>Code</summary>

```python
{exhibit.source.rstrip()}
```

</details>
<details><summary>Report <span>{found}</span></summary>
<p><a href="{report}">Open it on a page of its own</a></p>
<template><iframe src="{report}" title="Report of {entry.name}" allow="clipboard-write"></iframe></template>
</details>

::::"""


# The code of a receiver


def source_of(factory: Factory) -> str:
    """The factory, without its label, and what it uses of its module: its neighbours there have bugs of their own."""
    module = inspect.getmodule(factory)
    assert module is not None
    text = inspect.getsource(module)
    statements = ast.parse(text).body
    for statement in statements:
        if isinstance(statement, ast.FunctionDef) and statement.name == factory.__name__:
            statement.decorator_list.clear()
    needed = {"annotations"}  # the future import, which types that are imported for the type checker alone rest on
    waiting = [factory.__name__]
    while waiting:
        name = waiting.pop()
        needed.add(name)
        for statement in statements:
            if name in _defined_by(statement):
                waiting += _used_by(statement) - needed
    kept = [statement for statement in statements if needed & set(_defined_by(statement))]
    return "".join(_spaced(kept, [_code_of(each, text.splitlines(), needed) for each in kept]))


def _defined_by(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module gives a meaning to."""
    match statement:
        case ast.Import(names) | ast.ImportFrom(names=names):
            yield from (each.asname or each.name.partition(".")[0] for each in names)
        case ast.FunctionDef(name) | ast.ClassDef(name):
            yield name
        case ast.Assign() | ast.AnnAssign():
            yield from (each.id for each in ast.walk(statement) if isinstance(each, ast.Name) and _is_set(each))
        case ast.If(body=body):  # what is imported for the type checker alone
            for each in body:
                yield from _defined_by(each)


def _is_set(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _used_by(statement: ast.stmt) -> set[str]:
    return {each.id for each in ast.walk(statement) if isinstance(each, ast.Name)}


def _code_of(statement: ast.stmt, lines: list[str], needed: set[str]) -> str:
    """A statement as it is written; of an import, the names that are needed."""
    begin = statement.lineno
    match statement:
        case ast.Import(names) | ast.ImportFrom(names=names):
            statement.names = [each for each in names if (each.asname or each.name.partition(".")[0]) in needed]
            return ast.unparse(statement)
        case ast.FunctionDef(decorator_list=[first, *_]) | ast.ClassDef(decorator_list=[first, *_]):
            begin = first.lineno
    return "\n".join(lines[begin - 1 : statement.end_lineno])


def _spaced(statements: list[ast.stmt], codes: list[str]) -> Iterator[str]:
    """The statements with the blank lines between them that a formatter would put there."""
    for place, (statement, code) in enumerate(zip(statements, codes, strict=True)):
        if place:
            yield "\n" * (1 + _blank_lines(statements[place - 1], statement))
        yield code
    yield "\n"


def _blank_lines(before: ast.stmt, after: ast.stmt) -> int:
    if isinstance(before, (ast.FunctionDef, ast.ClassDef)) or isinstance(after, (ast.FunctionDef, ast.ClassDef)):
        return 2
    return int(_group(before) != _group(after))


def _group(statement: ast.stmt) -> str:
    """What stands together in the head of a module."""
    match statement:
        case ast.ImportFrom(module=str(module)):
            return module if module == "__future__" else str(module.startswith("cohortprop"))
        case ast.Import():
            return str(False)
    return type(statement).__name__
