"""Mutation testing of the model and the judge: does some test go red for every small wrong version of them?

    python -m measure.mutation                  all of wire/, sender/ and oracle.py
    python -m measure.mutation --only retries   the mutants whose name has this text in it
    python -m measure.mutation --list           their names, without running anything

A mutant that no test notices has *survived*. The run fails if one does, unless `mutants_allowed.toml` gives a reason
for it; it fails too if that file names a mutant that does not exist or does not survive, so that the list stays true.

Why not a tool that exists? mutmut (3.8.1) puts its mutants behind a wrapper round each function, so it leaves alone
constants and tables, defaults of dataclasses, and functions under any decorator but staticmethod and classmethod, that
is properties and cached functions: much of the protocol stands there. cosmic-ray (8.7.0) reaches constants, but
not strings, rows of a table or whole statements; its local distributor writes each mutant into the work tree and starts
a new interpreter for it. Both number their mutants, so an edit nearby would give an allowed one's number to another.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from measure.mutant_runs import ROOT, Baseline, Job, Swap, measure_baseline, register_profile, run_jobs, run_tests
from measure.mutants import Mutant, find_mutants

Trees: TypeAlias = Mapping[str, ast.Module]
Allowed: TypeAlias = Mapping[str, str]

TARGETS = ("cohortprop/wire", "cohortprop/sender", "cohortprop/oracle.py")
TESTS = ("tests/cover/wire", "tests/cover/sender", "tests/cover/oracle")
ALLOWED = Path(__file__).with_name("mutants_allowed.toml")

PRELOADED = ("hypothesis.stateful", "jsonschema", "werkzeug.test", "freezegun")
"""Loaded once, before the forks; nothing of cohortprop may be among them, or its mutants would never be imported."""


class CannotRun(Exception):
    """The run could not tell anything; the message says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the mutants.

    Returns:
        0 if each was noticed or is allowed, 1 if one survived or the list of allowed ones is wrong, 2 if the run itself
        cannot be trusted.
    """
    options = _parser().parse_args(argv)
    os.chdir(ROOT)
    try:
        trees = {path: ast.parse(Path(path).read_bytes()) for path in _files(options.targets)}
        everything = [mutant for path, tree in trees.items() for mutant in find_mutants(tree, path)]
        mutants = [mutant for mutant in everything if options.only in mutant.name]
        if options.list:
            print(*(mutant.name for mutant in mutants), sep="\n")
            return 0
        allowed = _read_allowed()
        survivors = _run(mutants, trees, options.tests, options.jobs, allowed)
    except CannotRun as problem:
        print(f"mutation: {problem}", file=sys.stderr)
        return 2
    return _report(mutants, survivors, allowed, {mutant.name for mutant in everything})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m measure.mutation", description="Mutation testing of the model.")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help=f"files or folders; default {TARGETS}")
    parser.add_argument("--tests", nargs="+", default=list(TESTS), help=f"files or folders; default {TESTS}")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants with this text in their names")
    parser.add_argument("--list", action="store_true", help="print the names of the mutants and run nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once; default one a core")
    return parser


def _files(targets: Sequence[str]) -> Iterator[str]:
    for target in targets:
        path = Path(target)
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.is_file() else []
        if not found:
            raise CannotRun(f"there is no Python file at {target}")
        yield from (file.as_posix() for file in found)


def _run(mutants: Sequence[Mutant], trees: Trees, tests: list[str], at_once: int, allowed: Allowed) -> list[Mutant]:
    missing = [path for path in tests if not Path(path).exists()]
    if missing:
        raise CannotRun(f"there are no tests at {', '.join(missing)}")
    register_profile()
    for name in PRELOADED:
        importlib.import_module(name)
    if any(name.split(".")[0] == "cohortprop" for name in sys.modules):
        raise CannotRun("cohortprop is loaded before the forks; its mutants would never be imported")
    baseline = measure_baseline(tests, trees)
    if baseline is None:
        raise CannotRun("the tests do not pass on the real code")
    _check_harness(trees, tests, baseline, at_once)
    print(f"{len(mutants)} mutants, {len(baseline.seconds)} tests", flush=True)
    suspects = _meet_close_tests(mutants, trees, baseline, at_once)
    return _meet_all_tests(suspects, trees, tests, baseline, at_once, allowed)


def _check_harness(trees: Trees, tests: list[str], baseline: Baseline, at_once: int) -> None:
    """The real code must pass where mutants run, and a module that cannot be imported must be noticed."""
    total = sum(baseline.seconds.values())
    broken = ast.parse("raise ImportError('swapped')")
    real = [Swap(path, tree) for path, tree in trees.items()]
    jobs = [Job("", partial(run_tests, real, tests, _any, baseline), total)]
    jobs += [Job(path, partial(run_tests, [Swap(path, broken)], tests, _any, baseline), total) for path in trees]
    for job, outcome in run_jobs(jobs, at_once):
        if not job.key and not outcome.passed:
            raise CannotRun("the tests do not pass on the real code when it is compiled from its syntax tree")
        if job.key and outcome.passed:
            raise CannotRun(f"no test imports {job.key}")


def _meet_close_tests(mutants: Sequence[Mutant], trees: Trees, baseline: Baseline, at_once: int) -> list[Mutant]:
    """Run on each mutant the tests that enter its function; returns those that survive, or that no test enters."""
    suspects = []
    jobs = []
    for mutant in mutants:
        close = baseline.close_to(mutant)
        if close:
            files = sorted({test.split("::")[0] for test in close})
            seconds = sum(baseline.seconds[test] for test in close)
            jobs.append(Job(mutant, partial(_run_mutant, mutant, trees, files, close.__contains__, baseline), seconds))
        else:
            suspects.append(mutant)
    started = time.monotonic()
    for done, (job, outcome) in enumerate(run_jobs(jobs, at_once), 1):
        if outcome.passed:
            suspects.append(job.key)
        if done % 100 == 0:
            print(f"  {done} mutants met the tests that enter them, {time.monotonic() - started:.0f} s", flush=True)
    return suspects


def _meet_all_tests(
    suspects: Sequence[Mutant], trees: Trees, tests: list[str], baseline: Baseline, at_once: int, allowed: Allowed
) -> list[Mutant]:
    """Run on each suspect the tests that it has not met; prints and returns those that survive these as well."""
    total = sum(baseline.seconds.values())
    jobs = []
    for mutant in suspects:
        # Not "those of the other known tests": a mutant of a table may change which tests the table makes.
        met = baseline.close_to(mutant)
        wanted = partial(_not_in, met)
        jobs.append(Job(mutant, partial(_run_mutant, mutant, trees, tests, wanted, baseline), total))
    survivors = []
    for job, outcome in run_jobs(jobs, at_once):
        if outcome.passed:
            mutant = job.key
            survivors.append(mutant)
            note = " (allowed)" if mutant.name in allowed else ""
            if mutant.span is not None and not baseline.close_to(mutant):
                note += " (no test enters it)"
            print(f"  survived{note}: line {mutant.line}, {mutant.name}", flush=True)
    return survivors


def _run_mutant(mutant: Mutant, trees: Trees, tests: list[str], wanted: Callable[[str], bool], base: Baseline) -> int:
    """In a child: the edit is made in the child's copy of the tree, so there is nothing to undo."""
    mutant.apply()
    return run_tests([Swap(mutant.path, trees[mutant.path])], tests, wanted, base)


def _any(_test: str) -> bool:
    return True


def _not_in(met: set[str], test: str) -> bool:
    return test not in met


def _read_allowed() -> dict[str, str]:
    entries = tomllib.loads(ALLOWED.read_text("utf-8")).get("allowed", [])
    for entry in entries:
        if set(entry) != {"name", "reason"} or not all(isinstance(text, str) and text for text in entry.values()):
            raise CannotRun(f"{ALLOWED.name}: an [[allowed]] entry is a name and a reason, not {entry}")
    return {entry["name"]: entry["reason"] for entry in entries}


def _report(mutants: Sequence[Mutant], survivors: Sequence[Mutant], allowed: Allowed, known: set[str]) -> int:
    """Print what came of it; returns the exit code.."""
    made = Counter(mutant.path for mutant in mutants)
    survived = Counter(mutant.path for mutant in survivors)
    for path, number in made.items():
        print(f"{path}: {number} mutants, {number - survived[path]} noticed")
    names = {mutant.name for mutant in survivors}
    untrue = sorted(allowed.keys() & {mutant.name for mutant in mutants} - names)
    paths = {name.split(":")[0] for name in known}
    unknown = sorted(name for name in allowed.keys() - known if name.split(":")[0] in paths)
    for name in untrue:
        print(f"allowed, but a test notices it: {name}")
    for name in unknown:
        print(f"allowed, but there is no such mutant: {name}")
    unexplained = names - allowed.keys()
    print(f"{len(mutants)} mutants, {len(names)} survived, {len(names) - len(unexplained)} of them allowed")
    return 1 if unexplained or untrue or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
