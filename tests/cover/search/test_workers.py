"""Worker processes: the same findings, one block lost for each that dies, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cohortprop.campaign import Block, Campaign, CampaignPlan, KitSource, Report
from cohortprop.campaign.workers import LocalWorkers, portable
from cohortprop.errors import ToolkitError, UsageError
from tests.cover.search.crews import (
    kept,
    kit_of_zoo,
    kit_of_zoo_in_frozen_time,
    kit_that_dies,
    kit_that_tells_its_number,
    no_kit,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

PLAN = CampaignPlan(seed=3, trials=20, seconds=600, canonical=False, shrink_seconds=60)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortprop.campaign.campaign.BLOCK", 5)


def by_workers(source: KitSource, size: int = 2, plan: CampaignPlan = PLAN) -> Report:
    with kit_of_zoo("two_bugs") as kit, LocalWorkers(source, size) as crew:
        return Campaign(kit, plan, crew=crew).run()


def test_the_findings_are_those_of_one_process_alone() -> None:
    plan = replace(PLAN, canonical=True)
    with kit_of_zoo_in_frozen_time("two_bugs") as kit:
        alone = Campaign(kit, plan).run()
    report = by_workers(partial(kit_of_zoo_in_frozen_time, "two_bugs"), plan=plan)
    assert kept(report.findings) == kept(alone.findings)
    assert report.reach == alone.reach
    assert [len(each.history) for each in report.findings] == [len(each.history) for each in alone.findings]
    assert report.workers == 2


@pytest.mark.parametrize(("times", "lost"), [(1, 0), (2, 1)])
def test_a_worker_that_is_killed_costs_its_block(tmp_path: Path, times: int, lost: int) -> None:
    report = by_workers(partial(kit_that_dies, tmp_path, times, 3), size=1)
    assert report.lost == ["block 1, of 5 trials: its worker died (SIGKILL)"] * lost
    assert report.progress.trials == 20 - 5 * lost
    assert len(list(tmp_path.iterdir())) == times


def test_a_kit_that_cannot_be_opened_is_told_as_here() -> None:
    with pytest.raises(UsageError, match=r"^there is no module 'shop'$"):
        by_workers(partial(no_kit, UsageError("there is no module 'shop'")), size=1)


def test_a_worker_has_a_number() -> None:
    with LocalWorkers(kit_that_tells_its_number, 2) as crew:
        futures = [crew.submit(Block(number, PLAN)) for number in (0, 1)]
        faults = [str(future.result().fault) for future in futures]
    assert faults == ["worker 0", "worker 1"]


def test_ctrl_c_in_the_terminal_does_not_end_workers_and_they_end_when_they_are_asked_to() -> None:
    with LocalWorkers(partial(kit_of_zoo, "stages_full_syncs"), 1) as crew:
        long = Block(0, PLAN, seed=1, trials=100_000, steps=8, seconds=600)
        future = crew.submit(long)
        process = crew._workers[0]._process
        assert process is not None
        time.sleep(3)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.2)
        assert process.is_alive()
        crew.stop()
        report = future.result(timeout=60)
    assert report.trials < 100_000
    assert not report.interrupted
    assert process.pid is not None
    assert not _is_there(process.pid)


KILLED = """
import sys, time
from functools import partial
from cohortprop.campaign import Block, CampaignPlan
from cohortprop.campaign.workers import LocalWorkers
from tests.cover.search.crews import kit_of_zoo

if __name__ == "__main__":
    crew = LocalWorkers(partial(kit_of_zoo, "stages_full_syncs"), 1)
    crew.submit(Block(0, CampaignPlan(), seed=1, trials=100_000, steps=8, seconds=600))
    print(crew._workers[0]._process.pid, flush=True)
    time.sleep(600)
"""


def test_workers_end_when_whoever_began_them_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED, "utf-8")
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as main:
        assert main.stdout is not None
        worker = int(main.stdout.readline())
        time.sleep(3)
        os.kill(worker, 0)
        main.kill()
    until = time.monotonic() + 30
    while _is_there(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_there(worker)


def _is_there(pid: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked after does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Odd(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: UsageError("no"), UsageError, "no"),
        (lambda: KeyError("x"), KeyError, "'x'"),
        (lambda: Odd("lost", "2"), ToolkitError, "Odd: lost"),
    ],
)
def test_faults_can_be_sent(make: Callable[[], Exception], kind: type[Exception], text: str) -> None:
    sent = portable(make())
    assert (type(sent), str(sent)) == (kind, text)
    assert hasattr(sent, "__notes__") is not isinstance(sent, UsageError)


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    """Workers import these tests' own modules, from where pytest has them."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parents[3]), before]))
    yield
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before
