"""What it costs to spread a campaign over many workers, and from that, how far it goes.

    python -m measure.scale                            the whole page
    python -m measure.scale --write docs/measures-scale.md

Four costs are measured here, on one machine: what cutting a block and taking its report costs the campaign, what a task
costs a dask scheduler, how many bytes travel with a block, its report and a finding, and how long a block works. With
them a campaign of blocks that do nothing but take that long is played through for up to several thousand workers, by
the campaign's own rule of what may be under way: half of all blocks before. Nothing else is guessed.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import pickle
import platform
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from cohortprop import zoo
from cohortprop.campaign import Block, BlockReport, Campaign, CampaignPlan, run_block
from cohortprop.checks import BUILT_IN
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import TrialKit, open_kit
from measure.spread import markdown_table

WORKERS = (1, 10, 100, 300, 1000, 3000)
BLOCKS = 1000
"""Of the campaign by which the campaign's own cost is measured."""
BLOCKS_A_WORKER = 60
"""Of the campaigns that are played through."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured.

    Args:
        campaign: seconds of the campaign's process a block, in which it can do nothing else.
        scheduler: seconds of the scheduler a task, likewise.
        work: seconds that a worker takes for a block of fifty trials.
        opening: seconds until a worker is ready for a block: time is frozen, and thawed.
        sent: bytes of a block.
        told: bytes of a report in which nothing was found.
        found: bytes of a finding.
    """

    campaign: float
    scheduler: float
    work: float
    opening: float
    sent: int
    told: int
    found: int


@contextlib.contextmanager
def kit_of(name: str) -> Iterator[TrialKit]:
    """The kit of a receiver of the zoo."""
    with open_kit(zoo.find(name).factory, BUILT_IN) as kit:
        yield kit


class Idle:
    """A crew for which there is nothing to do: each block has come to the same, at once."""

    size = 1

    def __init__(self, report: BlockReport) -> None:
        self._report = report

    def submit(self, block: Block) -> Future[BlockReport]:
        """The same report, which has travelled."""
        future: Future[BlockReport] = Future()
        report: BlockReport = pickle.loads(pickle.dumps(self._report))  # noqa: S301 - our own bytes
        report.number = block.number
        pickle.dumps(block)
        future.set_result(report)
        return future

    def stop(self) -> None:
        """Nobody works."""


def measured() -> Costs:
    """Measure all costs on this machine."""
    plan = CampaignPlan(seed=1, trials=50 * BLOCKS, seconds=1e9, canonical=False)
    with kit_of("applies_each_page") as kit:
        works, openings, told = [], [], frozenset[tuple[str, str]]()
        for number, steps in enumerate((8, 15, 30, 60)):
            watch = Stopwatch()
            block = Block(number, plan, seed=number, trials=50, steps=steps, seconds=1e9, told=told)
            report = run_block(kit, block)
            told |= {each.key for each in report.advice}
            works.append(watch.seconds)
        report = run_block(kit, replace(block, told=told))  # what is worth telling has been told by now
    for _ in range(9):
        watch = Stopwatch()
        with kit_of("applies_each_page"):
            openings.append(watch.seconds)
    with kit_of("merges_full_sync") as kit:
        watch = Stopwatch()
        Campaign(kit, plan, crew=Idle(report)).run()
        campaign = watch.seconds / BLOCKS
        found = run_block(kit, Block(0, plan, seed=1, trials=50, steps=30, seconds=1e9)).findings
    return Costs(
        campaign,
        scheduler_cost(),
        sum(works) / len(works),
        median(openings),
        len(pickle.dumps(block)),
        len(pickle.dumps(report)),
        round(median(len(pickle.dumps(each)) for each in found)),
    )


def nothing(number: int) -> int:
    """The work of a block that does nothing."""
    return number


def scheduler_cost(tasks: int = 3000) -> float:
    """Seconds a task of a scheduler that has nothing but blocks that do nothing, and eight threads to give them to."""
    import distributed  # an extra

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "dask"]
    commands = (
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        [*dask, "worker", address, "--host", "127.0.0.1", "--nthreads", "8", "--no-nanny", "--no-dashboard"],
    )
    with contextlib.ExitStack() as stack:
        for command in commands:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - ours
            stack.callback(process.wait)
            stack.callback(process.kill)
        client: Any = stack.enter_context(distributed.Client(address, timeout=30))  # type: ignore[no-untyped-call]
        client.wait_for_workers(1, timeout=30)
        executor = client.get_executor(retries=0, pure=False)
        wait([executor.submit(nothing, number) for number in range(100)])
        watch = Stopwatch()
        wait([executor.submit(nothing, number) for number in range(tasks)])
        return watch.seconds / tasks


def played(workers: int, costs: Costs) -> tuple[float, float, float]:
    """Play a campaign through whose blocks do nothing but take as long as a block does.

    Returns:
        Seconds in all, the share of the workers' time that was work, and seconds until all of them had some.

    Example:
        >>> costs = Costs(0.0, 0.0, 1.0, 0.0, 0, 0, 0)
        >>> played(1, costs)
        (60.0, 1.0, 0.0)
    """
    blocks = BLOCKS_A_WORKER * workers
    serial = max(costs.campaign, costs.scheduler)  # they work side by side, each on one block at a time
    free_at = 0.0
    """When the slower of the two can see to the next block."""
    now = 0.0
    full: float | None = None
    begun = taken = 0
    ended: set[int] = set()
    working: list[tuple[float, int]] = []
    while taken < blocks:
        while begun < blocks and len(working) < workers and taken >= begun // 2:
            free_at = max(free_at, now) + serial
            heapq.heappush(working, (free_at + costs.opening + costs.work, begun))
            begun += 1
        if len(working) == workers and full is None:
            full = now
        now, number = heapq.heappop(working)
        ended.add(number)
        while taken in ended:
            ended.remove(taken)
            taken += 1
    return now, blocks * costs.work / (now * workers), full or 0.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, play through, and print."""
    parser = argparse.ArgumentParser(prog="python -m measure.scale", description="How far does a cluster go?")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the page in this file")
    options = parser.parse_args(argv)
    page = "\n\n".join(_page(measured()))
    print(page)
    if options.write:
        options.write.write_text(page + "\n", "utf-8")
    return 0


def _page(costs: Costs) -> Iterator[str]:
    yield f"Measured on one machine, Python {platform.python_version()}. Written by `python -m measure.scale`."
    rows = [
        ["a block of 50 trials, the work itself", f"{costs.work * 1e3:.0f} ms"],
        ["freezing time for it on a worker of a cluster", f"{costs.opening * 1e3:.1f} ms"],
        ["cutting it and taking its report, in the campaign's process", f"{costs.campaign * 1e3:.2f} ms"],
        ["the scheduler's share of a task", f"{costs.scheduler * 1e3:.2f} ms"],
        ["bytes of a block on its way out", f"{costs.sent:,}"],
        ["bytes of a report in which nothing was found", f"{costs.told:,}"],
        ["bytes of a finding with its whole history", f"{costs.found:,}"],
    ]
    yield markdown_table(["what", "cost"], rows, "lr")
    table = []
    for workers in WORKERS:
        seconds, share, full = played(workers, costs)
        trials = BLOCKS_A_WORKER * workers * 50
        traffic = (costs.sent + costs.told) * BLOCKS_A_WORKER * workers / seconds / 1e6
        table.append(
            [f"{workers:,}", f"{trials / seconds:,.0f}", f"{share:.0%}", f"{full:.1f} s", f"{traffic:.2f} MB/s"]
        )
    yield markdown_table(["workers", "trials a second", "at work", "all busy after", "traffic"], table, "rrrrr")
    limit = costs.work / max(costs.campaign, costs.scheduler)
    yield (
        f"One scheduler and one campaign can keep about {limit:,.0f} workers busy: a block's work over what it costs "
        "whichever of them is slower. An app that takes longer for a delivery than that of this measurement, a few "
        "microseconds, raises the limit by as much as it makes blocks longer."
    )


if __name__ == "__main__":
    sys.exit(main())
