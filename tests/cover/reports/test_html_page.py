"""The page: nothing that comes from elsewhere can become a part of it, and all that is needed stands in it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html.parser
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import select
from cohortprop.profiles import PROFILES
from cohortprop.reports.html import page_of_finding, page_of_report
from cohortprop.reports.html.page import _packed
from cohortprop.simulation.steps import Sync
from cohortprop.trial import open_kit
from tests.cover.reports.cases import CASES, finding_of, scenario, told_to_its_end

NASTY = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); //",
    "<!--<script>",
    "\u202egnitseretni",
    "שלום",
    "nul\x00byte",
    "line\u2028end",
    "{{ 7 * 7 }}",
    "back`tick`",
    "half \ud800 pair",
)


class Reader(html.parser.HTMLParser):
    """Elements and scripts of a page, as a browser would tell them apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data
        else:
            self.texts.append(data)


def history_in(page: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Reader(page).scripts[0])
    if "gzip" in data:
        data = json.loads(gzip.decompress(base64.b64decode(data["gzip"])))
    return data


@pytest.mark.parametrize("name", CASES)
def test_every_finding_becomes_a_page_with_its_whole_history(name: str) -> None:
    finding = finding_of(name)
    page = page_of_finding(finding, "shop.hooks:app", replay_hint="cohortprop replay it.json")
    data = history_in(page)
    assert len(data["events"]) == len(finding.history)
    assert data["place"] == finding.violation.place
    text = "".join(Reader(page).texts)
    for part in ("cohortprop replay it.json", finding.violation.check, finding.violation.cause, "shop.hooks:app"):
        assert part in text
    assert f"def test_{finding.violation.cause.replace('-', '_')}(cohort_sync):" in text


def test_bodies_are_stored_once() -> None:
    data = history_in(page_of_finding(finding_of("mailed-twice"), "shop:app"))
    assert len(data["texts"]) == len(set(data["texts"]))
    tries = [event["q"] for event in data["events"] if event["k"] == "attempt" and event.get("f") == "lose"]
    again = [event["q"] for event in data["events"] if event.get("i", 1) > 1]
    assert tries[0] in again


def test_each_fate_is_told_apart() -> None:
    kinds = {
        (event["k"], event.get("f"))
        for name in CASES
        for event in history_in(page_of_finding(finding_of(name)))["events"]
    }
    assert {("attempt", "deliver"), ("attempt", "lose"), ("attempt", "refuse"), ("look", None)} <= kinds


def test_long_waits_and_outages_are_in_the_timeline() -> None:
    events = history_in(page_of_finding(finding_of("ghost-after-four-days")))["events"]
    assert any("hours" in event.get("z", "") or "days" in event.get("z", "") for event in events)
    assert any(event.get("b", 0) & 1 for event in events)


@pytest.mark.parametrize("nasty", NASTY)
def test_ids_and_names_cannot_break_out(nasty: str) -> None:
    try:
        finding = told_to_its_end(zoo.upserts_in_sqlite, scenario(Sync("1001"), members=("ann",)), user="ann")
    except AssertionError:
        pytest.fail("a correct receiver")
    violation = replace(finding.violation, user=nasty, seen=f"the receiver holds {nasty}", expected=nasty, cause=nasty)
    cohort = replace(finding.scenario.cohorts[0], name=nasty, members=(nasty, "ann"))
    hostile = Finding(violation, replace(finding.scenario, cohorts=(cohort,)), finding.history, nasty, 1)
    page = page_of_finding(hostile, "shop:app", replay_hint=f"cohortprop replay {nasty}")
    page.encode()
    plain = Reader(page_of_finding(finding, "shop:app", replay_hint="cohortprop replay x"))
    read = Reader(page)
    assert [tag for tag, _ in read.tags if tag in ("script", "img", "style")] == [
        tag for tag, _ in plain.tags if tag in ("script", "img", "style")
    ]
    assert read.scripts[-1] == plain.scripts[-1]
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    assert "\x00" not in page
    assert "\u202e" not in page
    assert "\u2028" not in page
    json.loads(read.scripts[0])


@pytest.mark.parametrize("size", [1, 100_000])
def test_data_in_a_script_element_cannot_end_it(size: int) -> None:
    data = {"texts": ["</script><!-- & \u2028"] * size}
    packed = _packed(data)
    assert packed.isascii()
    assert not set("<>&") & set(packed)
    found = json.loads(packed)
    if "gzip" in found:
        found = json.loads(gzip.decompress(base64.b64decode(found["gzip"])))
    assert found == data


def test_the_policy_lets_only_our_own_script_and_style_run_and_nothing_be_loaded() -> None:
    page = page_of_finding(finding_of("ghost-after-four-days"), "shop:app")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    told = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in told
    script = Reader(page).scripts[-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in told
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "unsafe" not in told


def test_a_run_has_an_index() -> None:
    with open_kit(zoo.merges_full_sync, select()) as kit:
        plan = CampaignPlan(PROFILES["realistic"], seed=17, trials=0)
        report = Campaign(kit, plan).run()
    again, repeat = "cohortprop replay a.json", "cohortprop run shop:app"
    page = page_of_report(report, "shop:app", replay_hints=[again], repeat_hint=repeat)
    read = Reader(page)
    text = " ".join("".join(read.texts).split())
    links = [attributes.get("href") for tag, attributes in read.tags if tag == "a"]
    assert "#finding-1" in links
    for part in ("1 bug found in shop:app", repeat, again, "17", "realistic"):
        assert part in text
    for name in report.checks:
        assert name in text
    for name, lacks in report.not_run.items():
        assert name in text
        assert lacks[0] in text
    for name, count in report.reach.items():
        assert not count or name in text


def test_a_run_without_findings_has_a_page_too() -> None:
    with open_kit(zoo.upserts_in_sqlite, select()) as kit:
        report = Campaign(kit, CampaignPlan(PROFILES["documented"], seed=1, trials=0, canonical=False)).run()
    assert "No bug found" in page_of_report(report, "shop:app")


def test_tries_in_a_row_that_never_arrive_are_folded() -> None:
    events = history_in(page_of_finding(finding_of("stale-pages")))["events"]
    refused = [event for event in events if event["k"] == "attempt" and event["f"] == "refuse"]
    assert [event.get("h", 0) for event in refused] == [0, 1, 1, 1, 1, 0]
    assert refused[-1]["x"] == "5 more tries within 1 min, with the same result"


def test_what_comes_after_the_failing_moment_is_named_by_what_really_happens() -> None:
    data = history_in(page_of_finding(finding_of("ghost-after-four-days")))
    events = data["events"]
    heads = [event["x"] for event in events[data["examined"] :] if event["k"] == "head"]
    assert heads[0] == "Examination 1: a diff"
    assert heads[1] == "Examination 2: a full sync"
    assert heads[2] == "Examination 3: ann joins, a diff, ann leaves, a diff"
    assert data["place"] < data["examined"]


def test_the_legend_tells_of_what_occurs_and_of_nothing_else() -> None:
    def names(case: str) -> set[str]:
        page = page_of_finding(finding_of(case))
        return {
            each for each in ("answer lost", "does not arrive", "outage", "a copy", "stray") if f"> {each}</dt>" in page
        }

    assert names("mailed-twice") == {"answer lost"}
    assert names("stale-pages") == {"does not arrive"}
    assert names("counted-repeats") == {"a copy"}
    assert "outage" in names("ghost-after-four-days")


def test_the_diagram_is_open_and_stands_before_the_viewer_and_the_command_after_the_story() -> None:
    page = page_of_finding(finding_of("stale-pages"), "shop:app", replay_hint="cohortprop replay it.json")
    marks = ["<h2>What happened</h2>", '<details open class="drawn">', 'class="viewer"', "<h2>See it again</h2>"]
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)


def test_a_restart_is_told_as_the_hook_of_the_receiver() -> None:
    assert "by its hook <code>Receiver(restart=…)</code>" in page_of_finding(finding_of("page-lost-in-a-restart"))
    assert "Receiver(restart=" not in page_of_finding(finding_of("stale-pages"))


class TestForWhoeverReadsItFirst:
    def test_what_happened_comes_before_why_it_is_so(self) -> None:
        page = page_of_finding(finding_of("ghost-after-four-days"), "shop.hooks:app")
        texts = "".join(Reader(page).texts)
        heads = ["Seen", "How to fix it", "What happened", "How sure is this?", "Why this cause?", "Step through it"]
        places = [texts.index(head) for head in heads]
        assert places == sorted(places)

    def test_a_long_wait_is_said_to_be_simulated(self) -> None:
        simulated = "Time is simulated"
        assert simulated in page_of_finding(finding_of("ghost-after-four-days"), "shop.hooks:app")
        assert simulated not in page_of_finding(finding_of("refused-empty-page"), "shop.hooks:app")

    def test_a_finding_without_steps_says_what_it_takes(self) -> None:
        finding = finding_of("ghost-after-four-days")
        bare = replace(finding, scenario=finding.scenario.with_steps(()))
        assert "of whose steps none is needed: it shows when everything is synced" in page_of_finding(bare, "shop:app")

    def test_looks_and_requests_say_for_which_of_several_cohorts_they_are(self) -> None:
        told = [
            event["x"] for event in history_in(page_of_finding(finding_of("cross-cohort-damage"), "shop:app"))["events"]
        ]
        assert any(text.startswith("1002: members(") for text in told)
        assert any(text.startswith("the receiver holds") and " in cohort 100" in text for text in told)
        alone = [event["x"] for event in history_in(page_of_finding(finding_of("refused-empty-page"), "a:b"))["events"]]
        assert any(text.startswith("members(") for text in alone)
