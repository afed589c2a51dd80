"""A dask cluster of real processes: the same findings, also when a worker is killed on the way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from cohortprop.campaign import Campaign, CampaignPlan, Progress, Report
from cohortprop.campaign.cluster import Cluster
from cohortprop.errors import UsageError
from tests.cover.search.crews import kept, kit_of_zoo, kit_of_zoo_in_frozen_time, no_kit

pytest.importorskip("distributed", reason="!!! dask.distributed is not installed: clusters are not tested !!!")
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # dask's own
    pytest.mark.xdist_group("cluster"),
]

ROOT = Path(__file__).parents[3]
PLAN = CampaignPlan(seed=3, trials=20, seconds=600, canonical=False, shrink_seconds=60)
DASK = [sys.executable, "-m", "dask"]


@dataclass
class Machines:
    """A scheduler, and workers that come and go."""

    address: str
    stack: ExitStack
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        started = _start(self.stack, "worker", self.address, "--nthreads", "1", "--host", "127.0.0.1", *options)
        self.workers.append(started)
        return started


def _start(stack: ExitStack, *command: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    started = subprocess.Popen(
        [*DASK, *command, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    stack.callback(started.wait)
    stack.callback(_kill, started)
    return started


def _kill(started: subprocess.Popen[bytes]) -> None:
    """The whole group: a worker's nanny would start another one."""
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setattr("cohortprop.campaign.campaign.BLOCK", 5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ExitStack() as stack:
        scheduler = _start(stack, "scheduler", "--host", "127.0.0.1", "--port", str(port))
        yield Machines(f"tcp://127.0.0.1:{port}", stack, scheduler)


def test_a_worker_that_is_killed_changes_nothing(machines: Machines) -> None:
    with kit_of_zoo_in_frozen_time("two_bugs") as kit:
        alone = Campaign(kit, PLAN).run()
    doomed = machines.add_worker("--no-nanny")
    machines.add_worker("--no-nanny")

    def strike(progress: Progress) -> None:
        if progress.trials == 5:
            _kill(doomed)

    report = by_cluster(machines, strike)
    assert doomed.wait(timeout=10) == -signal.SIGKILL
    assert kept(report.findings) == kept(alone.findings)
    assert report.reach == alone.reach
    assert not report.lost


def test_time_is_frozen_for_the_app_and_not_for_the_worker(machines: Machines) -> None:
    """A worker whose own time stood still would never send what it has done, nor be heard of again."""
    machines.add_worker("--nthreads", "2")
    for _ in range(2):
        report = by_cluster(machines)
        assert report.progress.trials == 20
        assert report.stopped_by == "trials"


def test_a_scheduler_that_is_killed_ends_the_run_with_what_was_found(machines: Machines) -> None:
    machines.add_worker("--no-nanny")

    def strike(progress: Progress) -> None:
        if progress.findings:
            _kill(machines.scheduler)
            time.sleep(0.5)

    report = by_cluster(machines, strike)
    assert report.findings
    assert report.progress.trials < 20
    assert report.lost or "is gone" in report.stopped_by


def by_cluster(machines: Machines, strike: object = None) -> Report:
    source = partial(kit_of_zoo_in_frozen_time, "two_bugs")
    with kit_of_zoo("two_bugs") as kit, Cluster(source, machines.address) as crew:
        campaign = Campaign(kit, PLAN, crew=crew, on_progress=strike or (lambda progress: None))  # type: ignore[arg-type]
        return campaign.run()


def test_what_a_worker_lacks_is_told_in_one_line(machines: Machines) -> None:
    machines.add_worker("--no-nanny")
    fault = UsageError("there is no module 'shop'")
    with kit_of_zoo("two_bugs") as kit, Cluster(partial(no_kit, fault), machines.address) as crew:
        campaign = Campaign(kit, PLAN, crew=crew)
        with pytest.raises(UsageError, match=r"^worker tcp://127.0.0.1:\d+: there is no module 'shop'$"):
            campaign.run()


def test_a_scheduler_that_is_not_there_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortprop.campaign.cluster._PATIENCE", 0.5)
    with pytest.raises(UsageError, match=r"^cluster: no scheduler answers at tcp://127.0.0.1:9 "):
        Cluster(partial(kit_of_zoo, "two_bugs"), "tcp://127.0.0.1:9")


def test_a_scheduler_without_workers_is_wrong_usage(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = 30.0
    while waited > 0:  # until the scheduler answers at all
        try:
            with socket.create_connection(("127.0.0.1", int(machines.address.rpartition(":")[2]))):
                break
        except OSError:
            time.sleep(0.1)
            waited -= 0.1
    monkeypatch.setattr("cohortprop.campaign.cluster._PATIENCE", 2.0)
    with pytest.raises(UsageError, match=r"has no workers; start one with: dask worker tcp://"):
        Cluster(partial(kit_of_zoo, "two_bugs"), machines.address)
