"""The gallery of the zoo: the faulty receivers of a check, each with its code and with the report of its bug.

A page asks for the receivers of a check with the directive `gallery`:

    ```{gallery} membership
    ```

The bugs are searched for when the HTML pages are built, and their reports are written beside them, so neither can go
stale. A bug that is not found is a warning. For other builders nothing is searched.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from docutils import nodes
from docutils.statemachine import StringList
from exhibits import FOLDER, Exhibit, NotFound, about, exhibit, shown
from sphinx.application import Sphinx
from sphinx.util.display import status_iterator
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

import cohortprop
from cohortprop import zoo

ELSEWHERE: Final = "What stands here is on the HTML page only, since it takes a run on each receiver."

_logger = getLogger(__name__)


class Gallery(SphinxDirective):
    """The directive."""

    required_arguments = 1
    folder: ClassVar[Path | None] = None  # of the reports; None where no HTML pages are built

    def run(self) -> list[nodes.Node]:
        """Find the bugs, write their reports, and have the rest read in place."""
        (check,) = self.arguments
        found = [] if self.folder is None else list(self._found(check, self.folder))
        lines = "\n\n".join([about(check), *(shown(found) if found else [ELSEWHERE])]).splitlines()
        node = nodes.container()
        self.state.nested_parse(StringList(lines, f"gallery {check}"), 0, node)
        return node.children

    def _found(self, check: str, folder: Path) -> Iterator[Exhibit]:
        """The exhibits of a check, each with its report in the folder."""
        for path in Path(cohortprop.__file__).parent.rglob("*.py"):
            self.env.note_dependency(path)  # another version of cohortprop may find something else
        folder.mkdir(parents=True, exist_ok=True)
        entries = [entry for entry in zoo.faulty() if entry.check == check]
        for entry in status_iterator(entries, "running on the zoo... ", length=len(entries), stringify_func=_name):
            try:
                with _unheard():
                    found = exhibit(entry)
            except NotFound as fault:
                _logger.warning("%s", fault, location=self.get_location())
                continue
            (folder / f"{entry.name}.html").write_text(found.page, "utf-8")
            yield found


def _name(entry: zoo.Entry) -> str:
    return entry.name


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Keep off the terminal what the receivers log: a package of the theme's has a handler put at the root."""
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        yield
    finally:
        root.handlers = handlers


def _choose_folder(app: Sphinx) -> None:
    """Only where HTML pages are built there is a place for reports, and somebody to read them."""
    Gallery.folder = app.outdir / FOLDER if app.builder.name == "html" else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.connect("builder-inited", _choose_folder)
    app.add_directive("gallery", Gallery)
    app.add_js_file("gallery.js", loading_method="defer")
    return {"parallel_read_safe": True}
