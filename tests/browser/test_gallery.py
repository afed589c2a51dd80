"""The gallery of the documentation: a report is loaded into the page when somebody opens it, and not before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cohortprop
from cohortprop import zoo
from docs._ext.exhibits import FOLDER, exhibit, shown
from tests.browser.browsing import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCRIPT = Path(cohortprop.__file__).parents[1] / "docs" / "_static" / "gallery.js"


def test_a_report_is_loaded_when_it_is_opened(browser: Browser, tmp_path: Path) -> None:
    found = exhibit(zoo.find("merges_full_sync"))
    report = tmp_path / FOLDER / "merges_full_sync.html"
    report.parent.mkdir()
    report.write_text(found.page, "utf-8")
    _cause, cage = shown([found])
    details = cage[cage.index("<details><summary>Report") : cage.rindex("</details>")]
    page = tmp_path / "gallery.html"
    page.write_text(f'<!doctype html><script>{SCRIPT.read_text("utf-8")}</script><div id="index">{details}', "utf-8")
    with opened(browser, page) as read:
        read.page.wait_for_load_state("networkidle")
        assert read.complaints == []
        read.page.locator("summary").click()
        read.page.frame_locator("iframe").locator(".row.wrong.now").wait_for()
        assert read.complaints == [f"asked for {report.as_uri()}"]
