from __future__ import annotations

import os

from measure.spread import spread


def test_results_come_in_the_order_of_the_jobs_from_other_processes() -> None:
    assert list(spread(abs, [-2, -1, 0], workers=2)) == [2, 1, 0]
    assert os.getpid() not in set(spread(_process, range(4), workers=2))


def _process(_number: int) -> int:
    return os.getpid()
