"""Ctrl-C ends a run cleanly, with what was found so far."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cohortprop import Receiver, zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import BUILT_IN
from cohortprop.trial import open_kit
from tests.cover.cli.conftest import Run, environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


STARTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started the tests with it ignored
from cohortprop.cli import main
main(sys.argv[1:])
"""


@contextmanager
def running(target: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    line = [sys.executable, "-c", STARTED, "run", target, "--trials", "1000000", "--seconds", "100"]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True, cwd=folder, env=environment()) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if wanted in line:
            return read
    raise AssertionError(f"it ended without {wanted!r}: {read}")


def test_before_anything_is_found(folder: Path, module: Callable[[str], str]) -> None:
    written = module("""
        from cohortprop import Receiver, zoo

        def receiver():
            good = zoo.applies_each_page()

            def app(environ, start_response):
                open("called", "w").close()
                return good.app(environ, start_response)

            return Receiver(app, members=good.members)
    """)
    with running(f"{written}:receiver", folder) as process:
        read_until(process, "profile realistic")
        while not (folder / "called").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")
    assert f"Interrupted. No bug found in {written}:receiver" in out
    assert "To repeat   cohortprop run" in out


def test_after_something_was_found(folder: Path) -> None:
    with running("cohortprop.zoo:merges_full_sync", folder) as process:
        read_until(process, "To replay")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, "")
    assert "Interrupted. 1 bug found in cohortprop.zoo:merges_full_sync" in out
    assert len(list(folder.glob(".cohortprop/findings/*.json"))) == 1


def test_while_the_target_is_imported(folder: Path, module: Callable[[str], str]) -> None:
    written = module("print('importing', flush=True)\nimport time\ntime.sleep(30)")
    with running(f"{written}:receiver", folder) as process:
        read_until(process, "importing")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "\ncohortprop: interrupted\n")


def test_when_nobody_reads_on_it_ends_without_a_word(folder: Path) -> None:
    with running("cohortprop.zoo:four_bugs", folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 141
        assert process.stderr.read() == ""


def interrupting(after: int) -> Callable[[], Receiver]:
    """Makes receivers that merge a full sync; the one after so many is never made, for somebody presses Ctrl-C."""
    made = 0

    def make() -> Receiver:
        nonlocal made
        made += 1
        if made == after:
            raise KeyboardInterrupt
        return zoo.merges_full_sync()

    return make


def test_while_a_finding_is_shrunk_it_is_told_as_far_as_it_was() -> None:
    told: list[Finding] = []
    with open_kit(zoo.merges_full_sync, BUILT_IN, clock="none") as kit:
        whole = Campaign(kit, CampaignPlan(trials=0, first_only=True)).run()
    first_of_shrinking = whole.findings[0].trials + 2  # one more is made to look at
    with open_kit(interrupting(first_of_shrinking), BUILT_IN, clock="none") as kit:
        report = Campaign(kit, CampaignPlan(trials=0), on_finding=told.append).run()
    assert report.interrupted
    assert [finding.key for finding in report.findings] == [("membership", "ghost-after-full-sync")]
    assert told == report.findings
    assert told[0].origin == whole.findings[0].origin
    assert told[0].scenario != whole.findings[0].scenario


def test_while_saved_findings_are_replayed(
    cohortprop: Run, folder: Path, module: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("cohortprop.zoo:four_bugs", "--trials", "0", "--seed", "1")
    cohortprop("run", *options)
    saved = len(list(folder.glob(".cohortprop/findings/*.json")))
    assert saved >= 4
    from cohortprop.findings import replay

    calls = 0

    def stopped(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return replay(*arguments)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr("cohortprop.cli.known.replay", stopped)
    said = cohortprop("run", *options)
    assert said.code == 1
    assert "Interrupted. 2 bugs found in cohortprop.zoo:four_bugs" in said.out
