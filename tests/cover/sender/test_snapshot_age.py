"""A snapshot is good for three days; then the next sync is a full one. ("Full Sync", "Diffing")"""

from __future__ import annotations

import pytest

from cohortprop.sender import Cohort, Dialect, Sender, Source
from tests.cover.sender.driving import (
    COHORT,
    DAY,
    DOWN,
    HALF_HOUR,
    accept,
    always,
    drive,
    failure,
    said,
    sender_of,
)

THREE_DAYS = 3 * DAY
DIFF = ["add_members(new)", "remove_members(old)"]
FULL = ["members(stays, new)"]


def changed(dialect: Dialect | None = None) -> Sender:
    """Synced at moment 0, and changed since."""
    sender = sender_of(["old", "stays"], dialect)
    drive(sender, 0, 0)
    sender.source.leave(COHORT, ["old"])
    sender.source.join(COHORT, ["new"])
    return sender


@pytest.mark.parametrize("age", [THREE_DAYS - HALF_HOUR, THREE_DAYS, THREE_DAYS + HALF_HOUR])
def test_while_failing(age: float) -> None:
    """Three days are 144 half hours, so that the last of them meets the snapshot at exactly three days."""
    sender = changed()
    drive(sender, 1, age - 1, always(DOWN))
    assert said(drive(sender, age, age)) == (FULL if age > THREE_DAYS else DIFF)


@pytest.mark.parametrize("age", [THREE_DAYS - 1, THREE_DAYS, THREE_DAYS + 1])
def test_while_paused(age: float) -> None:
    sender = changed()
    assert said(drive(sender, 1, age - 1, always(failure(404)))) == DIFF[:1]
    sender.resume(COHORT, age)
    assert said(drive(sender, age, age)) == (FULL if age > THREE_DAYS else DIFF)


@pytest.mark.parametrize(
    ("lag", "kind"),
    [(1, "diff"), (0, "diff"), (-1, "full")],
    ids=["one second under", "exactly", "one second over"],
)
def test_while_failing_to_the_second(lag: float, kind: str) -> None:
    """The snapshot is as old as the sync that made it is long: it counts from the last acknowledgement."""
    sender = changed()
    snapshot = sender.subscriptions[COHORT].snapshot
    assert snapshot is not None
    snapshot.taken_at += lag
    drive(sender, 1, THREE_DAYS, always(DOWN))
    assert [entry.kind for entry in sender.log if entry.outcome == "started"][-1] == kind


@pytest.mark.parametrize("reading", ["valid", "expired"])
def test_exactly_three_days_is_a_question_of_the_dialect(reading: str) -> None:
    sender = changed(Dialect.pin({"three_days": reading}))
    drive(sender, 1, THREE_DAYS - 1, always(DOWN))
    assert said(drive(sender, THREE_DAYS, THREE_DAYS)) == (DIFF if reading == "valid" else FULL)


@pytest.mark.parametrize("reading", ["valid", "expired"])
@pytest.mark.parametrize("created_at", [60 / 31, 3409.9, 4340.226535716])
def test_exactly_three_days_is_so_whatever_floats_make_of_it(created_at: float, reading: str) -> None:
    source = Source()
    source.add_cohort(Cohort(COHORT, "VIPs"))
    sender = Sender(source, Dialect.pin({"three_days": reading}))
    sender.create_sync(COHORT, created_at)
    drive(sender, created_at, created_at)
    source.join(COHORT, ["new"])
    drive(sender, created_at, created_at + THREE_DAYS + 1, always(DOWN))
    kinds = [entry.kind for entry in sender.log if entry.outcome == "started"]
    assert kinds == ["full"] + ["diff"] * 143 + ["diff" if reading == "valid" else "full"]


def test_a_sync_that_changed_nothing_has_a_snapshot_of_its_own() -> None:
    sender = sender_of("ab")
    drive(sender, 0, HALF_HOUR)
    sender.source.join(COHORT, "c")
    sender.source.leave(COHORT, "a")
    assert said(drive(sender, HALF_HOUR + 1, 2 * HALF_HOUR)) == ["add_members(c)", "remove_members(a)"]


def test_but_its_million_members_are_not_copied() -> None:
    sender = sender_of("ab")
    snapshots = []
    for tick in (0, HALF_HOUR):
        drive(sender, tick, tick)
        snapshots.append(sender.subscriptions[COHORT].snapshot)
    first, second = snapshots
    assert first is not None
    assert second is not None
    assert second is not first
    assert second.members is first.members
    assert second.members is not sender.source.cohort(COHORT).members


@pytest.mark.parametrize(("over", "kind"), [(4e-7, "diff"), (2e-6, "full")])
def test_ages_are_told_apart_to_the_microsecond(over: float, kind: str) -> None:
    sender = changed()
    snapshot = sender.subscriptions[COHORT].snapshot
    assert snapshot is not None
    snapshot.taken_at = HALF_HOUR - THREE_DAYS - over
    drive(sender, 1, HALF_HOUR)
    assert [entry.kind for entry in sender.log if entry.outcome == "started"][-1] == kind


def test_it_counts_from_the_success_not_from_the_start_of_the_sync() -> None:
    sender = sender_of(["old"])
    drive(sender, 0, 59, always(DOWN))
    drive(sender, 60, 60)
    snapshot = sender.subscriptions[COHORT].snapshot
    assert snapshot is not None
    assert snapshot.taken_at == 60
    sender.source.join(COHORT, ["new"])
    drive(sender, 61, THREE_DAYS + HALF_HOUR, always(DOWN))
    kinds = [entry.kind for entry in sender.log if entry.outcome == "started"]
    assert kinds == ["full"] + ["diff"] * 144 + ["full"]


def test_each_success_renews_it() -> None:
    sender = changed()
    drive(sender, 1, 2 * THREE_DAYS)
    sender.source.leave(COHORT, ["new"])
    assert said(drive(sender, 2 * THREE_DAYS + 1, 2 * THREE_DAYS + HALF_HOUR)) == [
        "add_members()",
        "remove_members(new)",
    ]


def test_so_does_a_silent_one() -> None:
    sender = changed(Dialect(empty_diff="silent"))
    assert said(drive(sender, 1, 2 * THREE_DAYS)) == DIFF
    sender.source.leave(COHORT, ["new"])
    assert said(drive(sender, 2 * THREE_DAYS, 2 * THREE_DAYS + HALF_HOUR)) == ["remove_members(new)"]


def test_after_the_full_sync_diffs_go_on() -> None:
    sender = changed()
    drive(sender, 1, THREE_DAYS + 60, always(DOWN))
    assert said(drive(sender, THREE_DAYS + 61, THREE_DAYS + HALF_HOUR)) == FULL
    sender.source.join(COHORT, ["newer"])
    late = THREE_DAYS + 2 * HALF_HOUR
    assert said(drive(sender, late - 1, late)) == ["add_members(newer)", "remove_members()"]


def test_a_full_sync_that_fails_is_followed_by_a_full_sync() -> None:
    sender = sender_of(["old"])
    drive(sender, 0, HALF_HOUR, lambda send, now: DOWN if now < HALF_HOUR else accept(send, now))
    assert [entry.kind for entry in sender.log if entry.outcome == "started"] == ["full", "full"]
