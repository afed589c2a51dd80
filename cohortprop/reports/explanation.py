"""What a check is about, at length: its page, and after it what only the code knows for sure, the causes above all.

The pages are Markdown, in `checks/pages/`; the documentation is made from them, too. A check that somebody else has
made has no page, and is explained by its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown
from rich.syntax import Syntax
from rich.text import Text
from rich.theme import Theme

from cohortprop.checks import UNCLASSIFIED, Check, needs_in_words
from cohortprop.reports.terminal import show_text

__all__ = ["explanation", "page_of", "show_explanation"]

_FENCE: Final = re.compile(r"^```\w*\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL)
_THEME: Final = Theme({"markdown.code": "cyan", "markdown.h1": "bold", "markdown.h2": "bold cyan"})
_WIDEST: Final = 100
"""Columns of prose; longer lines are hard to read."""


def page_of(check: Check) -> str | None:
    """The page of a check, as Markdown; None for one that has none.

    Example:
        >>> from cohortprop.checks import BUILT_IN
        >>> page_of(BUILT_IN[0]).splitlines()[0]
        '# membership'
    """
    page = resources.files("cohortprop.checks").joinpath("pages", f"{check.name}.md")
    return page.read_text("utf-8") if page.is_file() else None


def explanation(check: Check) -> str:
    """All there is to say of a check, as Markdown: its page, what it needs, and its causes."""
    page = page_of(check) or f"# {check.name}\n\n{check.summary[:1].upper()}{check.summary[1:]}\n\n{check.why}\n"
    return "\n".join([page.rstrip(), "", *_facts(check)])


def _facts(check: Check) -> Iterator[str]:
    yield "## In cohortprop"
    yield ""
    yield f"Needs {needs_in_words(check) or 'nothing but the app'}. It can fail from the profile `{check.profile}` on."
    named = [cause for cause in check.causes if cause.name != UNCLASSIFIED.name]
    if named:
        yield ""
        yield "The causes that are told apart:"
        yield ""
    for cause in named:
        advice = " (advice)" if cause.severity == "advice" else ""
        yield f"- **{cause.name}**{advice}: {cause.title} *To mend it:* {cause.mend}"


def show_explanation(console: Console, check: Check) -> None:
    """Show what a check is about; code is not wrapped, since it is there to be copied.

    Args:
        console: where to.
        check: to be explained.
    """
    text = explanation(check)
    end = 0
    with console.use_theme(_THEME):
        for code in _FENCE.finditer(text):
            _show_prose(console, text[end : code.start()])
            show_text(console, Text())
            for each in _highlighted(code[1]).split("\n"):
                show_text(console, Text("    ") + each)
            end = code.end()
            show_text(console, Text())
        _show_prose(console, text[end:])


class _PlainHeading(Heading):
    """A heading at the left edge, in the style of the stories."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text


class _Prose(Markdown):
    """Markdown with such headings."""

    elements = {**Markdown.elements, "heading_open": _PlainHeading}  # noqa: RUF012 - as in the class above


def _show_prose(console: Console, text: str) -> None:
    options = console.options.update(width=min(console.width, _WIDEST))
    for segments in console.render_lines(_Prose(text.strip()), options, pad=False):
        show_text(console, Text.assemble(*((each.text, each.style or "") for each in segments)))


def _highlighted(code: str) -> Text:
    """Python in the terminal's own colours, whatever they are."""
    text = Syntax("", "python", theme="ansi_dark").highlight(code.rstrip())
    text.rstrip()
    return text
