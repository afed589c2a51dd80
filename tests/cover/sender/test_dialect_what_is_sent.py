"""The questions of what a sync sends, and each reading of each told apart. One class per question."""

from __future__ import annotations

import pytest

from cohortprop.sender import Dialect, Sender
from tests.cover.sender.driving import (
    CHURN,
    COHORT,
    DAY,
    DOWN,
    HALF_HOUR,
    Sent,
    always,
    churned,
    drive,
    failure,
    in_turn,
    said,
    sender_of,
    synced,
)


class TestFullSync:
    @pytest.mark.parametrize(
        ("reading", "expected"),
        [("members", ["members(a, b)"]), ("add_members", ["add_members(a, b)", "remove_members()"])],
    )
    def test_the_first_sync(self, reading: str, expected: list[str]) -> None:
        assert said(drive(sender_of("ab", Dialect.pin({"full_sync": reading})), 0, 0)) == expected

    @pytest.mark.parametrize(
        ("reading", "expected"),
        [("members", ["members(b, c)"]), ("add_members", ["add_members(b, c)", "remove_members()"])],
    )
    def test_any_full_sync(self, reading: str, expected: list[str]) -> None:
        sender = churned(full_sync=reading)
        drive(sender, 1, 3 * DAY + 60, always(DOWN))
        assert said(drive(sender, 3 * DAY + 61, 3 * DAY + HALF_HOUR)) == expected


class TestEmptyDiff:
    @pytest.mark.parametrize(("reading", "expected"), [("sent", ["add_members()", "remove_members()"]), ("silent", [])])
    def test_no_change(self, reading: str, expected: list[str]) -> None:
        assert said(drive(synced(empty_diff=reading), 1, HALF_HOUR)) == expected

    @pytest.mark.parametrize(
        ("reading", "expected"),
        [("sent", ["add_members(c)", "remove_members()"]), ("silent", ["add_members(c)"])],
    )
    def test_half_a_change(self, reading: str, expected: list[str]) -> None:
        sender = synced(empty_diff=reading)
        sender.source.join(COHORT, "c")
        assert said(drive(sender, 1, HALF_HOUR)) == expected

    @pytest.mark.parametrize("reading", ["sent", "silent"])
    def test_an_empty_cohorts_full_sync_by_members_is_sent_all_the_same(self, reading: str) -> None:
        """How else would the receiver hear that everyone has left?"""
        assert said(drive(sender_of("", Dialect.pin({"empty_diff": reading})), 0, 0)) == ["members()"]

    @pytest.mark.parametrize(("reading", "expected"), [("sent", ["add_members()", "remove_members()"]), ("silent", [])])
    def test_an_empty_cohorts_full_sync_by_add_members(self, reading: str, expected: list[str]) -> None:
        dialect = Dialect.pin({"empty_diff": reading, "full_sync": "add_members"})
        assert said(drive(sender_of("", dialect), 0, 0)) == expected


class TestOptionalFields:
    DEFAULT_PROPERTIES = frozenset({"mixpanel_distinct_id", "email", "first_name", "last_name", "phone_number"})
    USERS = "abcdefghij"

    def fields_of(self, reading: str, page_size: int = 1000) -> tuple[set[str], list[frozenset[str]]]:
        """Of the first page: its parameters, and the properties of each member."""
        sent = drive(sender_of(self.USERS, Dialect.pin({"optional_fields": reading}), page_size=page_size), 0, 0)
        parameters = sent[0].delivery.payload["parameters"]
        return set(parameters), [frozenset(member) for member in parameters["members"]]

    REQUIRED = frozenset(
        {"mixpanel_project_id", "mixpanel_cohort_name", "mixpanel_cohort_id", "mixpanel_session_id", "members"}
    )
    ALL = REQUIRED | {"page_info", "mixpanel_cohort_description"}

    def test_all(self) -> None:
        parameters, members = self.fields_of("all")
        assert parameters == self.ALL
        assert members == [self.DEFAULT_PROPERTIES] * 10

    def test_populated(self) -> None:
        parameters, members = self.fields_of("populated")
        assert parameters == self.ALL
        assert all("mixpanel_distinct_id" in member and member <= self.DEFAULT_PROPERTIES for member in members)
        assert len(set(members)) > 3, "the keys differ from member to member"
        assert min(map(len, members)) < 5

    def test_bare_on_a_single_page(self) -> None:
        parameters, members = self.fields_of("bare")
        assert parameters == self.REQUIRED
        assert members == [self.DEFAULT_PROPERTIES] * 10

    def test_bare_on_several_pages(self) -> None:
        parameters, _ = self.fields_of("bare", page_size=9)
        assert parameters == self.ALL

    def test_extra(self) -> None:
        parameters, members = self.fields_of("extra")
        assert parameters == self.ALL | {"mixpanel_integration_id"}
        assert members == [self.DEFAULT_PROPERTIES] * 10


class TestAfterFailure:
    @pytest.mark.parametrize(("reading", "expected"), [("diff", CHURN), ("members", ["members(b, c)"])])
    def test_the_next_sync(self, reading: str, expected: list[str]) -> None:
        sender = churned(after_failure=reading)
        assert said(drive(sender, 1, HALF_HOUR + 60, always(DOWN))) == CHURN[:1] * 6
        assert said(drive(sender, HALF_HOUR + 61, 2 * HALF_HOUR)) == expected

    @pytest.mark.parametrize(("reading", "expected"), [("diff", CHURN), ("members", ["members(b, c)"])])
    def test_the_next_sync_after_a_pause(self, reading: str, expected: list[str]) -> None:
        sender = churned(after_failure=reading)
        drive(sender, 1, HALF_HOUR, always(failure(404)))
        sender.resume(COHORT, HALF_HOUR + 5)
        assert said(drive(sender, HALF_HOUR + 5, HALF_HOUR + 5)) == expected

    def test_a_refresh_is_by_members_even_where_full_syncs_are_not(self) -> None:
        sender = sender_of("ab", Dialect(after_failure="members", full_sync="add_members"))
        assert said(drive(sender, 0, 60, always(DOWN))) == ["add_members(a, b)"] * 6
        assert said(drive(sender, 61, HALF_HOUR)) == ["members(a, b)"]

    def test_once_it_came_through_diffs_go_on(self) -> None:
        sender = churned(after_failure="members")
        drive(sender, 1, HALF_HOUR + 60, always(DOWN))
        drive(sender, HALF_HOUR + 61, 2 * HALF_HOUR)
        assert said(drive(sender, 2 * HALF_HOUR + 1, 3 * HALF_HOUR)) == ["add_members()", "remove_members()"]


class TestRestartedSync:
    def restarted(self, reading: str, **readings: str) -> tuple[list[Sent], list[Sent], Sender]:
        """Deliveries of a sync that failed at its second page, and of the one after it; meanwhile d has joined."""
        sender = sender_of("abc", Dialect.pin({"restarted_sync": reading, **readings}), page_size=1)
        first = drive(sender, 0, 60, in_turn(None, *[DOWN] * 6))
        sender.source.join(COHORT, "d")
        sender.source.leave(COHORT, "a")
        return [first[0], first[1]], drive(sender, 61, HALF_HOUR), sender

    def test_new_session(self) -> None:
        first, again, _ = self.restarted("new_session")
        assert said(again) == [f"members({user}) page {number} of 3" for number, user in enumerate("bcd", 1)]
        assert first[0].delivery.session_id != again[0].delivery.session_id

    def test_same_deliveries(self) -> None:
        first, again, sender = self.restarted("same_deliveries")
        assert said(again) == [f"members({user}) page {number} of 3" for number, user in enumerate("abc", 1)]
        assert {each.delivery.session_id for each in again} == {first[0].delivery.session_id}
        assert [again[0].delivery is first[0].delivery, again[1].delivery is first[1].delivery] == [True, True]
        after = drive(sender, HALF_HOUR + 1, 2 * HALF_HOUR)
        assert said(after) == ["add_members(d)", "remove_members(a)"]
        assert after[0].delivery.session_id != first[0].delivery.session_id

    def test_same_deliveries_as_often_as_it_takes(self) -> None:
        sender = churned(restarted_sync="same_deliveries")
        sent = drive(sender, 1, 4 * HALF_HOUR - 1, always(DOWN))
        assert len({id(each.delivery) for each in sent}) == 1
        assert len(sent) == 18

    def test_not_of_a_diff_whose_snapshot_has_expired(self) -> None:
        sender = churned(restarted_sync="same_deliveries")
        (first,) = drive(sender, 1, HALF_HOUR, in_turn(failure(405)))
        drive(sender, HALF_HOUR + 1, 3 * DAY, always(failure(405)))
        (full,) = drive(sender, 3 * DAY + 1, 3 * DAY + HALF_HOUR)
        assert str(full.delivery) == "members(b, c)"
        assert full.delivery.session_id != first.delivery.session_id

    def test_not_of_a_sync_that_has_come_through_since(self) -> None:
        sender = sender_of("ab", Dialect(restarted_sync="same_deliveries"))
        (failed,) = drive(sender, 0, HALF_HOUR - 1, always(failure(405)))
        (taken,) = drive(sender, HALF_HOUR, HALF_HOUR)
        assert taken.delivery is failed.delivery
        sender.source.join(COHORT, "c")
        sender.hold(HALF_HOUR + 3 * DAY + 1)
        (full,) = drive(sender, HALF_HOUR + 1, 2 * HALF_HOUR + 3 * DAY)
        assert str(full.delivery) == "members(a, b, c)"

    def test_not_where_a_refresh_by_members_is_due_instead(self) -> None:
        """As `add_members` it would not be the refresh that is promised after a failure."""
        _, again, _ = self.restarted("same_deliveries", after_failure="members", full_sync="add_members")
        assert said(again) == [f"members({user}) page {number} of 3" for number, user in enumerate("bcd", 1)]

    def test_not_of_a_diff_where_a_refresh_is_due(self) -> None:
        sender = churned(restarted_sync="same_deliveries", after_failure="members")
        drive(sender, 1, HALF_HOUR, always(failure(405)))
        assert said(drive(sender, HALF_HOUR + 1, 2 * HALF_HOUR)) == ["members(b, c)"]

    def test_but_of_a_full_sync_by_members_where_a_refresh_is_due(self) -> None:
        first, again, _ = self.restarted("same_deliveries", after_failure="members")
        assert again[0].delivery is first[0].delivery

    def test_a_repeated_success_is_the_snapshot_of_what_it_spoke_of(self) -> None:
        _, _, sender = self.restarted("same_deliveries")
        snapshot = sender.subscriptions[COHORT].snapshot
        assert snapshot is not None
        assert list(snapshot.members) == ["a", "b", "c"]
        assert snapshot.taken_at == HALF_HOUR


class TestPageNumbers:
    @pytest.mark.parametrize(
        ("reading", "numbers"),
        [("each_half", [(1, 2), (2, 2), (1, 1)]), ("one_run", [(1, 3), (2, 3), (3, 3)])],
    )
    def test_of_a_diff(self, reading: str, numbers: list[tuple[int, int]]) -> None:
        sender = churned(page_numbers=reading, page_size=1)
        sender.source.join(COHORT, "d")
        sent = drive(sender, 1, HALF_HOUR)
        assert [(each.delivery.page, each.delivery.total_pages) for each in sent] == numbers
        in_body = [each.delivery.payload["parameters"]["page_info"] for each in sent]
        assert in_body == [{"total_pages": total, "page_count": page} for page, total in numbers]
        assert [each.delivery.action for each in sent] == ["add_members", "add_members", "remove_members"]

    @pytest.mark.parametrize("reading", ["each_half", "one_run"])
    def test_of_a_full_sync(self, reading: str) -> None:
        sent = drive(sender_of("ab", Dialect.pin({"page_numbers": reading}), page_size=1), 0, 0)
        assert [(each.delivery.page, each.delivery.total_pages) for each in sent] == [(1, 2), (2, 2)]

    def test_a_half_in_one_run_is_no_single_page(self) -> None:
        sender = churned(page_numbers="one_run", optional_fields="bare")
        adds, removes = drive(sender, 1, HALF_HOUR)
        assert "page_info" in adds.delivery.payload["parameters"]
        assert removes.delivery.payload["parameters"]["page_info"] == {"total_pages": 2, "page_count": 2}


class TestHalves:
    @pytest.mark.parametrize(("reading", "expected"), [("adds_first", CHURN), ("removes_first", CHURN[::-1])])
    def test_of_a_diff(self, reading: str, expected: list[str]) -> None:
        assert said(drive(churned(halves=reading), 1, HALF_HOUR)) == expected

    def test_of_a_full_sync_by_add_members(self) -> None:
        dialect = Dialect(full_sync="add_members", halves="removes_first")
        assert said(drive(sender_of("ab", dialect), 0, 0)) == ["remove_members()", "add_members(a, b)"]
