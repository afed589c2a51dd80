"""What a terminal shows, with colour and without, wide and narrow."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from cohortprop import zoo
from cohortprop.campaign import CampaignPlan, Finding, Progress, Report
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.reach import SITUATIONS
from cohortprop.reports import show_finding, show_report, show_zoo, tell
from cohortprop.simulation.steps import Sync
from cohortprop.trial import open_kit, run
from tests.cover.reports.cases import CASES, VIPS, finding_of, scenario
from tests.cover.reports.snapshot import compare

HINT = "cohortprop replay .cohortprop/findings/this-one.json"
REPEAT = "cohortprop run shop:receiver --seed 7"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def console_of(width: int = 80, *, colour: bool = False, encoding: str = "utf-8") -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    console = Console(
        file=file, width=width, force_terminal=colour, color_system="standard" if colour else None, legacy_windows=False
    )
    return console, raw


def shown(raw: io.BytesIO, encoding: str = "utf-8") -> str:
    return raw.getvalue().decode(encoding)


def report_of(**changes: object) -> Report:
    """A made-up report, so that its figures stay the same."""
    plan = CampaignPlan(seed=7, pins=("three_days=expired",), muted=frozenset({("arrivals", "lost-arrival")}))
    with open_kit(zoo.answers_created, BUILT_IN) as kit:
        outcome = run(kit, scenario(Sync(VIPS)))
    reach = Counter({name: 10**place for place, name in enumerate(list(SITUATIONS)[:5])})
    report = Report(
        plan,
        checks=["membership", "acceptance", "envelope"],
        not_run={"arrivals": ("arrivals",)},
        excluded=("full_sync=add_members", "empty_diff=silent"),
        findings=[finding_of("ghost-after-four-days"), finding_of("mailed-twice")],
        advice=[Finding(each, outcome.scenario, outcome.history, "", 1) for each in outcome.advice],
        reach=reach,
        progress=Progress("search", 1024, 20_480, 4096, 86400.0 * 1234, 2, 12.34),
        stopped_by="trials",
        lacks=("restart",),
    )
    return replace(report, **changes)  # type: ignore[arg-type]  # passed on


@pytest.mark.parametrize("name", CASES)
def test_without_colour_it_is_the_plain_story(name: str) -> None:
    console, raw = console_of()
    show_finding(console, finding_of(name), replay_hint=HINT)
    rule, _, story = shown(raw).partition("\n")
    assert rule == "─" * 80
    assert story == tell(finding_of(name), replay_hint=HINT)


@pytest.mark.parametrize("name", CASES)
def test_colour_changes_no_letter(name: str) -> None:
    console, raw = console_of(colour=True)
    show_finding(console, finding_of(name), replay_hint=HINT)
    coloured = shown(raw)
    assert "\x1b[1;31m" in coloured
    assert ESCAPES.sub("", coloured).partition("\n")[2] == tell(finding_of(name), replay_hint=HINT)


@pytest.mark.parametrize("width", [10, 24, 60, 80, 120])
def test_nothing_sticks_out(width: int) -> None:
    console, raw = console_of(width)
    show_finding(console, finding_of("stale-pages"))
    show_finding(console, finding_of("stale-pages"), quiet=True)
    show_report(console, report_of(), target="shop:receiver")
    show_report(console, report_of(), quiet=True)
    show_zoo(console, zoo.entries())
    assert max(map(cell_len, shown(raw).splitlines())) <= max(width, 24)


def test_commands_are_printed_whole() -> None:
    console, raw = console_of(24)
    show_finding(console, finding_of("stale-pages"), replay_hint=HINT)
    show_finding(console, finding_of("stale-pages"), replay_hint=HINT, quiet=True)
    show_report(console, report_of(), repeat_hint=REPEAT)
    assert shown(raw).count(HINT) == 2
    assert shown(raw).count(REPEAT) == 1


def test_a_terminal_that_knows_ascii_only_is_not_overtaxed() -> None:
    console, raw = console_of(encoding="ascii")
    show_finding(console, finding_of("refused-full-page"))
    show_report(console, report_of())
    text = shown(raw, "ascii")
    assert "user-0005, ... 1000 in all) -> 413" in text
    assert "x  HTTP 413" in text


def test_markup_in_what_a_receiver_says_is_only_text() -> None:
    finding = finding_of("action-not-echoed")
    odd = replace(finding, violation=replace(finding.violation, seen="[bold]:smile: \x1b[31mred"))
    console, raw = console_of(colour=True)
    show_finding(console, odd)
    assert "[bold]:smile: \\x1b[31mred" in ESCAPES.sub("", shown(raw))


def test_quiet_findings() -> None:
    console, raw = console_of()
    for name in CASES:
        show_finding(console, finding_of(name), replay_hint=HINT, quiet=True)
    compare("quiet", shown(raw))


@pytest.mark.parametrize("width", [60, 80])
def test_a_report(width: int) -> None:
    console, raw = console_of(width)
    show_report(console, report_of(), target="shop:receiver", repeat_hint=REPEAT)
    compare(f"report-{width}", shown(raw))


def test_a_report_of_nothing() -> None:
    console, raw = console_of()
    plan = CampaignPlan(PROFILES["documented"], canonical=False)
    empty = report_of(plan=plan, findings=[], advice=[], reach=Counter(), not_run={}, excluded=(), checks=[])
    show_report(console, empty)
    compare("report-of-nothing", shown(raw))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "2 bugs found in shop:receiver (1,024 trials, 12.3 s)."),
        ({"findings": []}, "No bug found in shop:receiver (1,024 trials, 12.3 s)."),
        ({"interrupted": True}, "Interrupted. 2 bugs found in shop:receiver (1,024 trials, 12.3 s)."),
    ],
)
def test_a_quiet_report_is_the_verdict(changes: dict[str, object], expected: str) -> None:
    console, raw = console_of()
    show_report(console, report_of(**changes), target="shop:receiver", repeat_hint=REPEAT, quiet=True)
    assert shown(raw) == f"{expected}\nnot run: arrivals: needs arrivals\n"


@pytest.mark.parametrize(
    ("stopped_by", "expected"),
    [
        ("seconds", "the time was up"),
        ("first finding", "stopped at the first finding"),
        ("interrupted", "interrupted"),
        ("something", "something"),
        ("", "not finished"),
    ],
)
def test_a_report_says_what_ended_it(stopped_by: str, expected: str) -> None:
    console, raw = console_of(200)
    show_report(console, report_of(stopped_by=stopped_by))
    assert f"1,234 virtual days; {expected}\n" in shown(raw)


def test_a_budget_without_end() -> None:
    console, raw = console_of(200)
    show_report(console, report_of(plan=CampaignPlan(seconds=float("inf"))))
    assert "seed 0, 1,000 trials of search\n" in shown(raw)


def test_what_is_printed_without_a_command_ends_in_an_empty_line() -> None:
    console, raw = console_of()
    show_finding(console, finding_of("stale-pages"))
    assert shown(raw).endswith("}\n\n")
    show_report(console, report_of())
    assert shown(raw).endswith("no proper delivery\n\n")


def test_the_zoo() -> None:
    console, raw = console_of(200)
    show_zoo(console, [zoo.find("merges_full_sync"), zoo.find("applies_each_page"), zoo.find("four_bugs")])
    lines = shown(raw).splitlines()
    assert lines[0].startswith("merges_full_sync   membership / ghost-after-full-sync: ")
    assert lines[1].startswith("applies_each_page  correct: ")
    assert lines[2].count(" / ") >= 4


def test_the_zoo_with_results() -> None:
    console, raw = console_of()
    entries = [zoo.find("merges_full_sync"), zoo.find("applies_each_page")]
    show_zoo(console, entries, {"merges_full_sync": "found in trial 7"})
    assert shown(raw).splitlines() == [
        "merges_full_sync   membership / ghost-after-full-sync  found in trial 7",
        "applies_each_page  correct",
    ]
