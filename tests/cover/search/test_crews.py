"""The findings are the same whoever runs the blocks, in whatever order they come back, and whoever dies on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cohortprop.campaign import Block, Campaign, CampaignPlan, Progress, Report, run_block
from cohortprop.errors import Unreachable, UsageError
from cohortprop.receiver import Receiver
from tests.cover.search.crews import Upside, kept, kit_of_zoo

PLAN = CampaignPlan(seed=3, trials=40, seconds=600, canonical=False, shrink_seconds=60)
SOUGHT = "two_bugs"


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Of ten trials, so that forty make four of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cohortprop.campaign.campaign.BLOCK", 10)
        yield


@pytest.fixture(scope="module")
def alone(small_blocks: None) -> Report:
    with kit_of_zoo(SOUGHT) as kit:
        report = Campaign(kit, PLAN).run()
    assert len(report.findings) > 1, "or there is nothing to be told in another order"
    return report


def with_crew(plan: CampaignPlan = PLAN, **how: Any) -> tuple[Report, Upside]:
    with kit_of_zoo(SOUGHT) as kit, Upside(kit, **how) as crew:
        return Campaign(kit, plan, crew=crew).run(), crew


@pytest.mark.parametrize("how", [{"size": 2}, {"size": 8}, {"twice": True}, {"dies": {0: 1, 2: 1}}])
def test_the_findings_do_not_depend_on_the_crew(alone: Report, how: dict[str, Any]) -> None:
    report, crew = with_crew(**how)
    assert kept(report.findings) == kept(alone.findings)
    assert kept(report.advice) == kept(alone.advice)
    assert (report.reach, report.muted) == (alone.reach, alone.muted)
    assert (report.progress.trials, report.progress.deliveries) == (alone.progress.trials, alone.progress.deliveries)
    assert not report.lost
    assert report.stopped_by == "trials"
    assert crew.done != sorted(crew.done), "some came back before earlier ones"
    assert report.workers == crew.size


def test_half_of_the_blocks_may_be_under_way() -> None:
    _, crew = with_crew(size=100)
    assert crew.most == 2, "of four"


def test_a_block_knows_what_the_first_half_of_those_before_it_found() -> None:
    _, crew = with_crew(size=8)
    blocks = {block.number: block for block in crew.blocks if block.number >= 0}
    assert [block.trials for block in blocks.values()] == [10] * 4
    assert len({block.seed for block in blocks.values()}) == 4
    assert not blocks[1].muted
    assert blocks[2].muted, "what block 0 finds"
    assert blocks[3].muted == blocks[2].muted


def test_what_was_told_is_not_shrunk_once_more() -> None:
    with kit_of_zoo(SOUGHT) as kit:
        block = Block(0, PLAN, seed=1, trials=30, steps=30, seconds=60)
        first = run_block(kit, block)
        again = run_block(kit, replace(block, told=frozenset(first.causes)))
    assert first.findings
    assert not again.findings
    assert again.causes == first.causes
    assert again.trials == first.trials


def test_a_block_whose_worker_dies_twice_is_reported_and_the_others_are_run(alone: Report) -> None:
    report, _ = with_crew(dies={3: 2})
    assert report.lost == ["block 4, of 10 trials: its worker died (SIGKILL)"]
    assert report.progress.trials == alone.progress.trials - 10


def test_the_first_finding_is_that_of_the_earliest_block(alone: Report) -> None:
    report, crew = with_crew(replace(PLAN, first_only=True), size=4)
    assert kept(report.findings) == kept(alone.findings[:1])
    assert report.stopped_by == "first finding"
    assert crew.stopped


def test_ctrl_c_asks_the_crew_to_stop_and_keeps_what_they_found() -> None:
    def press(progress: Progress) -> None:
        raise KeyboardInterrupt

    with kit_of_zoo(SOUGHT) as kit, Upside(kit, 2) as crew:
        report = Campaign(kit, replace(PLAN, trials=20), crew=crew, on_progress=press).run()
    assert report.interrupted
    assert crew.stopped
    assert report.findings


@pytest.mark.parametrize(("fault", "found"), [(Unreachable("the scheduler is gone"), True), (UsageError("no"), False)])
def test_a_crew_that_is_gone_does_not_take_along_what_it_found(fault: Exception, found: bool) -> None:
    class Going(Upside):
        def submit(self, block: Block) -> Any:
            if block.number == 2 and isinstance(fault, Unreachable):
                raise fault
            return super().submit(block)

    with kit_of_zoo(SOUGHT) as kit, Going(kit, 2) as crew:
        campaign = Campaign(kit, PLAN, crew=crew)
        report = campaign.run()
    assert report.findings
    assert report.stopped_by == ("the scheduler is gone" if found else "trials")


def test_a_fault_in_a_block_comes_out_when_nothing_was_found() -> None:
    def broken() -> Receiver:
        raise UsageError("shop:receiver() failed")

    with kit_of_zoo("stages_full_syncs") as kit, Upside(replace(kit, receiver=broken), 2) as crew:
        campaign = Campaign(kit, PLAN, crew=crew)
        with pytest.raises(UsageError, match="shop:receiver"):
            campaign.run()
