"""A browser for each file; where there is none, the room is skipped, and says so."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.browsing import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AXE = "axe-core@4"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; no longer than for a file, since Playwright keeps an event loop running in this thread."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="NO PAGE WAS LOOKED AT: playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"NO PAGE WAS LOOKED AT: {CHROMIUM} is missing; apt-get install chromium")
    with warnings.catch_warnings(), sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, which looks for faults of accessibility."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("ACCESSIBILITY WAS NOT LOOKED AT: npm is missing")
    folder: Path = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), AXE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        pytest.skip(f"ACCESSIBILITY WAS NOT LOOKED AT: npm cannot install {AXE}: {done.stderr.strip()[-200:]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text("utf-8")
