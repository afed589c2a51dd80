"""What has failed is remembered beyond one run and one machine, in an example database of Hypothesis'.

Scenarios are kept, not the choices that Hypothesis drew them by. A campaign runs Hypothesis without a database: a
violation is muted and handed over there rather than raised, so Hypothesis never sees a failure that it could keep. And
choices mean something to the very rules alone that they were drawn for, while a scenario is data: it survives a change
of the rules, is replayed without Hypothesis, and has been shrunk already. (The search in pytest does raise, so there
the choices are kept, by Hypothesis' own means, and in the same database if that is wanted.)

So the database is used as what its public interface makes of it, a set of byte strings for each key. It may be a
folder, a Redis server, or what CI has left behind: `open_database` takes a URL for each. Another process opens its own
from the same URLs.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from cohortprop.errors import UsageError
from cohortprop.simulation import Scenario, scenario_from_json, scenario_to_json

if TYPE_CHECKING:
    from hypothesis.database import ExampleDatabase

__all__ = ["Failed", "Memory", "Remembered", "open_database", "to_stderr", "without_credentials"]

_VERSION: Final = 1
_KIND: Final = "cohortprop failure"


def to_stderr(line: str) -> None:
    """Say a line where it ends nothing, whatever is done about warnings."""
    sys.stderr.write(f"{line}\n")


def open_database(*urls: str, base: Path = Path(), tell: Callable[[str], object] = to_stderr) -> ExampleDatabase:
    """The example database at these URLs; also for Hypothesis itself, as in ``settings(database=...)``.

    Args:
        urls: ``dir:PATH`` (or ``file:PATH``, or the path alone), ``redis://HOST:PORT/DB``, or
            ``github://OWNER/REPOSITORY``, the last artifact of a CI, which cannot be written. All are read; the first
            that can be written is.
        base: where relative paths count from.
        tell: hears, in one line and once for each URL, that a database is in trouble. The run goes on without it, and
            what is to be written waits until it answers again.

    Raises:
        UsageError: a URL that is none of these, or where there is nothing that answers; one line.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> database = open_database(f"dir:{folder.name}")
        >>> database.save(b"key", b"value")
        >>> list(open_database(folder.name).fetch(b"key"))
        [b'value']
        >>> folder.cleanup()
    """
    from cohortprop.memory.databases import opened  # which needs Hypothesis, and that is slow to load

    return opened(urls, base, tell)


def without_credentials(url: str) -> str:
    """A URL as it may be shown.

    Example:
        >>> without_credentials("redis://me:s3cret@localhost:6379/0")
        'redis://***@localhost:6379/0'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}").geturl() if "@" in parts.netloc else url


class Failed(Protocol):
    """Whatever has a check, a cause and a scenario: a finding, for one."""

    @property
    def key(self) -> tuple[str, str]:
        """Check and cause."""

    @property
    def scenario(self) -> Scenario:
        """Shrunk."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What failed once, here or elsewhere.

    Args:
        check: name of the check that failed.
        cause: name of the cause.
        scenario: shrunk.
        value: as it stands in the database.
    """

    check: str
    cause: str
    scenario: Scenario
    value: bytes = field(default=b"", repr=False, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Check and cause."""
        return self.check, self.cause


class Memory:
    """What has failed with one target, shared by all who have the same database.

    Args:
        database: as from `open_database`.
        target: name of what is tested, ``module:name`` or a URL; credentials in it count for nothing.
        tell: hears, in one line, of each entry that cannot be read, and of findings that could not be kept.

    Example:
        >>> from hypothesis.database import InMemoryExampleDatabase
        >>> from cohortprop.simulation import CohortSeed
        >>> database = InMemoryExampleDatabase()
        >>> here, there = (Memory(database, "shop:receiver") for machine in range(2))
        >>> here.keep(Remembered("membership", "merged-cohorts", Scenario((CohortSeed("7", "VIPs"),))))
        >>> [news.key for news in there.news()]
        [('membership', 'merged-cohorts')]
        >>> there.news(), here.news()
        ([], [])
    """

    def __init__(self, database: ExampleDatabase, target: str, *, tell: Callable[[str], object] = to_stderr) -> None:
        self._database = database
        self._target = without_credentials(target)
        self._key = f"cohortprop/{_VERSION}/{self._target}".encode("utf-8", "surrogatepass")
        self._tell = tell
        self._seen: set[bytes] = set()
        self._kept: set[bytes] = set()

    def news(self) -> list[Remembered]:
        """What others have kept, and this memory has not given out yet; the same order for the same entries.

        An entry that cannot be read, for it is damaged or of another version of cohortprop, is told and passed over.
        """
        found = []
        for value in sorted(set(self._database.fetch(self._key)) - self._seen):
            self._seen.add(value)
            try:
                found.append(_read(value))
            except UsageError as fault:
                self._tell(f"memory of {self._target}: {fault}")
        return sorted(found, key=lambda each: (each.key, len(each.scenario.steps)))

    def keep(self, failed: Failed) -> None:
        """Keep what has failed, for others to try. What came from here and still fails need not be kept again."""
        value = _written(failed)
        self._seen.add(value)
        self._kept.add(value)
        self._database.save(self._key, value)

    def forget(self, failed: Failed) -> None:
        """Forget what does not fail any more; nothing happens if it is not there, or the database cannot be written."""
        value = failed.value if isinstance(failed, Remembered) and failed.value else _written(failed)
        self._kept.discard(value)
        self._database.delete(self._key, value)

    def close(self) -> None:
        """At the end of a run: a last attempt at writing what still waits for that, and a word if it fails."""
        if not self._kept:
            return
        lost = len(self._kept - set(self._database.fetch(self._key)))
        if lost:
            what = f"{lost} finding{'' if lost == 1 else 's'} of this run"
            self._tell(f"memory of {self._target}: at the end, the shared database does not show {what}")


def _written(failed: Failed) -> bytes:
    """The same bytes for the same failure, wherever it is met."""
    check, cause = failed.key
    data = {
        "kind": _KIND,
        "version": _VERSION,
        "check": check,
        "cause": cause,
        "scenario": scenario_to_json(failed.scenario),
    }
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def _read(value: bytes) -> Remembered:
    place = f"entry {hashlib.sha256(value).hexdigest()[:8]}"
    try:
        data: Any = json.loads(value)
    except (ValueError, RecursionError):
        raise UsageError(f"{place}: is not JSON; it is passed over") from None
    if not isinstance(data, dict) or data.get("kind") != _KIND:
        raise UsageError(f"{place}: is no failure of cohortprop; it is passed over")
    if data.get("version") != _VERSION:
        raise UsageError(f"{place}: this cohortprop reads version {_VERSION}, not {data.get('version')!r}")
    check, cause = data.get("check"), data.get("cause")
    if not isinstance(check, str) or not isinstance(cause, str):
        raise UsageError(f"{place}: check and cause: expected two strings, got {check!r} and {cause!r}")
    return Remembered(check, cause, scenario_from_json(data.get("scenario"), f"{place}: scenario"), value)
