import pytest
from shop_mended import receiver

from cohortprop.pytest_plugin import CohortSyncTests


@pytest.fixture
def cohort_receiver():
    return receiver  # not called: each trial wants a fresh one


class TestShop(CohortSyncTests):
    pass


def test_whoever_left_while_we_were_down_is_gone(cohort_sync):
    cohort_sync.join("ann", "bob")
    cohort_sync.sync()
    cohort_sync.outage(days=4)
    cohort_sync.leave("ann")
    cohort_sync.settle()
    assert cohort_sync.members() == {"bob"}


def test_nobody_is_welcomed_twice(cohort_sync):
    cohort_sync.begin({"VIPs": ["ann", "bob"]}, page_size=1)
    cohort_sync.sync()
    cohort_sync.join("cy")
    cohort_sync.lose_last_ack()
    cohort_sync.sync()
    assert cohort_sync.arrivals() == ["ann", "bob", "cy"]
