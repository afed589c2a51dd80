"""What workers gain, and whether a long campaign grows: two rows of the bench."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from functools import partial

from cohortprop import zoo
from cohortprop.campaign import Block, Campaign, CampaignPlan
from cohortprop.campaign.workers import LocalWorkers
from cohortprop.checks import BUILT_IN
from cohortprop.stopwatch import Stopwatch
from cohortprop.trial import TrialKit, open_kit

__all__ = ["growth", "speed_up"]

RECEIVER = "applies_each_page"
TRIALS = 800
SHORT, LONG = 150, 900
"""Trials of campaigns whose memory is compared: an hour's campaign, shortened."""


@contextlib.contextmanager
def kit_of(name: str) -> Iterator[TrialKit]:
    """The kit of a receiver of the zoo, in any process."""
    with open_kit(zoo.find(name).factory, BUILT_IN) as kit:
        yield kit


def speed_up(rounds: int) -> tuple[list[float], list[float]]:
    """Trials a second by two workers, and by one; each crew is up and running when its clock starts."""
    two, one = [], []
    for number in range(rounds):
        two.append(_trials_a_second(2, number))
        one.append(_trials_a_second(1, number))
    return two, one


def _trials_a_second(workers: int, seed: int) -> float:
    plan = CampaignPlan(seed=seed, trials=TRIALS, seconds=1e9, canonical=False)
    with kit_of(RECEIVER) as kit:
        sample = Campaign(kit, plan).report  # what has to be loaded is loaded
    assert not sample.findings
    with LocalWorkers(partial(kit_of, RECEIVER), workers) as crew:
        warm = [crew.submit(Block(0, plan, seed=1, trials=1, steps=8, seconds=60)) for _ in range(workers)]
        assert all(each.result().fault is None for each in warm)
        campaign = Campaign(kit, plan, crew=crew)
        watch = Stopwatch()
        report = campaign.run()
        seconds = watch.seconds
    assert report.progress.trials == TRIALS, report
    return TRIALS / seconds


def growth() -> tuple[float, float]:
    """Kilobytes that a campaign still holds at its end: a long one, and a short one."""
    return _held_after(LONG), _held_after(SHORT)


def _held_after(trials: int) -> float:
    """In a process of its own, for what is kept in caches is part of it."""
    command = [sys.executable, "-c", f"from measure.crews import print_held; print_held({trials})"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return float(done.stdout)


def print_held(trials: int) -> None:
    """Run a campaign, and print the kilobytes that are held at its end: what is reachable, and was made meanwhile."""
    plan = CampaignPlan(seed=1, trials=trials, seconds=1e9, canonical=False)
    with kit_of(RECEIVER) as kit:
        Campaign(kit, CampaignPlan(seed=2, trials=50, seconds=1e9, canonical=False)).run()  # what is loaded lazily
        tracemalloc.start()
        campaign = Campaign(kit, plan)
        campaign.run()
        gc.collect()
        print(tracemalloc.get_traced_memory()[0] / 1e3)
