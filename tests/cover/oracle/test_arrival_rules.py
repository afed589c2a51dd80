"""The rules of arrivals, one class each: how many mails a user may have, and must have.

`arrivals` gives ``(user, count, least, most)`` for each user with too many or too few.
"""

from __future__ import annotations

import pytest

from cohortprop.oracle import ArrivalFault, Oracle
from tests.cover.oracle.telling import COHORT, adds, arrivals, full, removes, settle, settled


class TestAtMostAsOftenAsShown:
    """Each time that the deliveries, read in order, turn a user from out to in, one mail is right."""

    @pytest.mark.parametrize("entry", [full("a"), adds("a")])
    def test_an_entry_is_one(self, entry: object) -> None:
        oracle = settled(entry)  # type: ignore[arg-type]
        assert arrivals(oracle, {"a": 1}) == []
        assert arrivals(oracle, {"a": 2}) == [("a", 2, 1, 1)]

    def test_it_is_right_as_soon_as_the_delivery_has_reached(self) -> None:
        """Spared: who mails at once (1), and who waits for the end of the session (0)."""
        oracle = Oracle()
        oracle.reach(adds("a"))
        assert arrivals(oracle, {"a": 1}) == []
        assert arrivals(oracle, {}) == []
        assert arrivals(oracle, {"a": 2}) == [("a", 2, 0, 1)]

    def test_being_named_again_is_none(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, adds("a", "again"))
        settle(oracle, full("a", "refresh"))
        assert arrivals(oracle, {"a": 1}) == []
        assert arrivals(oracle, {"a": 2}) == [("a", 2, 1, 1)]

    def test_leaving_and_coming_back_is_another(self) -> None:
        """Spared: who mails on each entry (2), and who never mails anybody twice (1)."""
        oracle = settled(full("a"))
        settle(oracle, removes("a", "out"))
        settle(oracle, adds("a", "in"))
        assert [arrivals(oracle, {"a": count}) for count in (0, 1, 2, 3)] == [
            [("a", 0, 1, 2)],
            [],
            [],
            [("a", 3, 1, 2)],
        ]

    def test_a_removal_that_was_not_acknowledged_counts_too(self) -> None:
        """Spared: who applied it, so that the user came in again."""
        oracle = settled(full("a"))
        oracle.reach(removes("a", "failed"))
        settle(oracle, full("a", "refresh"))
        assert arrivals(oracle, {"a": 2}) == []

    def test_being_left_out_of_a_complete_full_sync_is_leaving(self) -> None:
        """Spared: who replaces the cohort when its last page has come."""
        oracle = settled(full("ab"))
        settle(oracle, full("b", "second"))
        settle(oracle, adds("a", "third"))
        assert arrivals(oracle, {"a": 2, "b": 1}) == []
        assert arrivals(oracle, {"a": 1, "b": 2}) == [("b", 2, 1, 1)]

    def test_of_an_incomplete_one_it_is_not(self) -> None:
        oracle = settled(full("ab"))
        oracle.reach(full("b", "aborted", 1, 2))
        settle(oracle, full("ab", "whole"))
        assert arrivals(oracle, {"a": 2, "b": 1}) == [("a", 2, 1, 1)]

    def test_the_last_page_does_not_make_it_complete_while_another_is_missing(self) -> None:
        oracle = settled(full("ab"))
        oracle.reach(full("b", "torn", 2, 2))
        settle(oracle, full("ab", "whole"))
        assert arrivals(oracle, {"a": 2, "b": 1}) == [("a", 2, 1, 1)]

    def test_being_on_an_earlier_page_of_it_is_not_being_left_out(self) -> None:
        oracle = settled(full("ab"))
        settle(oracle, full("a", "next", 1, 2), full("b", "next", 2, 2))
        settle(oracle, full("ab", "third"))
        assert arrivals(oracle, {"a": 1, "b": 1}) == []
        assert arrivals(oracle, {"a": 2, "b": 2}) == [("a", 2, 1, 1), ("b", 2, 1, 1)]

    def test_a_page_that_comes_twice_is_one_page(self) -> None:
        oracle = settled(full("ab"))
        oracle.reach(full("b", "torn", 1, 2))
        oracle.reach(full("b", "torn", 1, 2))
        settle(oracle, full("ab", "whole"))
        assert arrivals(oracle, {"a": 2, "b": 1}) == [("a", 2, 1, 1)]

    def test_a_diff_leaves_nobody_out(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, adds("b"), removes(""))
        settle(oracle, adds("a", "again"))
        assert arrivals(oracle, {"a": 2, "b": 1}) == [("a", 2, 1, 1)]

    def test_an_immediate_duplicate_and_a_retry_are_none(self) -> None:
        oracle = settled(adds("a"), adds("a"), adds("a"))
        assert arrivals(oracle, {"a": 2}) == [("a", 2, 1, 1)]

    def test_each_cohort_counts_for_itself(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, full("a", "other", cohort="8"))
        assert oracle.judge_arrivals({(COHORT, "a"): 2, ("8", "a"): 0}) == [
            ArrivalFault(COHORT, "a", 2, 1, 1),
            ArrivalFault("8", "a", 0, 1, 1),
        ]


class TestLateArrivals:
    """Each late arrival that blurs a user makes one more mail right."""

    def test_of_an_add(self) -> None:
        """Spared: who takes the old request for a new one, so that the user comes in once more."""
        oracle = settled(adds("a"))
        settle(oracle, removes("a", "out"))
        oracle.arrive_late(adds("a"))
        assert arrivals(oracle, {"a": 2}) == []
        assert arrivals(oracle, {"a": 3}) == [("a", 3, 0, 2)]

    def test_of_a_removal(self) -> None:
        """Spared: whom it puts out, and the next full sync in again."""
        oracle = settled(full("a"))
        settle(oracle, removes("a", "out"))
        settle(oracle, adds("a", "in"))
        oracle.arrive_late(removes("a", "out"))
        settle(oracle, full("a", "refresh"))
        assert arrivals(oracle, {"a": 3}) == []
        assert arrivals(oracle, {"a": 4}) == [("a", 4, 1, 3)]

    def test_of_a_full_page_blurs_everyone_known(self) -> None:
        """Spared: who takes it for a new full sync, drops b, and takes b in again later."""
        oracle = settled(full("a"))
        settle(oracle, adds("b", "diff"))
        oracle.arrive_late(full("a"))
        assert arrivals(oracle, {"a": 2, "b": 2}) == []
        assert arrivals(oracle, {"a": 3, "b": 3}) == [("a", 3, 0, 2), ("b", 3, 0, 2)]

    def test_of_a_diff_blurs_whom_its_session_has_named_by_then(self) -> None:
        oracle = settled(full("ac"))
        oracle.reach(adds("b", "torn", 1, 2))
        oracle.arrive_late(adds("d", "torn", 2, 2))
        assert arrivals(oracle, {"a": 1, "b": 2, "c": 1, "d": 1}) == []
        assert arrivals(oracle, {"a": 2, "b": 3, "c": 2, "d": 2}) == [
            ("a", 2, 1, 1),
            ("c", 2, 1, 1),
            ("b", 3, 0, 2),
            ("d", 2, 0, 1),
        ]

    def test_each_counts(self) -> None:
        oracle = settled(adds("a"))
        for _ in range(3):
            oracle.arrive_late(adds("a"))
        assert arrivals(oracle, {"a": 4}) == []
        assert arrivals(oracle, {"a": 5}) == [("a", 5, 1, 4)]

    def test_a_late_page_is_no_line_of_the_story(self) -> None:
        """It blurs instead: what is shown next is read as if it had not come."""
        oracle = Oracle()
        oracle.arrive_late(adds("a"))
        settle(oracle, adds("a", "second"))
        assert arrivals(oracle, {"a": 2}) == []
        assert arrivals(oracle, {"a": 3}) == [("a", 3, 1, 2)]

    def test_a_late_page_makes_a_full_sync_complete(self) -> None:
        """Spared: who commits when the last page has come, be it the first one that was overtaken."""
        oracle = settled(full("ab"))
        oracle.arrive_late(full("b", "torn", 1, 2))
        oracle.reach(full("", "torn", 2, 2))
        settle(oracle, adds("a", "back"))
        assert arrivals(oracle, {"a": 3, "b": 2}) == []
        assert arrivals(oracle, {"a": 4, "b": 3}) == [("a", 4, 1, 3), ("b", 3, 0, 2)]


class TestAtLeastOne:
    """Whoever is certainly in has had a mail."""

    def test_when_in(self) -> None:
        assert arrivals(settled(full("ab")), {"a": 1}) == [("b", 0, 1, 1)]

    def test_not_while_in_doubt(self) -> None:
        """Spared: who stages the page, and mails when the session is complete."""
        oracle = settled(full("a"))
        oracle.reach(adds("b"))
        assert arrivals(oracle, {"a": 1}) == []

    def test_nor_when_out(self) -> None:
        """Spared: who never held the user, since the removal came before the commit."""
        oracle = Oracle()
        oracle.reach(adds("a"))
        settle(oracle, removes("a", "next"))
        assert arrivals(oracle, {}) == []

    def test_one_from_an_earlier_entry_will_do(self) -> None:
        """Spared: who remembers whom it has mailed. (Which entry a mail belongs to cannot be told.)"""
        oracle = settled(full("a"))
        settle(oracle, removes("a", "out"))
        settle(oracle, adds("a", "in"))
        assert arrivals(oracle, {"a": 1}) == []


class TestOncePerUser:
    """The document's FAQ advises to keep track of whom one has targeted already."""

    def back_again(self) -> Oracle:
        oracle = settled(full("a"))
        settle(oracle, removes("a", "out"))
        settle(oracle, adds("a", "in"))
        return oracle

    def test_at_most_one(self) -> None:
        assert arrivals(self.back_again(), {"a": 1}, policy="once_per_user") == []
        assert arrivals(self.back_again(), {"a": 2}, policy="once_per_user") == [("a", 2, 1, 1)]

    def test_and_at_least_one(self) -> None:
        assert arrivals(self.back_again(), {}, policy="once_per_user") == [("a", 0, 1, 1)]

    def test_late_arrivals_are_no_excuse(self) -> None:
        oracle = settled(full("a"))
        oracle.arrive_late(full("a"))
        assert arrivals(oracle, {"a": 2}, policy="once_per_user") == [("a", 2, 0, 1)]

    def test_none_before_the_first_entry(self) -> None:
        oracle = Oracle()
        oracle.reach(removes("a"))
        assert arrivals(oracle, {"a": 1}, policy="once_per_user") == [("a", 1, 0, 0)]


class TestSilentOnFullSyncs:
    """With `arrives_on="add_members"`: a mail is owed only to whom a settled `add_members` brought in from outside."""

    def owed(self, oracle: Oracle) -> list[str]:
        return [user for user, *_ in arrivals(oracle, {}, arrives_on="add_members")]

    def test_who_came_by_a_full_sync_is_owed_none(self) -> None:
        """Spared: who mails nobody on a full sync, on purpose; and who mails all the same."""
        oracle = settled(full("a"))
        assert self.owed(oracle) == []
        assert arrivals(oracle, {"a": 1}, arrives_on="add_members") == []

    def test_who_came_by_an_add_is_owed_one(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, adds("b"))
        assert arrivals(oracle, {}, arrives_on="add_members") == [("b", 0, 1, 1)]
        assert arrivals(oracle, {"b": 1}, arrives_on="add_members") == []
        assert arrivals(oracle, {"b": 2}, arrives_on="add_members") == [("b", 2, 1, 1)]

    def test_not_before_it_is_settled(self) -> None:
        """Spared: who stages the page."""
        oracle = settled(full("a"))
        oracle.reach(adds("b"))
        assert self.owed(oracle) == []

    def test_nor_who_may_have_been_in_already(self) -> None:
        """Spared: who took b in by the full sync that was not acknowledged, silently, and so sees no entry now."""
        oracle = settled(full("a"))
        oracle.reach(full("ab", "failed"))
        settle(oracle, adds("b"))
        assert self.owed(oracle) == []

    def test_nor_who_was_in(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, adds("a"))
        assert self.owed(oracle) == []

    def test_a_retry_does_not_take_it_away(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, adds("b"), adds("b"))
        assert self.owed(oracle) == ["b"]

    def test_a_sync_that_settles_nobody_owes_nothing(self) -> None:
        """Spared: who took b in by the late full page, silently."""
        oracle = settled(full("a"))
        oracle.reach(adds("b"))
        oracle.arrive_late(full("a"))
        oracle.succeed(COHORT, "diff")
        assert self.owed(oracle) == []

    def test_what_is_owed_stays_owed(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, adds("b"))
        settle(oracle, removes("b", "out"))
        assert self.owed(oracle) == ["b"]

    def test_together_with_once_per_user(self) -> None:
        oracle = settled(adds("b"))
        options = {"arrives_on": "add_members", "policy": "once_per_user"}
        assert arrivals(oracle, {}, **options) == [("b", 0, 1, 1)]
        assert arrivals(oracle, {"b": 1}, **options) == []


class TestStrangers:
    """Nobody is mailed who was never delivered."""

    def test_in_a_known_cohort(self) -> None:
        assert arrivals(settled(full("a")), {"a": 1, "z": 1}) == [("z", 1, 0, 0)]

    def test_in_an_unknown_one(self) -> None:
        assert Oracle().judge_arrivals({("9", "a"): 2}) == [ArrivalFault("9", "a", 2, 0, 0)]

    def test_no_mail_is_no_fault(self) -> None:
        assert arrivals(settled(full("")), {"z": 0}) == []
        assert Oracle().judge_arrivals({("9", "a"): 0}) == []

    def test_who_was_only_ever_removed_is_mailed_never(self) -> None:
        assert arrivals(settled(removes("a")), {"a": 1}) == [("a", 1, 0, 0)]
