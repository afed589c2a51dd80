from __future__ import annotations

import threading

import pytest

from cohortprop.effects import Recorder


def test_each_side_effect_counts() -> None:
    recorder = Recorder()
    recorder.mail("7", "ann")
    recorder.record(7, 12)
    recorder.mail("7", "ann")
    assert recorder.arrivals() == [("7", "ann"), (7, 12), ("7", "ann")]


def test_what_was_told_before_does_not_change() -> None:
    recorder = Recorder()
    before = recorder.arrivals()
    recorder.mail("7", "ann")
    assert before == []


def test_a_reset_forgets_all() -> None:
    recorder = Recorder()
    recorder.mail("7", "ann")
    recorder.reset()
    assert recorder.arrivals() == []


def test_many_threads_may_record_at_once() -> None:
    recorder = Recorder()
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(500):
            recorder.mail("7", "ann")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(recorder.arrivals()) == 8 * 500


def test_what_fails_has_not_happened() -> None:
    recorder = Recorder()
    with recorder.failing(), pytest.raises(ConnectionError):
        recorder.mail("7", "ann")
    with recorder.failing(TimeoutError("too slow")), pytest.raises(TimeoutError, match="too slow"):
        recorder.mail("7", "ann")
    recorder.mail("7", "bob")
    assert recorder.arrivals() == [("7", "bob")]
