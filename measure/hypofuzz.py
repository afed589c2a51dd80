"""HypoFuzz on the tests that cohortprop collects: what it finds is replayed by plain pytest, from the same database.

    python -m measure.hypofuzz                        `merges_full_sync` until it is found, `applies_each_page` a minute
    python -m measure.hypofuzz --faulty keyed_by_email --seconds 50

Each receiver of the zoo gets a folder with a test file as a user would write it, and `hypothesis fuzz` on that, without
its dashboard. For a faulty one it is stopped as soon as a shrunk failure is in the database, and then pytest must fail
while it goes through the database, before it draws anything. For a correct one nothing may be in the database when the
time is over, and pytest must pass. Both read and write the database that `--cohortprop-database` names.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

from cohortprop import zoo
from cohortprop.memory import open_database

DATABASE = "dir:shared"
OPTIONS = ("-k", "search", f"--cohortprop-database={DATABASE}")
TESTS = """
import pytest
from cohortprop.pytest_plugin import CohortSyncTests
from cohortprop.zoo import {name}


@pytest.fixture
def cohort_receiver():
    return {name}


class TestWebhook(CohortSyncTests):
    pass
"""
UNSHRUNK, FATAL, REPORTS = b".secondary", b".hypofuzz.fatal_failure", b".hypofuzz.reports"
"""Under the key of a test and these, HypoFuzz keeps what it has yet to shrink, why it could not run it, and how far it
has come."""
FOUND_WITHIN = 300.0
"""Seconds for a faulty receiver, shrinking included; on an idle machine it takes ten."""
NOTICED_WITHIN = 0.5
STOPPED_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What HypoFuzz has left in the database.

    Args:
        failures: shrunk, under the key that plain pytest looks under.
        unshrunk: others, that it was still shrinking.
        fatal: why a test could not be run.
        inputs: that were tried.
        seconds: since it was started.
        output: what it has printed.
    """

    failures: int
    unshrunk: int
    fatal: list[str]
    inputs: int
    seconds: float
    output: str


def fuzz(folder: Path, seconds: float, *, until_found: bool) -> Fuzzed:
    """Let HypoFuzz run in a folder.

    Args:
        folder: with a test file.
        seconds: at most.
        until_found: whether to stop it at the first failure that has been shrunk.
    """
    program = Path(sys.executable).with_name("hypothesis")
    command = [program, "fuzz", "--no-dashboard", "--numprocesses=1", "--", "test_webhook.py", *OPTIONS]
    log = folder / "hypofuzz.log"
    began = time.monotonic()
    with log.open("w") as output, stopped(command, folder, output) as process:
        while time.monotonic() - began < seconds and process.poll() is None:
            time.sleep(NOTICED_WITHIN)
            if until_found and left_in(folder, 0.0, "").failures:
                break
        took = time.monotonic() - began
    return left_in(folder, took, log.read_text())


@contextlib.contextmanager
def stopped(command: Sequence[object], folder: Path, output: IO[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is stopped, with its workers, when the block is left."""
    process = subprocess.Popen(  # noqa: S603 - a command of our own
        list(map(str, command)), cwd=folder, stdout=output, stderr=output, start_new_session=True
    )
    try:
        yield process
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOPPED_WITHIN)


def left_in(folder: Path, seconds: float, output: str) -> Fuzzed:
    """What is in the database of a folder."""
    database = open_database(DATABASE, base=folder)
    keys = list(database.fetch(b"hypofuzz.test_keys"))
    reports = [json.loads(value) for key in keys for value in database.fetch(key + REPORTS)]
    return Fuzzed(
        failures=sum(len(list(database.fetch(key))) for key in keys),
        unshrunk=sum(len(list(database.fetch(key + UNSHRUNK))) for key in keys),
        fatal=[json.loads(value)["traceback"] for key in keys for value in database.fetch(key + FATAL)],
        inputs=max((sum(report["status_counts"].values()) for report in reports), default=0),
        seconds=seconds,
        output=output,
    )


def replay(folder: Path) -> tuple[int, str]:
    """Run plain pytest in a folder; its exit code and what it prints."""
    command = [sys.executable, "-m", "pytest", "test_webhook.py", *OPTIONS, "--hypothesis-show-statistics"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stdout + done.stderr


def wrong_with(name: str, folder: Path, seconds: float, *, faulty: bool) -> str:
    """Try one receiver; what is wrong, empty if nothing is.

    Args:
        name: of the receiver.
        folder: an empty one.
        seconds: for HypoFuzz on a correct one.
        faulty: whether it must be found out.
    """
    (folder / "test_webhook.py").write_text(TESTS.format(name=name))
    fuzzed = fuzz(folder, FOUND_WITHIN if faulty else seconds, until_found=faulty)
    print(f"{name}: {fuzzed.failures} failures, {fuzzed.inputs} inputs in {fuzzed.seconds:.1f} s", flush=True)
    if fuzzed.fatal:
        return f"HypoFuzz could not run the test:\n{fuzzed.fatal[0]}"
    if not fuzzed.failures if faulty else fuzzed.failures or fuzzed.unshrunk:
        return f"in the database are {fuzzed.failures} failures and {fuzzed.unshrunk} unshrunk ones\n{fuzzed.output}"
    if not faulty and not fuzzed.inputs:
        return f"nothing was tried\n{fuzzed.output}"
    code, said = replay(folder)
    if code != int(faulty):
        return f"pytest exits with {code}\n{said}"
    if faulty and ("during reuse phase" not in said or "during generate phase" in said):
        return f"pytest has not replayed the failure, but searched\n{said}"
    print(f"{name}: pytest {'fails at once, by replaying it' if faulty else 'passes'}", flush=True)
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the receivers; 1 if HypoFuzz, the database or pytest did not do what it must."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--faulty", action="append", metavar="NAME", help="default: merges_full_sync; repeatable")
    parser.add_argument("--correct", action="append", metavar="NAME", help="default: applies_each_page; repeatable")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of fuzzing for each correct receiver, 60 by default"
    )
    asked = parser.parse_args(arguments)
    faulty, correct = asked.faulty or ["merges_full_sync"], asked.correct or ["applies_each_page"]
    unknown = [name for name in (*faulty, *correct) if name not in zoo.__all__]
    if unknown:
        parser.error(f"there is no receiver {unknown[0]!r} in the zoo")
    print(f"hypothesis {version('hypothesis')}, hypofuzz {version('hypofuzz')}", flush=True)
    wrong = 0
    for name in (*faulty, *correct):
        with tempfile.TemporaryDirectory() as folder:
            fault = wrong_with(name, Path(folder), asked.seconds, faulty=name in faulty)
        if fault:
            print(f"{name}: WRONG: {fault}")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
