"""Database servers of Debian's packages, each started for one test in a folder of its own, and ended with it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

PATIENCE: Final = 60.0
"""Real seconds in which a server must be there; far more than any needs, for other work on the machine."""


PACKAGES: Final = {"createdb": "postgresql", "npm": "npm"}
"""Where a program comes from, if not from a package of its name."""


def found(program: str, package: str, *, path: str) -> Path:
    """Where a program is; if it is nowhere, the test is skipped, and the reason says so loudly."""
    place = shutil.which(program, path=path)
    if place is None:
        pytest.skip(f"!!! EXAMPLE NOT TRIED !!! There is no program {program!r} here: install Debian's {package}")
    return Path(place)


@contextlib.contextmanager
def postgresql(path: str) -> Iterator[dict[str, str]]:
    """A PostgreSQL server; gives the variables by which its clients find it, and are found.

    Args:
        path: where to look for programs, as in the variable PATH; Debian keeps those of the server elsewhere.
    """
    path = os.pathsep.join([*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), path])
    programs = found("initdb", "postgresql", path=path).resolve().parent
    nobody = _somebody_else("postgres")
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:  # a short path, as that of a Unix socket has to be
        if nobody:
            shutil.chown(folder, nobody["user"], nobody["group"])
        set_up = [programs / "initdb", "--pgdata", f"{folder}/data", "--username=crm", "--auth=trust", "--no-sync"]
        done = to_its_end([*set_up, "--encoding=UTF8", "--locale=C"], folder, **nobody)
        assert done.returncode == 0, done.stderr
        serve = [programs / "postgres", "-D", f"{folder}/data", "-k", folder, "-c", "listen_addresses="]
        with process([*serve, "-c", "fsync=off"], folder, **nobody) as server:
            ready = [programs / "pg_isready", "--host", folder]
            wait_until(lambda: to_its_end(ready, folder).returncode == 0, server)
            yield {"PGHOST": folder, "PGUSER": "crm", "PATH": path}


@contextlib.contextmanager
def redis(path: str, port: int | None = None, *more: str) -> Iterator[dict[str, str]]:
    """A Redis server; gives the variable that names it to the example.

    Args:
        path: where to look for its program, as in the variable PATH.
        port: one that is free; some if it is not given.
        more: as on the command line.
    """
    program = found("redis-server", "redis-server", path=path)
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", "", "--appendonly", "no"]
        with process([program, *options, *more], folder) as server:
            wait_until(lambda: _answers(port), server)
            yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}


BY_NAME: Final = {"postgresql": postgresql, "redis": redis}
"""The servers, by the word for each in the name of an example."""


@contextlib.contextmanager
def process(command: Sequence[object], folder: str | Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, with what it has started, when the block is left; its output is kept in the folder."""
    arguments = list(map(str, command))
    with (Path(folder) / f"{Path(arguments[0]).name}.log").open("wb") as log:
        started = subprocess.Popen(
            arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
        )
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, 9)
                started.wait()


def to_its_end(command: Sequence[object], folder: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program, with what it prints caught."""
    arguments = list(map(str, command))
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False, timeout=300, **options)


def wait_until(ready: Callable[[], bool], server: subprocess.Popen[bytes]) -> None:
    """Wait for a server that has just been started."""
    end = time.monotonic() + PATIENCE
    while not ready():
        assert server.poll() is None, f"{server.args!r} has ended with {server.returncode}"
        assert time.monotonic() < end, f"{server.args!r} is not there after {PATIENCE:g} s"
        time.sleep(0.02)


def _somebody_else(name: str) -> dict[str, Any]:
    """Whom to run a server as that refuses to be run by root: root's choice; others run it as themselves."""
    if os.geteuid() != 0:
        return {}
    try:
        group = pwd.getpwnam(name).pw_gid
    except KeyError:
        pytest.skip(f"!!! EXAMPLE NOT TRIED !!! Root cannot run this server, and there is no user {name!r}")
    return {"user": name, "group": group, "extra_groups": ()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
