"""A browser to read pages with: Debian's Chromium, driven by Playwright, which is not to fetch one of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

__all__ = ["CHROMIUM", "FLAGS", "Opened", "opened"]

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}


@dataclass(slots=True)
class Opened:
    """A page in the browser.

    Args:
        page: Playwright's.
        complaints: what the console said, and what the page asked for.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)

    def press(self, key: str) -> None:
        """Press a key."""
        self.page.keyboard.press(key)

    def focus(self) -> None:
        """Go to the timeline, where every key is its own."""
        self.page.focus(".finding:not([hidden]) .scroller")

    def told(self) -> str:
        """What stands beside the timeline, or on a phone around it."""
        return "\n".join(self.page.locator(".finding:not([hidden]) .panel").all_inner_texts())

    def step(self) -> tuple[int, int]:
        """At which event it is, and of how many."""
        now, _, last = self.page.locator(".finding:not([hidden]) output").inner_text().partition(" of ")
        return int(now.removeprefix("event ")), int(last)

    def run(self, script: str, argument: Any = None) -> Any:
        """What a script gives that is run in the page."""
        return self.page.evaluate(script, argument)


@contextlib.contextmanager
def opened(browser: Browser, file: Path, *, size: dict[str, int] | None = None, **context: Any) -> Iterator[Opened]:
    """Open a file, and wait until it can be stepped through.

    Args:
        browser: to open it in.
        file: the page.
        size: of the window; that of a desk by default.
        **context: what else Playwright is to be told.
    """
    wide = size or DESK
    inside = browser.new_context(viewport={"width": wide["width"], "height": wide["height"]}, **context)
    try:
        found = Opened(inside.new_page())

        def asked(request: Request) -> None:
            if not request.url.startswith(("data:", "blob:")) and request.url.partition("#")[0] != file.as_uri():
                found.complaints.append(f"asked for {request.url}")

        found.page.on("console", lambda message: found.complaints.append(f"console {message.type}: {message.text}"))
        found.page.on("pageerror", lambda fault: found.complaints.append(f"error: {fault}"))
        found.page.on("request", asked)
        found.page.goto(file.as_uri())
        found.page.wait_for_function("document.documentElement.dataset.ready || document.getElementById('index')")
        yield found
    finally:
        inside.close()
