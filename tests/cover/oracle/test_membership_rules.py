"""The rules of membership, one class each. Every test of what is *possible* names the correct receiver that it spares.

In the stories, a, b, c are users; `accused` gives ``+a`` for a user whom a receiver must not hold, ``-a`` for one whom
it must.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cohortprop.oracle import MembershipFault, Oracle
from tests.cover.oracle.telling import (
    COHORT,
    EITHER,
    IN,
    OUT,
    accused,
    adds,
    full,
    removes,
    settle,
    settled,
    states,
)


class TestAtTheStart:
    def test_everybody_is_out(self) -> None:
        """Spared: any receiver, since all start empty."""
        oracle = Oracle()
        assert states(oracle, "a") == [OUT]
        assert accused(oracle, "") == []

    def test_whoever_was_never_delivered_can_never_be_in(self) -> None:
        oracle = settled(full("a"))
        assert oracle.judge_members(COHORT, ["a", "z", "x"]) == [
            MembershipFault(COHORT, "x", held=True, known=False),
            MembershipFault(COHORT, "z", held=True, known=False),
        ]
        assert Oracle().judge_members("9", ["x"]) == [MembershipFault("9", "x", held=True, known=False)]

    def test_nobody_is_known(self) -> None:
        assert dict(Oracle().known(COHORT)) == {}
        assert dict(settled(full("ab")).known(COHORT)) == {"a": 2, "b": 2}


class TestADeliveryReaches:
    def test_an_add_makes_in_possible(self) -> None:
        """Spared: who applies the page at once (in), and who stages it until the session is complete (out)."""
        oracle = Oracle()
        oracle.reach(adds("ab"))
        assert states(oracle, "ab") == [EITHER, EITHER]
        assert [accused(oracle, held) for held in ("", "a", "ab")] == [[], [], []]

    def test_a_remove_makes_out_possible(self) -> None:
        """Spared: who applies the page at once (out), and who stages it (in)."""
        oracle = settled(full("ab"))
        oracle.reach(removes("a"))
        assert states(oracle, "ab") == [EITHER, IN]
        assert [accused(oracle, held) for held in ("ab", "b")] == [[], []]
        assert accused(oracle, "a") == ["-b"]

    def test_a_full_page_makes_in_possible_for_those_named(self) -> None:
        """Spared: who adds each page at once and sweeps at the end, and who commits all pages at the end."""
        oracle = settled(full("a"))
        oracle.reach(full("bc", "next", 1, 2))
        assert states(oracle, "bc") == [EITHER, EITHER]

    def test_a_full_page_makes_out_possible_for_everyone_known(self) -> None:
        """Spared: who empties the cohort at the first page and refills it, even of those whom the page names."""
        oracle = settled(full("ab"))
        oracle.reach(full("a", "next", 1, 2))
        assert states(oracle, "ab") == [EITHER, EITHER]
        assert accused(oracle, "") == []

    def test_each_page_of_it_does_so_for_those_known_by_then(self) -> None:
        """Spared: who empties the cohort only when the first page that it takes turns up, be it the second."""
        oracle = settled(full("a"))
        oracle.reach(full("b", "next", 1, 2))
        oracle.reach(full("c", "next", 2, 2))
        assert states(oracle, "abc") == [EITHER] * 3

    def test_an_empty_full_page_too(self) -> None:
        """Spared: who empties the cohort at once, and who waits for the end of the session."""
        oracle = settled(full("a"))
        oracle.reach(full("", "next"))
        assert states(oracle, "a") == [EITHER]

    def test_a_diff_says_nothing_of_others(self) -> None:
        oracle = settled(full("ab"))
        oracle.reach(adds("c"))
        oracle.reach(removes("a"))
        assert accused(oracle, "ac") == ["-b"]

    def test_whatever_is_answered(self) -> None:
        """Spared: who did the work although the sender saw a failure, and who did not. (`reach` takes no answer.)"""
        oracle = Oracle()
        oracle.reach(adds("a"))
        oracle.reach(removes("a", "later"))
        assert states(oracle, "a") == [EITHER]

    def test_in_another_cohort_it_says_nothing(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, full("b", "other", cohort="8"))
        oracle.reach(removes("a", "more", cohort="8"))
        assert states(oracle, "ab") == [IN, OUT]
        assert states(oracle, "ab", "8") == [OUT, IN]
        assert accused(oracle, "ab") == ["+b"]
        assert accused(oracle, "", "8") == ["-b"]

    def test_who_was_out_and_is_removed_stays_out(self) -> None:
        oracle = Oracle()
        oracle.reach(removes("a"))
        assert states(oracle, "a") == [OUT]
        assert oracle.judge_members(COHORT, ["a"]) == [MembershipFault(COHORT, "a", held=True, known=True)]


class TestASyncSucceeds:
    def test_those_named_are_exactly_what_it_said(self) -> None:
        """Spared: all, since whoever has acknowledged every page has had the chance to apply them."""
        oracle = settled(full("ab"))
        settle(oracle, adds("c"), removes("a"))
        assert states(oracle, "abc") == [OUT, IN, IN]
        assert accused(oracle, "ab") == ["+a", "-c"]

    def test_after_a_full_sync_everyone_known_is(self) -> None:
        oracle = settled(full("ab"))
        settle(oracle, full("b", "next", 1, 2), full("c", "next", 2, 2))
        assert states(oracle, "abc") == [OUT, IN, IN]
        assert accused(oracle, "abc") == ["+a"]

    def test_after_an_empty_full_sync_everybody_is_out(self) -> None:
        oracle = settled(full("ab"))
        settle(oracle, full("", "next"))
        assert states(oracle, "ab") == [OUT, OUT]

    def test_who_was_not_mentioned_keeps_their_doubt(self) -> None:
        """Spared: who applied the add that was not acknowledged (in), and who had not yet (out)."""
        oracle = settled(full("a"))
        oracle.reach(adds("b", "failed"))
        settle(oracle, adds("c", "next"))
        assert states(oracle, "abc") == [IN, EITHER, IN]

    def test_what_failed_before_is_settled_by_being_said_again(self) -> None:
        oracle = settled(full("a"))
        oracle.reach(adds("b", "failed"))
        settle(oracle, adds("b", "next"))
        assert states(oracle, "b") == [IN]

    def test_under_the_same_id_too(self) -> None:
        """A sync that starts again from the top with the same deliveries."""
        oracle = settled(full("a"))
        oracle.reach(adds("b", "again", 1, 2))
        settle(oracle, adds("b", "again", 1, 2), adds("c", "again", 2, 2))
        assert states(oracle, "abc") == [IN, IN, IN]

    def test_pages_of_an_aborted_session_settle_nothing(self) -> None:
        """Spared: who applied the page that came through (in), and who threw its session away (out)."""
        oracle = settled(full("a"))
        oracle.reach(full("b", "aborted", 1, 2))
        settle(oracle, adds("c", "next"))
        assert states(oracle, "abc") == [EITHER, EITHER, IN]

    def test_its_last_page_may_come_twice_at_once_after_it(self) -> None:
        """Spared: who empties and refills once more, and is caught half-way."""
        oracle = settled(full("a", "full", 1, 2), full("b", "full", 2, 2))
        assert states(oracle, "ab") == [IN, IN]
        oracle.reach(full("b", "full", 2, 2))
        assert states(oracle, "ab") == [EITHER, EITHER]


class TestAnImmediateDuplicate:
    def test_is_no_more_than_reaching(self) -> None:
        """Spared: all, since a delivery twice at once must change nothing."""
        oracle = Oracle()
        oracle.reach(adds("a"))
        oracle.reach(adds("a"))
        assert states(oracle, "a") == [EITHER]
        oracle.succeed(COHORT, "diff")
        oracle.reach(adds("a"))
        assert states(oracle, "a") == [IN]

    def test_does_not_keep_a_sync_from_settling(self) -> None:
        oracle = settled(full("a"))
        settle(oracle, adds("b"), adds("b"), removes("a"), removes("a"))
        assert states(oracle, "ab") == [OUT, IN]


class TestALateArrival:
    def test_makes_possible_what_it_says(self) -> None:
        """Spared: who applies every request as it comes (out again), and who knows an old one when it sees it (in)."""
        oracle = settled(full("a"))
        settle(oracle, removes("a", "one"))
        settle(oracle, adds("a", "two"))
        oracle.arrive_late(removes("a", "one"))
        assert states(oracle, "a") == [EITHER]

    def test_and_what_its_session_has_said_of_others(self) -> None:
        """Spared: who stages the pages of a session, and whom the late one makes complete."""
        oracle = Oracle()
        oracle.reach(adds("a", "torn", 1, 2))
        settle(oracle, removes("ab", "next"))
        oracle.arrive_late(adds("b", "torn", 2, 2))
        assert states(oracle, "ab") == [EITHER, EITHER]

    def test_but_not_what_its_session_is_yet_to_say(self) -> None:
        oracle = Oracle()
        oracle.arrive_late(adds("a", "torn", 1, 2))
        assert states(oracle, "ab") == [EITHER, OUT]

    def test_of_a_full_page_makes_out_possible_for_everyone_known(self) -> None:
        """Spared: who takes it for a new full sync and replaces the cohort."""
        oracle = settled(full("ab", "old"))
        settle(oracle, adds("c", "new"))
        oracle.arrive_late(full("ab", "old"))
        assert states(oracle, "abc") == [EITHER] * 3

    def test_of_a_diff_leaves_others_as_they_are(self) -> None:
        oracle = settled(full("ab"))
        settle(oracle, adds("c", "new"))
        oracle.arrive_late(adds("c", "new"))
        assert states(oracle, "abc") == [IN, IN, IN]

    def test_may_be_the_first_that_is_heard_of_it(self) -> None:
        """Spared: who applies it, and who sees that a newer session has begun."""
        oracle = settled(full("a"))
        oracle.arrive_late(adds("b", "overtaken"))
        assert states(oracle, "ab") == [IN, EITHER]

    def test_in_mid_sync_keeps_it_from_settling_anybody(self) -> None:
        """Spared: who ignores a session once an older one was heard again, or takes the old word for the last one."""
        oracle = settled(full("ab"))
        oracle.reach(removes("a", "new", 1, 2))
        oracle.arrive_late(full("ab"))
        oracle.reach(removes("b", "new", 2, 2))
        oracle.succeed(COHORT, "new")
        assert states(oracle, "ab") == [EITHER, EITHER]

    def test_after_the_last_page_and_before_the_success_too(self) -> None:
        oracle = settled(full("a"))
        oracle.reach(removes("a", "new"))
        oracle.arrive_late(full("a"))
        oracle.succeed(COHORT, "new")
        assert states(oracle, "a") == [EITHER]

    def test_before_the_sync_began_it_does_not(self) -> None:
        oracle = settled(full("a"))
        oracle.arrive_late(full("a"))
        settle(oracle, removes("a", "new"))
        assert states(oracle, "a") == [OUT]

    def test_nor_one_in_another_cohort(self) -> None:
        oracle = settled(full("a"), full("a"))
        settle(oracle, full("a", "other", cohort="8"))
        oracle.reach(removes("a", "new"))
        oracle.arrive_late(full("a", "other", cohort="8"))
        oracle.succeed(COHORT, "new")
        assert states(oracle, "a") == [OUT]
        assert states(oracle, "a", "8") == [EITHER]

    def test_since_an_earlier_attempt_under_the_same_id_counts_too(self) -> None:
        """Spared: who has seen the session begin, then another one, and now takes the rest of it for old."""
        oracle = settled(full("a"))
        oracle.reach(adds("b", "again", 1, 2))
        oracle.arrive_late(full("a"))
        settle(oracle, adds("b", "again", 1, 2), adds("c", "again", 2, 2))
        assert states(oracle, "bc") == [EITHER, EITHER]

    def test_of_its_own_first_page_too(self) -> None:
        """A session that is first heard of by a late arrival has not begun in order."""
        oracle = settled(full("a"))
        oracle.arrive_late(adds("b", "new", 1, 2))
        oracle.reach(adds("c", "new", 2, 2))
        oracle.succeed(COHORT, "new")
        assert states(oracle, "abc") == [IN, EITHER, EITHER]

    def test_the_next_sync_settles_again(self) -> None:
        oracle = settled(full("a"))
        oracle.reach(removes("a", "new"))
        oracle.arrive_late(full("a"))
        oracle.succeed(COHORT, "new")
        settle(oracle, full("b", "refresh"))
        assert states(oracle, "ab") == [OUT, IN]


class TestNothingElseHappened:
    def test_a_sync_that_sent_nothing_settles_nobody(self) -> None:
        """Such a sync is not told to the oracle at all; whoever does so has made a mistake."""
        oracle = Oracle()
        with pytest.raises(KeyError):
            oracle.succeed(COHORT, "silent")
        oracle.reach(adds("a"))
        with pytest.raises(KeyError):
            oracle.succeed(COHORT, "silent")
        assert states(oracle, "a") == [EITHER]

    def test_looking_changes_nothing(self) -> None:
        oracle = settled(full("a"))
        for _ in range(2):
            assert oracle.judge_members(COHORT, ["b"]) == [
                MembershipFault(COHORT, "a", held=False, known=True),
                MembershipFault(COHORT, "b", held=True, known=False),
            ]
        assert dict(oracle.known(COHORT)) == {"a": 2}
        assert dict(oracle.known("9")) == {}
        assert states(oracle, "a", "9") == [OUT]

    def test_a_restart_forgets_nothing_that_was_acknowledged(self) -> None:
        """Restart, pause and resume are not told to the oracle: what was settled stays so."""
        oracle = settled(full("a"))
        assert accused(oracle, "") == ["-a"]


def test_what_is_held_may_be_any_iterable_and_name_a_user_twice() -> None:
    oracle = settled(full("ab"))
    assert oracle.judge_members(COHORT, iter(["b", "a", "b"])) == []


def test_a_full_sync_looks_at_everyone_once_and_not_once_a_page() -> None:
    """With a million members and a thousand pages the other would never end."""

    class Counting(dict[str, int]):
        looked = 0

        def __iter__(self) -> Iterator[str]:
            self.looked += 1
            return super().__iter__()

    oracle = settled(full("abc"))
    possible = oracle._cohorts[COHORT].possible = Counting(oracle._cohorts[COHORT].possible)
    for number, user in enumerate("abcdef", 1):
        oracle.reach(full(user, "next", number, 6))
    assert possible.looked == 1
    assert dict(possible) == dict.fromkeys("abcdef", 3)
