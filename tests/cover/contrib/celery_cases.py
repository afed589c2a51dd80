"""Celery's queues, eagerly and with a real worker. `test_queues` runs these in a process of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from cohortprop.contrib.celery import SentTasks
from cohortprop.simulation import open_clock
from tests.cover.contrib.mailers import judge, recorder, shop

app = Celery("shop", broker="memory://")
app.conf.broker_transport_options = {"polling_interval": 0.01}


@app.task(bind=True, max_retries=2)
def mail(self: Any, cohort: str, user: str, fail: int = 0) -> None:
    if self.request.retries < fail:
        raise self.retry(countdown=0)
    recorder.mail(cohort, user)


@pytest.fixture(autouse=True)
def nothing_recorded() -> None:
    recorder.reset()


@pytest.fixture(scope="module")
def tasks() -> Iterator[SentTasks]:
    with SentTasks(app) as sent, start_worker(app, perform_ping_check=False):
        yield sent


def test_eager_tasks_need_no_waiting() -> None:
    app.conf.task_always_eager = True
    try:
        judge(shop(mail.delay, None))
    finally:
        app.conf.task_always_eager = False


def test_a_real_worker_is_waited_for(tasks: SentTasks) -> None:
    judge(shop(mail.delay, tasks.drain))


def test_a_worker_leaves_logging_alone(tasks: SentTasks, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("shop").warning("a word")
    assert caplog.messages == ["a word"]


def test_a_task_that_is_tried_again_is_waited_for(tasks: SentTasks) -> None:
    mail.delay("7", "ann", fail=2)
    tasks.drain()
    assert recorder.arrivals() == [("7", "ann")]


def test_a_task_that_fails_is_not_waited_for_for_ever(tasks: SentTasks) -> None:
    mail.delay("7", "ann", fail=5)
    tasks.drain()
    assert recorder.arrivals() == []


def test_a_task_that_is_put_off_waits_for_virtual_time(tasks: SentTasks) -> None:
    with open_clock("freezegun") as clock:
        clock.start(datetime(2026, 1, 5, tzinfo=UTC))
        mail.apply_async(("7", "ann"), countdown=3600)
        tasks.drain()
        assert recorder.arrivals() == []
        clock.move(3601)
        tasks.drain()
        assert recorder.arrivals() == [("7", "ann")]


def test_a_task_that_is_put_off_is_called_off_by_a_reset(tasks: SentTasks) -> None:
    with open_clock("freezegun") as clock:
        clock.start(datetime(2026, 1, 5, tzinfo=UTC))
        mail.apply_async(("7", "ann"), countdown=3600)
        tasks.reset()
        clock.move(3601)
        mail.delay("7", "bob")
        tasks.drain()
        assert recorder.arrivals() == [("7", "bob")]


def test_without_a_worker_it_is_told() -> None:
    lonely = Celery("lonely", broker="memory://", set_as_current=False)
    lonely.conf.task_default_queue = "nobody"
    with SentTasks(lonely, seconds=0.05) as sent:
        lonely.send_task("mail")
        with pytest.raises(TimeoutError, match=r"a task that was sent to Celery is not done after 0\.05 s"):
            sent.drain()


def test_a_worker_elsewhere_is_believed_by_its_result_backend() -> None:
    remote = Celery("remote", broker="memory://", backend="cache+memory://", set_as_current=False)
    remote.conf.task_default_queue = "elsewhere"
    with SentTasks(remote, seconds=0.05) as sent:
        task = remote.send_task("mail")
        assert sent._due() == [task.id]
        remote.backend.store_result(task.id, None, "SUCCESS")
        sent.drain()
        assert not sent._open


def test_nothing_is_heard_once_it_is_closed() -> None:
    with SentTasks(app) as sent:
        pass
    app.send_task("nothing", queue="nobody")
    sent.drain()
