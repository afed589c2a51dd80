"""Running tests on a mutant: one forked process for each, with one module's code swapped on import.

The parent has the heavy libraries loaded but nothing of cohortprop, so a child imports the package anew and gets the
mutant. The tests are run once beforehand, to learn which of them enter which function (`Baseline`); a mutant meets
those first and all others only when it survives them, so that a wrong guess costs time but never a verdict.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, Phase, settings

from measure.mutants import Mutant

__all__ = ["Baseline", "Job", "Outcome", "Swap", "measure_baseline", "register_profile", "run_jobs", "run_tests"]

ROOT = Path(__file__).resolve().parent.parent

PYTEST_ARGS = (
    *("-q", "-x", "--hypothesis-profile=mutation"),
    # Rewriting assertions is for messages that nobody reads here, and its import hook would come before `Swap`.
    "--assert=plain",
    *(
        part
        for name in ("cacheprovider", "cohortprop", "faulthandler", "randomly", "xdist")
        for part in ("-p", f"no:{name}")
    ),
)
LEAST_SECONDS = 10.0
SLOWDOWN = 5.0
"""A job is stopped when it takes this many times what its tests took on the real code; that counts as noticed."""
MEMORY = 4 * 2**30
PASSED = (0, 5)
"""pytest's exit codes for "all passed" and "no test was left to run"."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the tests did when nothing was wrong.

    Args:
        seconds: by test.
        entered: by file, then by line: the tests that ran it.
    """

    seconds: dict[str, float]
    entered: dict[str, dict[int, list[str]]]

    def close_to(self, mutant: Mutant) -> set[str]:
        """The tests that enter the function of the mutant; none for code that runs on import."""
        if mutant.span is None:
            return set()
        first, last = mutant.span
        lines = self.entered.get(mutant.path, {})
        return {test for line in range(first, last + 1) for test in lines.get(line, ()) if test}


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do in a process of its own.

    Args:
        key: what its outcome is reported under.
        task: returns the exit code of the process.
        seconds: what it would take on the real code.
    """

    key: Any
    task: Callable[[], int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: whether its tests passed, and whether it had to be stopped."""

    passed: bool
    timed_out: bool = False


class Swap(SourceFileLoader):
    """An import hook that gives one module other code than its file holds."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        super().__init__(self.module, str(ROOT / path))
        self.tree = tree

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """The finder's half of the hook: claims the one module, and leaves all others to the usual finders."""
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.module else None

    def get_code(self, _name: str) -> CodeType:
        """The loader's half: the code to run in place of the file's."""
        return compile(self.tree, self.path, "exec", dont_inherit=True)


class _Watch:
    """The pytest plugin of the baseline: tells coverage which test is running, and keeps the times."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.coverage.switch_context(item.nodeid)
        started = time.perf_counter()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.perf_counter() - started
            self.coverage.switch_context("")


class _Pick:
    """The pytest plugin of a mutant: which tests to run, the fastest first."""

    def __init__(self, wanted: Callable[[str], bool], seconds: dict[str, float]) -> None:
        self.wanted = wanted
        self.seconds = seconds

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        picked = (item for item in items if self.wanted(item.nodeid))
        items[:] = sorted(picked, key=lambda item: self.seconds.get(item.nodeid, 0.0))


def register_profile() -> None:
    """What Hypothesis does in these runs: the same examples each time, and no shrinking of what it finds."""
    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def measure_baseline(tests: list[str], files: Iterable[str]) -> Baseline | None:
    """Run the tests on the real code, under coverage; None if they fail."""
    paths = {file: str(ROOT / file) for file in files}
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "baseline.json")

        def task() -> int:
            os.environ["COVERAGE_CORE"] = "ctrace"  # the newer core cannot tell which test is running
            coverage = Coverage(data_file=None, config_file=False, include=list(paths.values()))
            watch = _Watch(coverage)
            coverage.start()
            code = pytest.main([*PYTEST_ARGS, *tests], plugins=[watch])
            coverage.stop()
            data = coverage.get_data()
            entered = {file: data.contexts_by_lineno(path) for file, path in paths.items()}
            saved.write_text(json.dumps({"seconds": watch.seconds, "entered": entered}), "utf-8")
            return int(code)

        _, status = os.waitpid(_fork(task, quiet=False), 0)
        if status != 0:
            return None
        found = json.loads(saved.read_text("utf-8"))
    entered = {file: {int(line): names for line, names in lines.items()} for file, lines in found["entered"].items()}
    return Baseline(found["seconds"], entered)


def run_tests(swaps: Iterable[Swap], tests: Iterable[str], wanted: Callable[[str], bool], baseline: Baseline) -> int:
    """In a child: run the wanted ones among these tests on the swapped modules; returns pytest's exit code."""
    sys.meta_path[:0] = swaps
    return int(pytest.main([*PYTEST_ARGS, *tests], plugins=[_Pick(wanted, baseline.seconds)]))


def run_jobs(jobs: Iterable[Job], at_once: int) -> Iterator[tuple[Job, Outcome]]:
    """Run each job in a process of its own, a few at once, and yield them as they end."""
    waiting = iter(jobs)
    running: dict[int, tuple[Job, float]] = {}
    try:
        while True:
            while len(running) < at_once and (job := next(waiting, None)) is not None:
                limit = time.monotonic() + LEAST_SECONDS + SLOWDOWN * job.seconds
                running[_fork(job.task)] = job, limit
            if not running:
                return
            yield from _ended(running)
            time.sleep(0.005)
    finally:
        for child in running:
            _stop(child)


def _ended(running: dict[int, tuple[Job, float]]) -> Iterator[tuple[Job, Outcome]]:
    for child, (job, limit) in list(running.items()):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            del running[child]
            yield job, Outcome(os.waitstatus_to_exitcode(status) in PASSED)
        elif time.monotonic() > limit:
            del running[child]
            _stop(child)
            yield job, Outcome(passed=False, timed_out=True)


def _stop(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _fork(task: Callable[[], int], *, quiet: bool = True) -> int:
    """Start a child in a process group of its own, with a limit on its memory; its exit code is the task's."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(child, child)  # in both processes, so that neither can be too late
        return child
    code = 70  # of a child that does not reach its end
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if quiet:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
        code = task()
    except BaseException:  # noqa: BLE001 - whatever it is, a child must not go on as a second parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
