"""A page of five thousand events, and one of ids that would like to be more than ids."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cohortprop import zoo
from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN, Violation
from cohortprop.reports.html import page_of_finding
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import Fates, Join, Leave, Step, Sync
from cohortprop.trial import open_kit, run
from tests.browser.browsing import opened
from tests.cover.reports.cases import scenario, told_to_its_end

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVENTS: Final = 5000
WEIGHT: Final = 2_000_000
"""Bytes at most."""
LOADS: Final = 10.0
STEPS: Final = 0.1
"""Seconds, of which a person waits for the first and does not notice the second; other work must not fail a test."""

CAST: Final = ("ann", "bob", "cy", "dan", "eve", "fay")
NASTY: Final = ("</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202ekcab", "שלום", "a\x00b")

PRESSES = """async count => {
    const took = [], list = document.querySelector(".scroller");
    for (let number = 0; number < count; number++) {
        const start = performance.now();
        const key = number % 2 ? "ArrowRight" : "PageDown";
        list.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        document.body.getBoundingClientRect();
        took.push(performance.now() - start);
    }
    return took.sort((one, other) => one - other)[count >> 1] / 1000;
}"""
"""Presses keys, waits each time until the page is laid out again, and gives the median in seconds."""


def a_long_story() -> Finding:
    """A trial of more than five thousand events in which nothing is wrong, told as if the end were."""
    draw = random.Random(1)
    steps: list[Step] = []
    for _ in range(305):
        cohort = draw.choice(("1001", "1002"))
        steps.append(draw.choice((Join, Leave))(cohort, (draw.choice(CAST),)))
        steps.append(Fates((draw.choice(("lose", "duplicate", "deliver", "refuse")),)))
        steps.append(Sync(cohort))
    seeds = CohortSeed("1001", "VIPs", CAST[:4]), CohortSeed("1002", "Trials", CAST[2:])
    with open_kit(zoo.upserts_in_sqlite, BUILT_IN) as kit:
        outcome = run(kit, Scenario(seeds, tuple(steps), page_size=2))
    assert len(outcome.history) >= EVENTS
    violation = Violation("membership", len(outcome.history) - 2, "expected", "seen", "1001", "ann", "lost")
    return Finding(violation, outcome.scenario, outcome.history, "made up", 1)


def test_five_thousand_events_weigh_little_and_are_stepped_through_without_lag(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "long.html"
    file.write_text(page_of_finding(a_long_story(), "shop:app"), "utf-8")
    assert file.stat().st_size < WEIGHT
    with opened(browser, file) as read:
        assert read.run("performance.getEntriesByName('ready')[0].startTime") / 1000 < LOADS
        assert read.page.locator(".row").count() < 100, "only what can be seen is there"
        read.focus()
        read.press("Home")
        assert read.run(PRESSES, 500) < STEPS
        read.press("End")
        here, last = read.step()
        assert here == last
        assert last > EVENTS / 2
        read.press("Home")
        assert read.step()[0] == 1
        assert read.complaints == []


def test_ids_are_shown_and_nothing_more(browser: Browser, tmp_path: Path) -> None:
    finding = told_to_its_end(zoo.upserts_in_sqlite, scenario(Sync("1001"), members=NASTY), user=NASTY[0])
    file = tmp_path / "nasty.html"
    file.write_text(page_of_finding(finding, "shop:app"), "utf-8")
    with opened(browser, file) as read:
        read.page.on("dialog", lambda dialog: read.complaints.append(f"dialog: {dialog.message}"))
        read.focus()
        for _ in range(8):
            read.press("ArrowUp")
        assert "onerror=alert(1)" in read.told()
        assert "\u202e" not in read.page.inner_text("body")
        assert read.page.locator("img[src=x]").count() == 0
        assert read.complaints == []
