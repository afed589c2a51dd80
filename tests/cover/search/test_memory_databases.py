"""URLs of example databases: what each opens, which one is written, and what is said of a wrong one."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    InMemoryExampleDatabase,
)

from cohortprop.errors import UsageError
from cohortprop.memory import Memory, Remembered, open_database
from cohortprop.memory.databases import Spared
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.stopwatch import Stopwatch

MERGED = Remembered("membership", "merged-cohorts", Scenario((CohortSeed("7", "VIPs", ("ann",)),)))
KINDS = "write dir:PATH, redis://HOST:PORT/DB or github://OWNER/REPOSITORY"

ARTIFACT = "github://OWNER/REPOSITORY?artifact=NAME&cache=FOLDER"


@pytest.fixture
def told() -> list[str]:
    return []


def in_folder(path: Path) -> list[bytes]:
    return list(DirectoryBasedExampleDatabase(path).fetch(b"key"))


@pytest.mark.parametrize("form", ["{}", "dir:{}", "dir://{}", "file:{}", "file://{}"])
def test_a_folder(tmp_path: Path, form: str) -> None:
    open_database(form.format(tmp_path / "of" / "mine")).save(b"key", b"value")
    assert in_folder(tmp_path / "of" / "mine") == [b"value"]


def test_a_folder_from_a_base(tmp_path: Path) -> None:
    for url in ("dir:mine", "mine"):
        open_database(url, base=tmp_path).save(b"key", url.encode())
    assert sorted(in_folder(tmp_path / "mine")) == [b"dir:mine", b"mine"]


def test_a_folder_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_database("dir:~/mine").save(b"key", b"value")
    assert in_folder(tmp_path / "mine") == [b"value"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", f"database '': {KINDS}"),
        ("ftp://me:s3cret@host/x", f"database 'ftp://***@host/x': {KINDS}"),
        ("dir:", "database 'dir:': names no folder; write dir:PATH"),
        ("dir://host", "database 'dir://host': no host belongs there; write dir:PATH"),
        ("dir:/dev/null/x", "database 'dir:/dev/null/x': is no folder, and cannot be made one: Not a directory"),
        ("/dev/null", "database '/dev/null': is no folder, and cannot be made one: File exists"),
        ("redis:host", "database 'redis:host': write redis://HOST:PORT/DB, where DB is a number"),
        ("redis://", "database 'redis://': write redis://HOST:PORT/DB, where DB is a number"),
        ("redis://h:x/0", "database 'redis://h:x/0': write redis://HOST:PORT/DB, where DB is a number"),
        ("redis://:s3cret@h/x", "database 'redis://***@h/x': write redis://HOST:PORT/DB, where DB is a number"),
        ("unix://", "database 'unix://': write redis://HOST:PORT/DB, where DB is a number"),
        ("redis://[", "database 'redis://[': write redis://HOST:PORT/DB, where DB is a number"),
        ("github://me", "database 'github://me': write github://OWNER/REPOSITORY"),
        ("github://[", "database 'github://[': write github://OWNER/REPOSITORY"),
        ("github://me/shop/main", "database 'github://me/shop/main': write github://OWNER/REPOSITORY"),
        ("github://me/shop?branch=x", f"database 'github://me/shop?branch=x': there is no 'branch'; write {ARTIFACT}"),
    ],
)
def test_a_wrong_url_is_wrong_usage_in_one_line(url: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_database(url)
    assert str(caught.value) == message


def test_no_url_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=f"database: no URL is given; {KINDS}"):
        open_database()


def test_where_redis_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis.extra.redis", None)
    with pytest.raises(UsageError, match=r"needs a package: pip install 'cohortprop\[redis\]'"):
        open_database("redis://localhost")


def test_of_several_all_are_read_and_the_first_is_written(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    open_database(f"dir:{here}").save(b"key", b"1")
    open_database(f"dir:{there}").save(b"key", b"2")
    both = open_database(f"dir:{here}", f"dir:{there}")
    assert sorted(both.fetch(b"key")) == [b"1", b"2"]
    both.save(b"key", b"3")
    both.delete(b"key", b"2")
    assert sorted(in_folder(here)) == [b"1", b"3"]
    assert in_folder(there) == [b"2"]
    both.move(b"key", b"other", b"1")
    assert in_folder(here) == [b"3"]


def test_what_cannot_be_written_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen, open_ = tmp_path / "frozen", tmp_path / "open"
    open_database(str(frozen)).save(b"key", b"1")
    access: Callable[[Path, int], bool] = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: access(path, mode) and (path != frozen or mode != os.W_OK))
    open_database(str(frozen), str(open_)).save(b"key", b"2")
    alone = open_database(str(frozen))
    alone.save(b"key", b"3")
    assert (in_folder(frozen), in_folder(open_)) == ([b"1"], [b"2"])
    assert list(alone.fetch(b"key")) == [b"1"]


def test_a_folder_that_cannot_be_read_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="cannot be read; name a folder of your own"):
        open_database(str(tmp_path))


def artifact(cache: Path, *values: Remembered, age: timedelta = timedelta()) -> Path:
    """A folder as CI has kept it, packed and downloaded some time ago."""
    folder = cache.parent / "on ci"
    memory = Memory(open_database(str(folder)), "shop:receiver")
    for each in values:
        memory.keep(each)
    cache.mkdir()
    place = cache / f"{(datetime.now(UTC) - age).isoformat().replace(':', '_')}.zip"
    with zipfile.ZipFile(place, "w") as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    return place


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GitHubArtifactDatabase, "_fetch_artifact", lambda self: None)


@pytest.mark.usefixtures("offline")
def test_what_ci_has_kept_can_be_read_and_not_written(tmp_path: Path, told: list[str]) -> None:
    place = artifact(tmp_path / "cache", MERGED)
    before = place.read_bytes()
    database = open_database(f"github://me/shop?artifact=memory&cache={tmp_path / 'cache'}", tell=told.append)
    memory = Memory(database, "shop:receiver", tell=told.append)
    (known,) = memory.news()
    assert known == MERGED
    memory.forget(known)
    memory.keep(Remembered("arrivals", "twice", MERGED.scenario))
    assert Memory(database, "shop:receiver").news() == [MERGED]
    assert place.read_bytes() == before
    assert told == []


@pytest.mark.usefixtures("offline")
def test_beside_what_ci_has_kept_a_folder_is_written(tmp_path: Path) -> None:
    artifact(tmp_path / "cache", MERGED)
    urls = ("github://me/shop?cache=cache", "dir:mine")
    mine = Remembered("arrivals", "twice", MERGED.scenario)
    Memory(open_database(*urls, base=tmp_path), "shop:receiver").keep(mine)
    assert Memory(open_database("dir:mine", base=tmp_path), "shop:receiver").news() == [mine]
    assert Memory(open_database(*urls, base=tmp_path), "shop:receiver").news() == [mine, MERGED]


@pytest.mark.usefixtures("offline")
def test_an_old_artifact_is_better_than_none(tmp_path: Path, told: list[str]) -> None:
    artifact(tmp_path / "cache", MERGED, age=timedelta(days=3))
    url = f"github://me/shop?cache={tmp_path / 'cache'}"
    memory = Memory(open_database(url, tell=told.append), "shop:receiver")
    assert memory.news() == [MERGED]
    assert memory.news() == []
    (line,) = told
    assert line.startswith(f"database '{url}': Using an expired artifact")


@pytest.mark.usefixtures("offline")
def test_an_artifact_that_cannot_be_had_is_told_once_and_ends_nothing(tmp_path: Path, told: list[str]) -> None:
    url = f"github://me/shop?cache={tmp_path / 'cache'}"
    memory = Memory(open_database(url, tell=told.append), "shop:receiver")
    assert memory.news() == []
    assert memory.news() == []
    assert told == [f"database '{url}': Couldn't acquire a new or existing artifact. Disabling database."]


@pytest.mark.usefixtures("offline")
def test_an_artifact_that_is_damaged_is_told_once_and_ends_nothing(tmp_path: Path, told: list[str]) -> None:
    artifact(tmp_path / "cache", MERGED).write_bytes(b"PK, but not for long")
    url = f"github://me/shop?cache={tmp_path / 'cache'}"
    memory = Memory(open_database(url, tell=told.append), "shop:receiver")
    assert [memory.news(), memory.news()] == [[], []]
    (line,) = told
    assert "The downloaded artifact from GitHub is invalid." in line


class Flaky(InMemoryExampleDatabase):
    """Fails while it is gone."""

    gone: bool = False
    asked: int = 0

    def fetch(self, key: bytes) -> Iterable[bytes]:
        self._ask()
        yield from super().fetch(key)

    def save(self, key: bytes, value: bytes) -> None:
        self._ask()
        super().save(key, value)

    def delete(self, key: bytes, value: bytes) -> None:
        self._ask()
        super().delete(key, value)

    def _ask(self) -> None:
        self.asked += 1
        if self.gone:
            raise ConnectionError("gone fishing")


@pytest.fixture
def flaky() -> Flaky:
    return Flaky()


@pytest.fixture
def spared(flaky: Flaky, told: list[str]) -> ExampleDatabase:
    return Spared(flaky, "flaky", told.append)


def test_what_could_not_be_written_waits_and_the_trouble_is_told_once(
    flaky: Flaky, spared: ExampleDatabase, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cohortprop.memory.databases._REST", 0)
    spared.save(b"key", b"0")
    flaky.gone = True
    spared.save(b"key", b"1")
    spared.save(b"key", b"2")
    spared.delete(b"key", b"1")
    spared.move(b"key", b"other", b"0")
    assert list(spared.fetch(b"key")) == []
    assert [line.partition(" (")[0] for line in told] == ["database 'flaky': ConnectionError: gone fishing"]
    assert told[0].endswith("; the run goes on without it")
    flaky.gone = False
    assert list(spared.fetch(b"key")) == [b"2"]
    assert list(flaky.fetch(b"other")) == [b"0"]
    flaky.gone = True
    spared.save(b"key", b"3")
    assert len(told) == 1


def test_a_database_in_trouble_is_left_alone_for_a_while(
    flaky: Flaky, spared: ExampleDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cohortprop.memory.databases._REST", 1e9)
    flaky.gone = True
    spared.save(b"key", b"1")
    before = flaky.asked
    for _ in range(10):
        spared.save(b"key", b"2")
        assert list(spared.fetch(b"key")) == []
    assert flaky.asked == before
    flaky.gone = False
    monkeypatch.setattr(Stopwatch, "expired", True)
    assert sorted(spared.fetch(b"key")) == [b"1", b"2"]


def test_what_can_only_be_read_is_read_though_nothing_can_be_written(
    flaky: Flaky, spared: ExampleDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cohortprop.memory.databases._REST", 0)
    flaky.save(b"key", b"1")
    monkeypatch.setattr(flaky, "save", lambda key, value: 1 / 0)
    spared.save(b"key", b"2")
    assert list(spared.fetch(b"key")) == [b"1"]


def test_whoever_listens_hears_of_changes(flaky: Flaky, spared: ExampleDatabase) -> None:
    heard: list[object] = []
    spared.add_listener(heard.append)
    spared.save(b"key", b"1")
    assert heard == [("save", (b"key", b"1"))]
    spared.remove_listener(heard.append)
    spared.save(b"key", b"2")
    assert len(heard) == 1


def test_hypothesis_itself_keeps_its_examples_there(tmp_path: Path) -> None:
    drawn: list[int] = []

    @settings(database=open_database(str(tmp_path)), deadline=None)
    @given(st.integers(0, 1000))
    def fails(number: int) -> None:
        drawn.append(number)
        assert number < 500

    for _ in range(2):
        drawn.clear()
        with pytest.raises(AssertionError):
            fails()
    assert drawn[0] == 500


def test_hypothesis_goes_on_without_a_database_that_is_gone(
    flaky: Flaky, spared: ExampleDatabase, told: list[str]
) -> None:
    flaky.gone = True

    @settings(database=spared, deadline=None)
    @given(st.integers(0, 1000))
    def fails(number: int) -> None:
        assert number < 500, f"{number} is too many"

    with pytest.raises(AssertionError, match="500 is too many"):
        fails()
    assert len(told) == 1


def test_hypothesis_is_not_loaded_before_a_database_is_opened() -> None:
    program = "import sys, cohortprop.memory; sys.exit('hypothesis' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
