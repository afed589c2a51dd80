import pytest
from celery.contrib.testing.worker import start_worker
from celery_club import celery, create_app

from cohortprop import Receiver
from cohortprop.contrib.celery import SentTasks
from cohortprop.effects import Recorder
from cohortprop.pytest_plugin import CohortSyncTests


@pytest.fixture(scope="session")
def tasks():
    with SentTasks(celery) as sent, start_worker(celery, perform_ping_check=False):
        yield sent


@pytest.fixture
def cohort_receiver(tasks):
    recorder = Recorder()

    def receiver():
        tasks.reset()  # what an earlier trial has sent is done, or called off
        recorder.reset()
        club = create_app(recorder)
        return Receiver(
            club.app,
            path="/mixpanel",
            members=lambda list_id: club.members.get(list_id, ()),
            arrivals=recorder.arrivals,
            arrival_policy="once_per_user",
            drain=tasks.drain,
        )

    return receiver


class TestClub(CohortSyncTests):
    pass
