"""The page of each faulty receiver of the zoo, opened and stepped through."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import select
from cohortprop.profiles import PROFILES
from cohortprop.reports.html import page_of_finding, page_of_report
from cohortprop.trial import open_kit
from cohortprop.zoo import Entry
from measure.zoo import profile_for
from tests.browser.browsing import PHONE, Opened, opened
from tests.quality.hunting import hunt

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATIENT = 120.0


@cache
def finding_of(entry: Entry) -> Finding:
    """What is found first of what the receiver declares."""
    profile = PROFILES[profile_for(entry.bugs[0][0])]
    plan = CampaignPlan(profile, seed=1, seconds=PATIENT, shrink_seconds=0.5)
    return next(each for each in hunt(entry, plan, until=entry.bugs) if each.key == entry.bugs[0])


def page_in(folder: Path, entry: Entry, finding: Finding) -> Path:
    """The page of a finding as a file."""
    file = folder / f"{entry.name}.html"
    file.write_text(page_of_finding(finding, f"cohortprop.zoo:{entry.name}", receiver=entry.factory()), "utf-8")
    return file


@pytest.mark.parametrize("entry", zoo.faulty(), ids=lambda entry: entry.name)
def test_the_page_opens_at_the_failing_moment_and_is_stepped_through_by_keyboard(
    entry: Entry, browser: Browser, tmp_path: Path
) -> None:
    finding = finding_of(entry)
    with opened(browser, page_in(tmp_path, entry, finding)) as read:
        assert "Here it shows" in read.told()
        assert read.page.locator(".row.wrong.now").count() == 1
        here, last = read.step()
        read.focus()
        read.press("Home")
        assert read.step() == (1, last)
        seen = {read.told()}
        for number in range(2, min(last, 12) + 1):
            read.press("ArrowRight")
            assert read.step() == (number, last)
            seen.add(read.told())
        assert len(seen) > 1
        read.press("ArrowLeft")
        read.press("f")
        assert read.step() == (here, last)
        assert "Here it shows" in read.told()
        assert finding.violation.check in read.page.inner_text("body")
        assert read.complaints == []


AT_HAND = ("merges_full_sync", "mails_on_retry", "refuses_full_page", "asks_for_nothing", "casts_ids")


@pytest.mark.parametrize("name", AT_HAND)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_keeps_anybody_out(name: str, scheme: str, browser: Browser, axe: str, tmp_path: Path) -> None:
    entry = zoo.find(name)
    file = page_in(tmp_path, entry, finding_of(entry))
    with opened(browser, file, size=PHONE if scheme == "dark" else None, color_scheme=scheme, bypass_csp=True) as read:
        read.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert faults_in(read, axe) == []


def faults_in(read: Opened, axe: str) -> list[str]:
    """What axe-core finds that is serious or critical."""
    read.page.add_script_tag(content=axe)
    found = read.run("axe.run(document).then(found => found.violations)")
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_the_page_is_no_wider_than_the_window(size: dict[str, int] | None, browser: Browser, tmp_path: Path) -> None:
    for name in AT_HAND:
        entry = zoo.find(name)
        with opened(browser, page_in(tmp_path, entry, finding_of(entry)), size=size) as read:
            assert read.run("document.documentElement.scrollWidth <= innerWidth"), name


def test_a_run_has_an_index_from_which_each_finding_is_reached(browser: Browser, axe: str, tmp_path: Path) -> None:
    with open_kit(zoo.four_bugs, select()) as kit:
        report = Campaign(kit, CampaignPlan(seed=3, trials=0)).run()
    assert len(report.findings) > 1
    file = tmp_path / "report.html"
    file.write_text(page_of_report(report, "cohortprop.zoo:a_name_that_is_longer_than_the_line_of_a_phone"), "utf-8")
    with opened(browser, file, size=PHONE) as read:
        assert read.run("document.documentElement.scrollWidth <= innerWidth")
    with opened(browser, file, bypass_csp=True) as read:
        assert read.page.locator("article:visible").count() == 0
        assert faults_in(read, axe) == []
        for number, finding in enumerate(report.findings, 1):
            read.page.click(f'a[href="#finding-{number}"]')
            read.page.wait_for_selector(f"#finding-{number} .verdict")
            assert read.page.locator("article:visible").count() == 1
            assert finding.violation.cause in read.page.inner_text("article:visible")
            read.focus()
            read.press("Home")
            assert read.step()[0] == 1
            read.page.go_back()
            read.page.wait_for_selector("#index:visible")
        assert read.complaints == []


def test_the_examination_is_folded_until_it_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    entry = zoo.find("merges_full_sync")
    with opened(browser, page_in(tmp_path, entry, finding_of(entry))) as read:
        here, last = read.step()
        assert here == last
        opener = read.page.locator(".opener")
        opener.click()
        assert read.step()[0] == here
        assert read.step()[1] > last
        read.focus()
        read.press("ArrowRight")
        assert "after the failing moment" in read.told()
        opener.click()
        assert read.step() == (last, last)
        assert read.complaints == []


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_labels_are_shown_in_full_and_only_the_wrong_cell_is_red(
    size: dict[str, int] | None, browser: Browser, tmp_path: Path
) -> None:
    entry = zoo.find("merges_full_sync")
    with opened(browser, page_in(tmp_path, entry, finding_of(entry)), size=size) as read:
        assert read.run(
            "[...document.querySelectorAll('.label')].every(each => each.scrollHeight <= each.clientHeight + 2)"
        )
        assert read.page.locator("td.wrong").count() == 1
        assert read.page.locator("td.wrong").inner_text().startswith("in")


HARD_TO_FIT = ("mails_on_full_sync", "keyed_by_email", "blames_the_request", "stages_in_memory")


@pytest.mark.parametrize("name", HARD_TO_FIT)
def test_on_a_phone_diagram_table_headings_and_time_stamps_fit(name: str, browser: Browser, tmp_path: Path) -> None:
    entry = zoo.find(name)
    with opened(browser, page_in(tmp_path, entry, finding_of(entry)), size=PHONE) as read:
        assert read.run("document.documentElement.scrollWidth <= innerWidth")
        assert read.run(SPILLING) == []
        assert read.run("document.querySelector('.diagram').naturalWidth") <= PHONE["width"]
        read.focus()
        read.press("Home")
        assert read.run(SPILLING) == []


SPILLING = """[...document.querySelectorAll(
    '.wide, .diagram, .lanes span, .row > .when, .label, .members th, .members td, .members small'
)].filter(each => {
    const inner = document.createRange(), box = each.getBoundingClientRect();
    if (each.matches('.diagram')) return box.right > innerWidth || box.width < 200;
    inner.selectNodeContents(each);
    const text = inner.getBoundingClientRect();
    return box.right > innerWidth + 1 || each.scrollWidth > each.clientWidth + 1 && each.clientWidth
        || text.right > box.right + 1 || text.bottom > box.bottom + 1 && !each.matches('.wide');
}).map(each => `${each.className || each.tagName}: ${each.textContent.slice(0, 40)}`)"""
"""What is wider than its box or the window, or is cut at the bottom."""


@pytest.mark.parametrize("name", HARD_TO_FIT)
def test_on_a_desk_the_timeline_reaches_as_far_down_as_what_stands_beside_it(
    name: str, browser: Browser, tmp_path: Path
) -> None:
    entry = zoo.find(name)
    with opened(browser, page_in(tmp_path, entry, finding_of(entry))) as read:
        ends = "['.time > :last-child', '.side > :last-child'].map(each => document.querySelector(each))"
        left, right = read.run(f"{ends}.map(each => each.getBoundingClientRect().bottom)")
        assert left >= right - 24


def test_a_mark_does_not_touch_the_cell_beside_it(browser: Browser, tmp_path: Path) -> None:
    entry = zoo.find("mails_on_full_sync")
    with opened(browser, page_in(tmp_path, entry, finding_of(entry))) as read:
        head = read.page.locator(".members thead").inner_text()
        assert "times acted on" in " ".join(head.split())
        padding = "getComputedStyle(document.querySelector('td.wrong')).paddingLeft"
        assert float(read.run(padding).removesuffix("px")) >= 3
        assert read.page.locator("text=What came of it").count() == 0


def test_on_a_phone_the_panel_stands_above_the_timeline(browser: Browser, tmp_path: Path) -> None:
    entry = zoo.find("merges_full_sync")
    with opened(browser, page_in(tmp_path, entry, finding_of(entry)), size=PHONE) as read:
        tops = read.run("['.live', '.who', '.time', '.wire'].map(each => document.querySelector(each).offsetTop)")
        assert tops == sorted(tops)
