"""A refresh: the next sync is a full one by `members`, at once. ("members: ... or to refresh the cohort")"""

from __future__ import annotations

import pytest

from cohortprop.sender import Sleep
from tests.cover.sender.driving import (
    COHORT,
    DOWN,
    HALF_HOUR,
    always,
    churned,
    drive,
    failure,
    in_turn,
    said,
    stories,
    synced,
)

REFRESH = "members(b, c)"


@pytest.mark.parametrize("full_sync", ["members", "add_members"])
@pytest.mark.parametrize("after_failure", ["diff", "members"])
def test_at_once_and_by_members_in_every_dialect(full_sync: str, after_failure: str) -> None:
    sender = churned(full_sync=full_sync, after_failure=after_failure)
    sender.refresh(COHORT, 100)
    assert stories(drive(sender, 100, HALF_HOUR - 1)) == [(100.0, REFRESH)]
    assert sender.poll(100) == Sleep(HALF_HOUR)
    assert said(drive(sender, HALF_HOUR, HALF_HOUR)) == ["add_members()", "remove_members()"]


def test_of_an_empty_cohort_is_one_empty_page() -> None:
    sender = synced("", full_sync="add_members", empty_diff="silent")
    sender.refresh(COHORT, 100)
    assert said(drive(sender, 100, 100)) == ["members()"]


def test_is_asked_for_once() -> None:
    sender = churned()
    sender.refresh(COHORT, 100)
    drive(sender, 100, 100, always(failure(422)))
    assert said(drive(sender, 101, HALF_HOUR)) == ["add_members(c)", "remove_members(a)"]


@pytest.mark.parametrize("moment", [HALF_HOUR, HALF_HOUR + 1])
def test_in_mid_sync_waits_for_its_end_and_leaves_the_retries_alone(moment: float) -> None:
    sender = churned()
    drive(sender, 1, moment, always(DOWN))
    sender.refresh(COHORT, moment)
    assert sender.poll(moment) == Sleep(HALF_HOUR + 60 / 31)
    retry = HALF_HOUR + 60 / 31
    assert stories(drive(sender, moment, 2 * HALF_HOUR - 1)) == [
        (retry, "add_members(c)"),
        (retry, "remove_members(a)"),
        (retry, REFRESH),
    ]


def test_while_paused_waits_for_the_resume() -> None:
    sender = churned(resume="next_tick")
    drive(sender, 1, HALF_HOUR, always(failure(404)))
    sender.refresh(COHORT, HALF_HOUR + 10)
    assert drive(sender, HALF_HOUR + 10, 2 * HALF_HOUR - 1) == []
    sender.resume(COHORT, 2 * HALF_HOUR + 1)
    assert stories(drive(sender, 2 * HALF_HOUR + 1, 3 * HALF_HOUR)) == [(3 * HALF_HOUR, REFRESH)]


def test_is_planned_anew_even_where_a_failed_sync_is_sent_again_to_the_letter() -> None:
    sender = churned(restarted_sync="same_deliveries", page_size=1)
    drive(sender, 1, HALF_HOUR, in_turn(None, failure(422)))
    sender.refresh(COHORT, HALF_HOUR + 1)
    sent = drive(sender, HALF_HOUR + 1, HALF_HOUR + 1, in_turn(None, failure(422)))
    assert said(sent) == ["members(b) page 1 of 2", "members(c) page 2 of 2"]
    sender.source.join(COHORT, "d")
    sender.refresh(COHORT, HALF_HOUR + 2)
    again = drive(sender, HALF_HOUR + 2, HALF_HOUR + 2)
    assert said(again) == [f"members({user}) page {n} of 3" for n, user in enumerate("bcd", 1)]
    assert again[0].delivery.session_id != sent[0].delivery.session_id


def test_that_failed_is_no_longer_due_when_a_diff_is() -> None:
    sender = churned(restarted_sync="same_deliveries")
    sender.refresh(COHORT, 100)
    drive(sender, 100, 100, always(failure(422)))
    assert said(drive(sender, 101, HALF_HOUR)) == ["add_members(c)", "remove_members(a)"]
