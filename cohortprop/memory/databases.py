"""The databases themselves: a URL in, one of Hypothesis' example databases out, which never ends a run."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

from cohortprop.errors import UsageError, in_one_line
from cohortprop.memory import without_credentials
from cohortprop.stopwatch import Stopwatch

__all__ = ["opened"]

_KINDS: Final = "dir:PATH, redis://HOST:PORT/DB or github://OWNER/REPOSITORY"
_KEPT_FOR: Final = timedelta(days=90)
"""After so long without anybody asking, Redis lets go of what failed: longer than between two releases."""
_CONNECT_WITHIN: Final = 2.0
_ANSWER_WITHIN: Final = 5.0
_REST: Final = 10
"""A database that is in trouble is left alone for so many times as long as it took to say so: refusing at once costs
nothing, but a server that lets everybody wait must not slow the whole run down."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A database, and whether it can be written."""

    database: ExampleDatabase
    writable: bool


def opened(urls: Sequence[str], base: Path, tell: Callable[[str], object]) -> ExampleDatabase:
    """As `cohortprop.memory.open_database` says."""
    if not urls:
        raise UsageError(f"database: no URL is given; write {_KINDS}")
    found = [_open(url, base, tell) for url in urls]
    written = next((each for each in found if each.writable), None)
    databases = [each.database if each is written else ReadOnlyDatabase(each.database) for each in found]
    return databases[0] if len(databases) == 1 else MultiplexedDatabase(*databases)


def _open(url: str, base: Path, tell: Callable[[str], object]) -> _Opened:
    scheme, colon, rest = url.partition(":")
    name = without_credentials(url)
    if scheme in ("dir", "file") and colon:
        return _folder(rest, base, name, tell)
    if scheme in ("redis", "rediss", "unix") and colon:
        return _Opened(Spared(_redis(url, name), name, tell), writable=True)
    if scheme == "github" and colon:
        return _Opened(Spared(_artifact(url, base, name, tell), name, tell), writable=False)
    if "://" in url or not url.strip():
        raise UsageError(f"database {name!r}: write {_KINDS}")
    return _folder(url, base, name, tell)


def _folder(rest: str, base: Path, name: str, tell: Callable[[str], object]) -> _Opened:
    if rest.startswith("//"):
        rest = rest[2:]
        if not rest.startswith("/"):
            raise UsageError(f"database {name!r}: no host belongs there; write dir:PATH")
    if not rest.strip():
        raise UsageError(f"database {name!r}: names no folder; write dir:PATH")
    path = base / Path(rest).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"database {name!r}: is no folder, and cannot be made one: {fault.strerror}") from None
    if not os.access(path, os.R_OK | os.X_OK):
        raise UsageError(f"database {name!r}: cannot be read; name a folder of your own")
    return _Opened(Spared(DirectoryBasedExampleDatabase(path), name, tell), writable=os.access(path, os.W_OK))


def _redis(url: str, name: str) -> ExampleDatabase:
    try:
        from hypothesis.extra.redis import RedisExampleDatabase
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.exceptions import AuthenticationError, RedisError, ResponseError
        from redis.retry import Retry
    except ImportError:
        raise UsageError(f"database {name!r}: needs a package: pip install 'cohortprop[redis]'") from None
    wrong = UsageError(f"database {name!r}: write redis://HOST:PORT/DB, where DB is a number")
    if not _names_a_redis(url):
        raise wrong
    try:
        # One more attempt at once, for a connection that has gone stale; more, and with pauses, would hold up the run.
        client = Redis.from_url(
            url,
            socket_connect_timeout=_CONNECT_WITHIN,
            socket_timeout=_ANSWER_WITHIN,
            retry=Retry(NoBackoff(), 1),
        )
        client.ping()
    except AuthenticationError:
        there = "redis://USER:PASSWORD@HOST:PORT/DB"
        raise UsageError(f"database {name!r}: the server refuses the credentials; write {there}") from None
    except ResponseError as fault:
        raise UsageError(f"database {name!r}: the server refuses: {in_one_line(fault)}") from None
    except (RedisError, OSError) as fault:
        raise UsageError(f"database {name!r}: no Redis server answers there: {in_one_line(fault)}") from None
    except (TypeError, ValueError):
        raise wrong from None
    return RedisExampleDatabase(client, expire_after=_KEPT_FOR)


def _names_a_redis(url: str) -> bool:
    """Whether it says where the server is; the client is content with less, and takes a wrong number for none."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return bool(parts.path)
        return bool(parts.hostname) and parts.port != 0 and re.fullmatch(r"/?|/\d+", parts.path) is not None
    except ValueError:
        return False


def _artifact(url: str, base: Path, name: str, tell: Callable[[str], object]) -> ExampleDatabase:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(f"database {name!r}: write github://OWNER/REPOSITORY") from None
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not re.fullmatch(r"[\w.-]+", parts.netloc) or not re.fullmatch(r"/[\w.-]+/?", parts.path):
        raise UsageError(f"database {name!r}: write github://OWNER/REPOSITORY")
    unknown = set(asked) - {"artifact", "cache"}
    if unknown:
        known = "github://OWNER/REPOSITORY?artifact=NAME&cache=FOLDER"
        raise UsageError(f"database {name!r}: there is no {min(unknown)!r}; write {known}")
    options: dict[str, Any] = {"artifact_name": asked["artifact"]} if asked.get("artifact") else {}
    if asked.get("cache"):
        options["path"] = base / Path(asked["cache"]).expanduser()
    return _Artifact(lambda line: tell(f"database {name!r}: {line}"), parts.netloc, parts.path.strip("/"), **options)


class _Artifact(GitHubArtifactDatabase):
    """The last artifact of a CI; that it cannot be had is told rather than warned of, for warnings may be errors."""

    def __init__(self, tell: Callable[[str], object], owner: str, repository: str, **options: Any) -> None:
        super().__init__(owner, repository, **options)
        self._tell = tell

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """What is kept under a key; the first time, the artifact is downloaded, unless there is a fresh one."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = list(super().fetch(key))
        if caught:
            self._tell(" ".join(" ".join(str(each.message).split()) for each in caught))
        return found


class Spared(ExampleDatabase):
    """A database whose troubles end no run: they are told once, and what could not be written waits.

    Args:
        database: it may raise whatever it likes.
        name: for the line that is told.
        tell: hears it.
    """

    def __init__(self, database: ExampleDatabase, name: str, tell: Callable[[str], object]) -> None:
        super().__init__()
        self._database = database
        self._name = name
        self._tell = tell
        self._told = False
        self._waiting: list[Callable[[], object]] = []
        self._rest = Stopwatch(0.0)

    def __repr__(self) -> str:
        return f"open_database({self._name!r})"

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """What is kept under a key; nothing when the database is in trouble."""
        return self._attempt(lambda: list(self._database.fetch(key))) or []

    def save(self, key: bytes, value: bytes) -> None:
        """Keep a value under a key, now or later."""
        self._write(lambda: self._database.save(key, value))

    def delete(self, key: bytes, value: bytes) -> None:
        """Let go of a value, now or later."""
        self._write(lambda: self._database.delete(key, value))

    def move(self, src: bytes, dest: bytes, value: bytes) -> None:
        """Keep a value under another key, now or later."""
        self._write(lambda: self._database.move(src, dest, value))

    def _start_listening(self) -> None:
        self._attempt(lambda: self._database.add_listener(self._broadcast_change))

    def _stop_listening(self) -> None:
        self._attempt(lambda: self._database.remove_listener(self._broadcast_change))

    def _write(self, write: Callable[[], object]) -> None:
        self._waiting.append(write)
        self._attempt(list)

    def _attempt(self, act: Callable[[], Any]) -> Any:
        """Write what waits, in order, then act; None when that cannot be done."""
        done = None
        if self._rest.expired:
            watch = Stopwatch()
            for each in (self._catch_up, act):
                try:
                    done = each()
                except Exception as fault:  # noqa: BLE001 - a server, a client or a file system may raise anything
                    done = None
                    self._rest = Stopwatch(_REST * watch.seconds)
                    self._say(fault)
        return done

    def _catch_up(self) -> None:
        while self._waiting:
            self._waiting[0]()
            del self._waiting[0]

    def _say(self, fault: Exception) -> None:
        if not self._told:
            self._told = True
            self._tell(f"database {self._name!r}: {in_one_line(fault)}; the run goes on without it")
