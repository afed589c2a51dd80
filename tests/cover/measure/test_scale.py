"""The campaign that is played through keeps to the rule of the real one, and to what was measured."""

from __future__ import annotations

import pytest

from measure.scale import BLOCKS_A_WORKER, Costs, played

FREE = Costs(0.0, 0.0, 1.0, 0.0, 0, 0, 0)


@pytest.mark.parametrize("workers", [1, 8, 64, 512])
def test_the_number_of_busy_workers_doubles_with_each_block(workers: int) -> None:
    seconds, share, full = played(workers, FREE)
    assert full == pytest.approx((workers - 1).bit_length(), abs=1)
    assert seconds >= BLOCKS_A_WORKER
    assert share == pytest.approx(BLOCKS_A_WORKER / seconds)


def test_a_scheduler_that_is_busy_all_the_time_is_the_limit() -> None:
    slow = Costs(0.001, 0.01, 1.0, 0.0, 0, 0, 0)
    seconds, share, _ = played(1000, slow)
    assert seconds == pytest.approx(1000 * BLOCKS_A_WORKER * 0.01, rel=0.05)
    assert share == pytest.approx(0.1, rel=0.05)
