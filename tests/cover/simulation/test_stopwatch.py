"""A stopwatch measures real seconds."""

from __future__ import annotations

import time

from cohortprop.stopwatch import Stopwatch


def test_it_counts_from_when_it_was_made() -> None:
    watch = Stopwatch()
    time.sleep(0.02)
    assert 0.02 <= watch.seconds < 10


def test_without_a_limit_it_never_expires() -> None:
    assert Stopwatch().limit is None
    assert not Stopwatch(None).expired


def test_it_expires_at_its_limit() -> None:
    assert Stopwatch(0).expired
    assert not Stopwatch(60).expired
