"""A finding as a test: a short pytest that fails until the receiver is fixed, and tells the story on the way.

The test is written in the words of a script, so it is an example of the protocol for whoever reads it. It is judged by
the check of the finding alone: other bugs of the same receiver must not keep it red.
"""

from __future__ import annotations

import itertools
import keyword
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple

from cohortprop import __version__
from cohortprop.campaign import Finding
from cohortprop.checks import Violation, all_checks
from cohortprop.errors import UsageError
from cohortprop.reports.story import cause_of, title_of
from cohortprop.simulation import CohortSeed, PhaseBegan, Scenario
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    Collide,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Merge,
    Outage,
    PassTime,
    Probe,
    Rename,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Settle,
    Step,
    Sync,
    SyncTogether,
    Trouble,
    Wait,
)

__all__ = ["regression_test"]

_WIDTH: Final = 100
_FIRST_ID: Final = 1001
_NOBODY: Final = "An empty cohort is enough for it to show: syncs are sent for one, too."
_UNITS: Final = (("days", 86400), ("hours", 3600), ("minutes", 60))


class _Call(NamedTuple):
    """A call of a method of the script."""

    method: str
    arguments: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """As it stands in the test."""
        line = f"    cohort_sync.{self.method}({', '.join(self.arguments)})"
        if len(line) <= _WIDTH:
            yield line
            return
        yield f"    cohort_sync.{self.method}("
        yield from (f"        {argument}," for argument in self.arguments)
        yield "    )"


def regression_test(finding: Finding, target: str) -> str:
    """The source of a test file for a finding.

    Args:
        finding: shrunk, with its history.
        target: what it was made on, ``module:name``.

    Raises:
        UsageError: the target is no ``module:name`` that a test could import.

    Example:
        >>> from cohortprop.campaign import Campaign, CampaignPlan
        >>> from cohortprop.checks import select
        >>> from cohortprop.profiles import PROFILES
        >>> from cohortprop.trial import open_kit
        >>> from cohortprop.zoo import merges_full_sync
        >>> with open_kit(merges_full_sync, select()) as kit:
        ...     report = Campaign(kit, CampaignPlan(PROFILES["realistic"], seed=1, trials=0)).run()
        >>> print(regression_test(report.findings[0], "cohortprop.zoo:merges_full_sync").partition("def test_")[2])
        ghost_after_full_sync(cohort_sync):
            cohort_sync.begin({"VIPs": ["ann"]}, checks=["membership"])
            cohort_sync.sync()
            cohort_sync.expire_snapshot(leaves=["ann"])
        <BLANKLINE>
    """
    module, name = _importable(target)
    check, cause = finding.key
    scenario = finding.scenario
    calls = [_begin(scenario, _checks_to_see(finding.violation)), *_calls(scenario)]
    if any(isinstance(event, PhaseBegan) for event in finding.history.events[: finding.violation.place + 1]):
        calls.append(_Call("finish"))
    source = "\n".join(line for call in calls for line in call.lines())
    imports = sorted({found for call in calls for found in _imported(call)})
    test = re.sub(r"\W", "_", cause)
    lines = [
        f'"""{_prose(title_of(finding))}',
        "",
        "`cohort_sync` comes from the pytest plugin of cohortprop (pip install cohortprop). The test fails where the",
        "receiver first breaks the rules of its checks, and passes once it is fixed.",
        "",
        *textwrap.wrap(
            f"Found by cohortprop {__version__} as {check} / {cause}. {cause_of(finding.violation).mend}", 99
        ),
        '"""',
        "",
        "import pytest",
        *imports,
        "",
        f"import {module}",
        "",
        "",
        "@pytest.fixture",
        "def cohort_receiver():",
        '    """The app under test, to which cohort_sync plays Mixpanel."""',
        f"    return {module}.{name}",
        "",
        "",
        f"def test_{test}(cohort_sync):",
        *([] if any(seed.members for seed in scenario.cohorts) else [f"    # {_NOBODY}"]),
        source,
    ]
    return "\n".join(lines) + "\n"


def _importable(target: str) -> tuple[str, str]:
    module, _, name = target.partition(":")
    parts = [*module.split("."), *name.split(".")]
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        raise UsageError(f"a test cannot import {target!r}: name the target as module:name")
    return module, name


def _prose(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''")


def _checks_to_see(violation: Violation) -> list[str]:
    """The check that owns the cause; and, where its own judges are blind to it, the check whose judge saw it."""
    known = all_checks()
    owner = known.get(violation.check)
    if owner is None or any(judge.name == violation.judge for judge in owner.judges):
        return [violation.check]
    seeing = (each.name for each in known.values() if any(judge.name == violation.judge for judge in each.judges))
    return [violation.check, *itertools.islice(seeing, 1)]


def _begin(scenario: Scenario, checks: list[str]) -> _Call:
    """What there is at the start; what is as usual is left out."""
    seeds = scenario.cohorts
    usual = Scenario(seeds)
    one_time = all(seed.one_time for seed in seeds)
    arguments = [_plain_cohorts(seeds, one_time=one_time) or f"[{', '.join(map(_seed, seeds))}]"]
    arguments += [
        f"{name}={_literal(getattr(scenario, name))}"
        for name in ("page_size", "exported", "start", "probing", "strict_replays")
        if getattr(scenario, name) != getattr(usual, name)
    ]
    if scenario.dialect.departures:
        arguments.append(f"dialect={_literal(scenario.dialect.departures)}")
    if one_time and arguments[0].startswith("{"):
        arguments.append("one_time=True")
    return _Call("begin", (*arguments, f"checks={_literal(checks)}"))


def _plain_cohorts(seeds: Sequence[CohortSeed], *, one_time: bool) -> str:
    """The cohorts as names with their members; empty if there is more to say of them."""
    names = {seed.name: seed.members for seed in seeds}
    plain = tuple(
        CohortSeed(str(_FIRST_ID + number), name, members, one_time=one_time)
        for number, (name, members) in enumerate(names.items())
    )
    return _literal({name: list(members) for name, members in names.items()}) if plain == tuple(seeds) else ""


def _seed(seed: CohortSeed) -> str:
    usual = CohortSeed(seed.id, seed.name)
    arguments = [_literal(seed.id), _literal(seed.name)]
    arguments += [
        f"{part.name}={_literal(getattr(seed, part.name))}"
        for part in fields(seed)
        if getattr(seed, part.name) != getattr(usual, part.name)
    ]
    return f"CohortSeed({', '.join(arguments)})"


def _calls(scenario: Scenario) -> Iterator[_Call]:
    """The steps as calls. An outage whose whole length passes at once is one call, as it is in a script."""
    names = {seed.id: seed.name for seed in scenario.cohorts}
    plain = len(names) > 1 and len(set(names.values())) == len(names)
    steps = scenario.steps
    place = 0
    while place < len(steps):
        step, after = steps[place], steps[place + 1 : place + 2]
        place += 1
        if isinstance(step, Outage) and after == (Wait(step.seconds),) and step.seconds:
            place += 1
            yield _Call("outage", (*_duration(step.seconds), *_unless(step, "status", "lost")))
            continue
        cohort = getattr(step, "cohort", None)
        named = (
            (f"cohort={_literal(names[cohort] if plain else cohort)}",) if cohort in names and len(names) > 1 else ()
        )
        call = _call(step)
        yield _Call(call.method, call.arguments + (named if call.method != "take" else ()))


def _call(step: Step) -> _Call:
    """A step as a call, without its cohort."""
    match step:
        case Join(_, users):
            return _Call("join", _literals(users))
        case Leave(_, users):
            return _Call("leave", _literals(users))
        case BackAndForth(_, users):
            return _Call("back_and_forth", (*_literals(users), *_unless(step, "synced")))
        case Edit(user, name, value):
            return _Call("edit", _literals((user, name, value)))
        case Merge(old, new):
            return _Call("merge", _literals((old, new)))
        case Rename(_, name):
            return _Call("rename", _literals((name,)))
        case Describe(_, description):
            return _Call("describe", _literals((description,)))
        case Wait(seconds) if seconds:
            return _Call("wait", _duration(seconds))
        case AbortSync(_, after):
            return _Call("abort", (f"after={after}", *_unless(step, "status")))
        case ExpireSnapshot():
            return _Call("expire_snapshot", _unless(step, "joins", "leaves", "synced"))
        case RestartInside(_, after):
            return _Call("restart_inside", (f"after={after}",))
        case Collide(_, seed) | SyncTogether(seed):
            return _Call("collide" if isinstance(step, Collide) else "sync_together", (f"seed={seed}",))
        case PassTime(days):
            return _Call("pass_time", (f"days={days}",))
        case Replay(back):
            return _Call("replay", _unless(step, "back") if back else ())
        case Trouble(attempts):
            return _Call("trouble", (f"attempts={attempts}",))
        case Fates(fates):
            return _Call("fates", _literals(fates))
        case Knock(credentials):
            return _Call("knock", _literals((credentials,)))
        case Garble(how):
            return _Call("garble", _literals((how,)))
        case Sync() | Settle() | Probe() | Restart() | Resume() | LoseLastAck() | FlipFailed():
            return _Call(re.sub(r"(?<!^)(?=[A-Z])", "_", type(step).__name__).lower())
        case _:
            return _Call("take", (repr(step),))


def _duration(seconds: int) -> tuple[str, ...]:
    """A length of time in the largest unit that tells it exactly."""
    unit, length = next(((unit, length) for unit, length in _UNITS if not seconds % length), ("seconds", 1))
    return (f"{unit}={seconds // length}",)


def _unless(step: Step, *names: str) -> tuple[str, ...]:
    """Those fields of a step that are not as usual."""
    usual = {part.name: part.default for part in fields(step)}
    return tuple(f"{name}={_literal(getattr(step, name))}" for name in names if getattr(step, name) != usual[name])


def _literals(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(map(_literal, values))


def _literal(value: Any) -> str:
    """A value as Python writes it, with the quotes that formatters like."""
    match value:
        case str():
            return repr(value) if '"' in value or not value.isprintable() else f'"{_escaped(value)}"'
        case tuple() | list():
            return f"[{', '.join(map(_literal, value))}]"
        case dict():
            return f"{{{', '.join(f'{_literal(key)}: {_literal(each)}' for key, each in value.items())}}}"
        case _:
            return repr(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")


def _imported(call: _Call) -> Iterator[str]:
    """The import lines that a call needs."""
    for argument in call.arguments:
        if call.method == "take":
            yield f"from cohortprop.simulation.steps import {argument.partition('(')[0]}"
        elif argument.startswith("[CohortSeed("):
            yield "from cohortprop.simulation import CohortSeed"
