"""A cohort is one string: its ids, quoted, sorted, one a line. Eccentric, and right."""

from __future__ import annotations

from bisect import bisect_left
from urllib.parse import quote, unquote

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import correct
from cohortprop.zoo.envelope import Page, webhook


class _Texts:
    """Text files, as it were: `<cohort>` holds the members, `<cohort>+<session>` the pages of a full sync so far."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.mails: list[tuple[str, str]] = []

    def take(self, page: Page) -> None:
        lines = self._read(page.cohort)
        for user in page.ids:
            line = quote(user, safe="")
            changed = _put(lines, line, present=page.action != "remove_members")
            if changed and page.action != "remove_members":
                self.mails.append((page.cohort, user))
        if page.action == "members":
            lines = self._gather(page, lines)
        self.files[page.cohort] = "\n".join(lines)

    def _gather(self, page: Page, lines: list[str]) -> list[str]:
        """The lines to keep: all of them until the session is whole, then only those that it names."""
        name = f"{page.cohort}+{page.session}"
        named = self._read(name)
        for user in page.ids:
            _put(named, quote(user, safe=""), present=True)
        _put(named, f"/{page.number}", present=True)  # which no quoted id holds
        self.files = {each: text for each, text in self.files.items() if not each.startswith(f"{page.cohort}+")}
        pages = [line for line in named if line.startswith("/")]
        if len(pages) < page.total:
            self.files[name] = "\n".join(named)
            return lines
        return [line for line in named if not line.startswith("/")]

    def _read(self, name: str) -> list[str]:
        return self.files.get(name, "").split()

    def members(self, cohort: str) -> list[str]:
        return [unquote(line) for line in self._read(cohort)]


def _put(lines: list[str], line: str, *, present: bool) -> bool:
    """Into sorted lines, or out of them; whether that was any change."""
    place = bisect_left(lines, line)
    there = place < len(lines) and lines[place] == line
    if present and not there:
        lines.insert(place, line)
    elif there and not present:
        del lines[place]
    return present != there


@correct(design="one sorted text a cohort", summary="keeps each cohort as a text with one quoted id a line")
def one_sorted_string() -> Receiver:
    """For a legacy program that reads text files. Ids are quoted, so that blanks and line breaks in them do no harm.

    What a full sync has named so far is in a file beside it, which is on disk as well.
    """
    app = _Texts()

    def restart() -> None:
        app.files = dict(app.files)

    return Receiver(webhook(app.take), members=app.members, arrivals=lambda: list(app.mails), restart=restart)
