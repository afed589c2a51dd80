"""How many members make how many pages, and how the pages are numbered. ("Sync Behavior", "FAQ")"""

from __future__ import annotations

import pytest

from cohortprop.errors import UsageError
from cohortprop.sender import Dialect, Sender, Source
from cohortprop.wire import Delivery
from tests.cover.sender.driving import (
    COHORT,
    DOWN,
    HALF_HOUR,
    Sent,
    always,
    drive,
    in_turn,
    sender_of,
    stories,
)


def users(count: int) -> list[str]:
    return [f"u{number}" for number in range(count)]


def pages(sent: list[Sent]) -> list[tuple[str, int, int, int]]:
    """Action, number, total and size of each page."""
    found: list[Delivery] = [each.delivery for each in sent]
    return [(page.action, page.page, page.total_pages, page.size) for page in found]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, [0]), (1, [1]), (999, [999]), (1000, [1000]), (1001, [1000, 1]), (2000, [1000, 1000])],
)
def test_a_full_sync(count: int, sizes: list[int]) -> None:
    sent = drive(sender_of(users(count)), 0, 0)
    assert pages(sent) == [("members", number + 1, len(sizes), size) for number, size in enumerate(sizes)]
    assert [user for each in sent for user in each.delivery.ids] == users(count)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, [0]), (1, [1]), (999, [999]), (1000, [1000]), (1001, [1000, 1]), (2000, [1000, 1000])],
)
def test_both_halves_of_a_diff(count: int, sizes: list[int]) -> None:
    sender = sender_of([f"old{number}" for number in range(count)])
    drive(sender, 0, 0)
    sender.source.leave(COHORT, list(sender.source.members(COHORT)))
    sender.source.join(COHORT, users(count))
    sent = drive(sender, 1, HALF_HOUR)
    halves = [("add_members", "u"), ("remove_members", "old")]
    assert pages(sent) == [
        (action, number + 1, len(sizes), size) for action, _ in halves for number, size in enumerate(sizes)
    ]
    named = [user for each in sent for user in each.delivery.ids]
    assert named == [f"{prefix}{number}" for _, prefix in halves for number in range(count)]


@pytest.mark.parametrize(("page_size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (4, [4, 1]), (5, [5]), (6, [5])])
def test_the_page_size_is_a_parameter(page_size: int, sizes: list[int]) -> None:
    sent = drive(sender_of("abcde", page_size=page_size), 0, 0)
    assert [each.delivery.size for each in sent] == sizes
    assert stories(sent)[0][1].startswith("members(a")
    assert [user for each in sent for user in each.delivery.ids] == list("abcde")


@pytest.mark.parametrize("page_size", [0, -1, 1001])
def test_a_page_holds_1_to_1000(page_size: int) -> None:
    with pytest.raises(UsageError, match=f"^page_size={page_size}: a page holds 1 to 1000 members$"):
        Sender(Source(), page_size=page_size)


def test_the_largest_and_the_smallest_page_are_allowed() -> None:
    assert Sender(Source(), page_size=1).page_size == 1
    assert Sender(Source(), page_size=1000).page_size == 1000
    assert Sender(Source()).page_size == 1000


class TestEncodedOnce:
    """A page is encoded when it falls due; each further attempt sends that very object."""

    def test_a_retry_sends_the_identical_bytes(self) -> None:
        sender = sender_of("abc", page_size=2)
        sent = drive(sender, 0, 60, in_turn(DOWN, DOWN, None, DOWN))
        assert [each.send.attempt for each in sent] == [1, 2, 3, 1, 2]
        first, second = sent[0].delivery, sent[3].delivery
        assert [each.delivery is first for each in sent] == [True, True, True, False, False]
        assert sent[4].delivery is second
        assert sent[1].delivery.body is first.body

    def test_a_change_between_two_tries_is_not_seen(self) -> None:
        sender = sender_of("a")
        drive(sender, 0, 0, always(DOWN))
        sender.source.rename(COHORT, "Others")
        sender.source.edit("a", "email", "new@example.com")
        (sent,) = drive(sender, 1, 2)
        assert sent.delivery.cohort_name == "VIPs"
        assert sent.delivery.members[0]["email"] == "a@example.com"

    def test_only_the_page_in_hand_is_kept(self) -> None:
        """A large cohort must not stay in memory, encoded."""
        sender = sender_of("abc", page_size=1)
        drive(sender, 0, 0, in_turn(None, None, DOWN))
        plan = sender.subscriptions[COHORT].plan
        assert plan is not None
        assert [page.ids for page in plan._composed.values()] == [("c",)]

    def test_all_pages_are_kept_where_a_restart_repeats_them(self) -> None:
        sender = sender_of("abc", Dialect(restarted_sync="same_deliveries"), page_size=1)
        drive(sender, 0, 0, in_turn(None, None, DOWN))
        plan = sender.subscriptions[COHORT].plan
        assert plan is not None
        assert [page.ids for page in plan._composed.values()] == [("a",), ("b",), ("c",)]


def test_a_plan_is_computed_at_once_and_its_members_are_not_those_of_a_moment_later() -> None:
    sender = sender_of("abc", page_size=1)
    drive(sender, 0, 0, in_turn(None, DOWN))
    sender.source.leave(COHORT, "c")
    sender.source.join(COHORT, "d")
    assert stories(drive(sender, 1, HALF_HOUR - 1)) == [
        (60 / 31, "members(b) page 2 of 3"),
        (60 / 31, "members(c) page 3 of 3"),
    ]
    assert stories(drive(sender, 2, HALF_HOUR)) == [(HALF_HOUR, "add_members(d)"), (HALF_HOUR, "remove_members(c)")]


def test_a_page_carries_the_name_of_the_moment_when_it_is_composed() -> None:
    sender = sender_of("ab", page_size=1)
    drive(sender, 0, 0, in_turn(DOWN))
    sender.source.rename(COHORT, "Others")
    sender.source.describe(COHORT, None)
    first, second = drive(sender, 1, 2)
    assert first.delivery.payload["parameters"]["mixpanel_cohort_description"] == "who buys most"
    assert second.delivery.payload["parameters"]["mixpanel_cohort_name"] == "Others"
    assert "mixpanel_cohort_description" not in second.delivery.payload["parameters"]
