"""Nothing gets out of the sender for a while: its syncs wait for the first half hour after that."""

from __future__ import annotations

import pytest

from cohortprop.errors import ToolkitError
from cohortprop.sender import Cohort, Sender, Source
from tests.cover.sender.driving import (
    CHURN,
    COHORT,
    DAY,
    DOWN,
    HALF_HOUR,
    always,
    churned,
    drive,
    failure,
    sender_of,
    stories,
    synced,
)


@pytest.mark.parametrize(
    ("until", "next_sync"),
    [
        (HALF_HOUR, HALF_HOUR),
        (HALF_HOUR + 1, 2 * HALF_HOUR),
        (2 * HALF_HOUR - 1, 2 * HALF_HOUR),
        (2 * HALF_HOUR, 2 * HALF_HOUR),
        (10.0, HALF_HOUR),
    ],
)
def test_the_next_sync_is_on_the_first_half_hour_at_or_after_its_end(until: float, next_sync: float) -> None:
    sender = churned()
    sender.hold(until)
    assert stories(drive(sender, 1, 3 * HALF_HOUR))[:2] == [(next_sync, said) for said in CHURN]


def test_the_half_hours_count_from_the_creation() -> None:
    source = Source()
    sender = Sender(source)
    for cohort, created_at in {"1": 100.0, "2": 200.0}.items():
        source.add_cohort(Cohort(cohort, "VIPs"))
        sender.create_sync(cohort, created_at)
    drive(sender, 100, 200)
    sender.hold(DAY)
    assert [each.due_at for each in sender.subscriptions.values()] == [DAY + 100, DAY + 200]


def test_what_is_due_at_its_end_or_after_it_stays_where_it_is() -> None:
    sender = sender_of("a")
    sender.source.add_cohort(Cohort("8", "Others"))
    sender.create_sync("8", 5000)
    drive(sender, 0, 0, always(failure(404)))
    sender.resume(COHORT, 4000)
    sender.hold(4000)
    assert [each.due_at for each in sender.subscriptions.values()] == [4000, 5000]
    sender.hold(4001)
    assert [each.due_at for each in sender.subscriptions.values()] == [3 * HALF_HOUR, 5000]


def test_floats_do_not_make_it_wait_for_the_next_one() -> None:
    subscription = sender_of("a").subscriptions[COHORT]
    subscription.created_at = 60 / 31 + HALF_HOUR
    for ticks in range(2000):
        tick = subscription.created_at + ticks * HALF_HOUR
        subscription.due_at = subscription.created_at - 1
        subscription.hold(tick)
        assert subscription.due_at == tick


def test_a_snapshot_expires_in_it_even_where_syncs_would_have_been_silent() -> None:
    sender = synced(empty_diff="silent")
    sender.hold(3 * DAY + 1)
    assert stories(drive(sender, 1, 3 * DAY + HALF_HOUR)) == [(3 * DAY + HALF_HOUR, "members(a, b)")]


def test_a_sync_under_way_cannot_be_held() -> None:
    sender = sender_of("a")
    resting = [sender.at_rest]
    drive(sender, 0, 0, always(DOWN))
    assert [*resting, sender.at_rest] == [True, False]
    with pytest.raises(ToolkitError, match=r"^held in the middle of a sync$"):
        sender.hold(DAY)


def test_what_is_paused_is_at_rest() -> None:
    sender = sender_of("a")
    drive(sender, 0, 0, always(failure(404)))
    assert sender.at_rest
