"""Queued work is done before anybody looks: on a plain queue, by RQ, and by Celery, eagerly and with a real worker."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fakeredis import FakeStrictRedis
from rq import Queue

from cohortprop.contrib.queues import joined
from cohortprop.contrib.rq import done_here
from tests.cover.contrib.mailers import judge, recorder, shop


def mail_by_rq(cohort: str, user: str) -> None:
    recorder.mail(cohort, user)


CELERY_CASES = Path(__file__).with_name("celery_cases.py")


@pytest.fixture(autouse=True)
def nothing_recorded() -> None:
    recorder.reset()


def test_a_plain_queue_is_waited_for() -> None:
    jobs: queue.Queue[tuple[str, str] | None] = queue.Queue()

    def work() -> None:
        while (job := jobs.get()) is not None:
            time.sleep(0.001)
            recorder.mail(*job)
            jobs.task_done()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        judge(shop(lambda *job: jobs.put(job), joined(jobs)))
    finally:
        jobs.put(None)
        worker.join()


def test_a_dead_worker_is_told() -> None:
    jobs: queue.Queue[str] = queue.Queue()
    jobs.put("mail")
    with pytest.raises(TimeoutError, match=r"there is still work on a queue after 0\.05 s"):
        joined(jobs, seconds=0.05)()


# RQ


def test_the_jobs_of_rq_are_done_here() -> None:
    jobs = Queue(connection=FakeStrictRedis())
    judge(shop(lambda *job: jobs.enqueue(mail_by_rq, *job), done_here(jobs)))


def test_rq_does_not_keep_ctrl_c() -> None:
    before = signal.getsignal(signal.SIGINT)
    jobs = Queue(connection=FakeStrictRedis())
    jobs.enqueue(mail_by_rq, "7", "ann")
    done_here(jobs)()
    assert recorder.arrivals() == [("7", "ann")]
    assert signal.getsignal(signal.SIGINT) is before


# Celery


def test_what_celery_has_to_do_is_done() -> None:
    """In a process of its own: signals and brokers of Celery are one for a process, whoever else has used them."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(CELERY_CASES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
