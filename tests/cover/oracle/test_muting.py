"""What was found once is muted: the oracle takes it as possible, and goes on judging everything else."""

from __future__ import annotations

from cohortprop.oracle import ArrivalFault, Oracle
from tests.cover.oracle.telling import (
    COHORT,
    EITHER,
    IN,
    OUT,
    accused,
    adds,
    arrivals,
    full,
    removes,
    settle,
    settled,
    states,
)


class TestMembership:
    def test_a_ghost_is_possible_from_now_on(self) -> None:
        oracle = settled(full("ab"))
        settle(oracle, full("b", "next"))
        assert accused(oracle, "ab") == ["+a"]
        oracle.accept_member(COHORT, "a", True)
        assert accused(oracle, "ab") == []
        assert accused(oracle, "b") == []
        assert accused(oracle, "a") == ["-b"]

    def test_a_lost_member_too(self) -> None:
        oracle = settled(full("ab"))
        oracle.accept_member(COHORT, "a", False)
        assert states(oracle, "ab") == [EITHER, IN]
        assert accused(oracle, "b") == []

    def test_and_a_stranger_too(self) -> None:
        oracle = Oracle()
        oracle.accept_member("9", "x", True)
        assert oracle.judge_members("9", ["x"]) == []
        assert oracle.judge_members("9", []) == []
        assert [fault.user for fault in oracle.judge_members("9", ["x", "y"])] == ["y"]
        assert "x" not in oracle.known("9"), "nobody has named them yet"

    def test_a_stranger_stays_one_whatever_is_settled(self) -> None:
        oracle = settled(full("ab"))
        oracle.accept_member(COHORT, "x", True)
        settle(oracle, full("ab", "next"))
        assert accused(oracle, "abx") == []
        assert oracle.judge_members("9", ["x"]) != [], "of another cohort nothing was accepted"

    def test_a_stranger_who_is_named_is_a_member_like_others(self) -> None:
        oracle = settled(full("ab"))
        oracle.accept_member(COHORT, "x", True)
        settle(oracle, full("abx", "next"))
        assert accused(oracle, "ab") == ["-x"]
        settle(oracle, full("ab", "last"))
        assert accused(oracle, "abx") == ["+x"]

    def test_somebody_unknown_who_is_not_held_is_out(self) -> None:
        oracle = Oracle()
        oracle.accept_member("9", "x", False)
        assert states(oracle, "x", "9") == [OUT]
        assert oracle.judge_members("9", ["x"]) != [], "that they are held was not accepted"

    def test_until_a_sync_settles_it_again(self) -> None:
        oracle = settled(full("ab"))
        oracle.accept_member(COHORT, "a", False)
        settle(oracle, full("ab", "next"))
        assert accused(oracle, "b") == ["-a"]

    def test_who_is_accepted_in_mid_sync_can_still_be_emptied_away(self) -> None:
        oracle = settled(full("a"))
        oracle.reach(full("b", "next", 1, 2))
        oracle.accept_member(COHORT, "z", True)
        oracle.reach(full("c", "next", 2, 2))
        assert accused(oracle, "") == []


class TestArrivals:
    def fault(self, oracle: Oracle, user: str, count: int, **options: str) -> ArrivalFault:
        (fault,) = oracle.judge_arrivals({(COHORT, user): count}, **options)  # type: ignore[arg-type]
        return fault

    def test_too_many_are_excused_in_number(self) -> None:
        oracle = settled(full("a"))
        oracle.accept_arrivals(self.fault(oracle, "a", 4))
        assert arrivals(oracle, {"a": 4}) == []
        assert arrivals(oracle, {"a": 5}) == [("a", 5, 1, 4)]

    def test_and_again(self) -> None:
        oracle = settled(full("a"))
        for count in (2, 5):
            oracle.accept_arrivals(self.fault(oracle, "a", count))
        assert arrivals(oracle, {"a": 5}) == []
        assert arrivals(oracle, {"a": 6}) == [("a", 6, 1, 5)]

    def test_what_is_right_later_comes_on_top(self) -> None:
        oracle = settled(full("a"))
        oracle.accept_arrivals(self.fault(oracle, "a", 2))
        settle(oracle, removes("a", "out"))
        settle(oracle, adds("a", "in"))
        assert arrivals(oracle, {"a": 3}) == []
        assert arrivals(oracle, {"a": 4}) == [("a", 4, 1, 3)]

    def test_under_once_per_user_too(self) -> None:
        oracle = settled(full("a"))
        oracle.accept_arrivals(self.fault(oracle, "a", 3, policy="once_per_user"))
        assert arrivals(oracle, {"a": 3}, policy="once_per_user") == []
        assert arrivals(oracle, {"a": 4}, policy="once_per_user") == [("a", 4, 1, 3)]

    def test_a_missing_one_is_no_longer_asked_for(self) -> None:
        oracle = settled(full("ab"))
        (fault,) = oracle.judge_arrivals({(COHORT, "b"): 1})
        oracle.accept_arrivals(fault)
        assert arrivals(oracle, {"b": 1}) == []
        assert arrivals(oracle, {"a": 1}) == [("b", 0, 1, 1)]
        assert arrivals(oracle, {"a": 2, "b": 1}) == [("a", 2, 0, 1)]

    def test_nor_where_full_syncs_are_silent(self) -> None:
        oracle = settled(adds("a"))
        (fault,) = oracle.judge_arrivals({}, arrives_on="add_members")
        oracle.accept_arrivals(fault)
        assert arrivals(oracle, {}, arrives_on="add_members") == []

    def test_whatever_is_not_too_many_is_a_missing_one(self) -> None:
        oracle = settled(full("a"))
        oracle.accept_arrivals(ArrivalFault(COHORT, "a", 0, 1, 0))
        assert arrivals(oracle, {}) == []
        assert arrivals(oracle, {"a": 2}) == [("a", 2, 0, 1)]

    def test_a_strangers_are_excused_in_number(self) -> None:
        oracle = Oracle()
        (fault,) = oracle.judge_arrivals({("9", "z"): 2})
        oracle.accept_arrivals(fault)
        assert oracle.judge_arrivals({("9", "z"): 2}) == []
        assert oracle.judge_arrivals({("9", "z"): 3}) == [ArrivalFault("9", "z", 3, 0, 2)]

    def test_nobody_elses_are(self) -> None:
        oracle = settled(full("ab"))
        oracle.accept_arrivals(ArrivalFault(COHORT, "a", 3, 1, 1))
        assert arrivals(oracle, {"a": 3, "b": 2}) == [("b", 2, 1, 1)]

    def test_a_stranger_who_was_accepted_as_a_member_is_still_not_mailed(self) -> None:
        oracle = settled(full("a"))
        oracle.accept_member(COHORT, "z", True)
        assert arrivals(oracle, {"a": 1, "z": 1}) == [("z", 1, 0, 0)]
