"""The cases in which the protocol itself does not converge: neither outcome is anybody's fault.

J join, L leave, S clean sync, X a sync whose last delivery loses every acknowledgement, E a time without a sync that
the snapshot does not outlive. The deliveries are those that a sender makes of these, with a snapshot of its own.
"""

from __future__ import annotations

from cohortprop.oracle import Oracle
from tests.cover.oracle.telling import EITHER, IN, OUT, accused, adds, full, removes, settle, settled, states


def lose(oracle: Oracle, *pages: object) -> None:
    """A sync whose last delivery reaches six times, and is never acknowledged."""
    *before, last = pages
    for each in [*before, *[last] * 6]:
        oracle.reach(each)  # type: ignore[arg-type]


class TestGhost:
    """S J X L S: u is in for whoever applied the add, and nobody will say otherwise."""

    def story(self) -> Oracle:
        oracle = settled(full("b", "s1"))
        lose(oracle, adds("u", "s2"))
        settle(oracle, adds("", "s3"), removes("", "s3"))
        return oracle

    def test_holding_the_user_is_possible_and_so_is_not_holding_them(self) -> None:
        """Spared: who applies at once (in), and who stages a session until it is complete (out)."""
        oracle = self.story()
        assert states(oracle, "bu") == [IN, EITHER]
        assert [accused(oracle, held) for held in ("b", "bu")] == [[], []]
        assert accused(oracle, "u") == ["-b"]

    def test_clean_syncs_do_not_end_it(self) -> None:
        oracle = self.story()
        for number in range(3):
            settle(oracle, adds("", f"t{number}"), removes("", f"t{number}"))
        assert states(oracle, "u") == [EITHER]

    def test_the_next_full_sync_does(self) -> None:
        oracle = self.story()
        settle(oracle, full("b", "refresh"))
        assert states(oracle, "bu") == [IN, OUT]
        assert accused(oracle, "bu") == ["+u"]

    def test_so_does_the_next_diff_that_names_the_user(self) -> None:
        oracle = self.story()
        settle(oracle, adds("u", "s4"))
        assert states(oracle, "u") == [IN]
        settle(oracle, removes("u", "s5"))
        assert accused(oracle, "bu") == ["+u"]


class TestLost:
    """J S L X J S: u is out for whoever applied the removal, and nobody will say otherwise."""

    def story(self) -> Oracle:
        oracle = settled(full("u", "s1"))
        lose(oracle, adds("", "s2"), removes("u", "s2"))
        settle(oracle, adds("", "s3"), removes("", "s3"))
        return oracle

    def test_not_holding_the_user_is_possible_and_so_is_holding_them(self) -> None:
        """Spared: who applies at once (out), and who stages a session until it is complete (in)."""
        oracle = self.story()
        assert states(oracle, "u") == [EITHER]
        assert [accused(oracle, held) for held in ("", "u")] == [[], []]

    def test_the_next_full_sync_ends_it(self) -> None:
        oracle = self.story()
        settle(oracle, full("u", "refresh"))
        assert accused(oracle, "") == ["-u"]


class TestGhostWhereFullSyncsAreSentAsAddMembers:
    """J S L E S: the snapshot has expired, and the full sync says nothing of who has left. No fault but time."""

    def story(self) -> Oracle:
        oracle = settled(adds("u", "s1"), removes("", "s1"))
        settle(oracle, adds("", "s2"), removes("", "s2"))
        return oracle

    def test_the_user_was_added_and_never_removed_so_that_they_are_held(self) -> None:
        """Spared: all; it is the sender that has forgotten u. (Who is *not* held without a word would be wrong.)"""
        oracle = self.story()
        assert states(oracle, "u") == [IN]
        assert accused(oracle, "u") == []
        assert accused(oracle, "") == ["-u"]

    def test_a_refresh_by_members_ends_it(self) -> None:
        oracle = self.story()
        settle(oracle, full("", "refresh"))
        assert accused(oracle, "u") == ["+u"]

    def test_who_has_joined_meanwhile_is_in(self) -> None:
        oracle = settled(adds("u", "s1"), removes("", "s1"))
        settle(oracle, adds("v", "s2"), removes("", "s2"))
        assert states(oracle, "uv") == [IN, IN]
        assert accused(oracle, "u") == ["-v"]


def test_where_a_failed_sync_is_followed_by_a_refresh_there_is_neither() -> None:
    ghost = settled(full("b", "s1"))
    lose(ghost, adds("u", "s2"))
    settle(ghost, full("b", "s3"))
    assert states(ghost, "bu") == [IN, OUT]
    lost = settled(full("u", "s1"))
    lose(lost, adds("", "s2"), removes("u", "s2"))
    settle(lost, full("u", "s3"))
    assert states(lost, "u") == [IN]


def test_a_late_copy_that_was_never_seen_cannot_be_told_from_a_new_message() -> None:
    """Spared: who takes it for news (out), and who sees that it is old (in)."""
    oracle = settled(full("u", "s1"))
    oracle.arrive_late(removes("u", "refused at the time"))
    assert states(oracle, "u") == [EITHER]
    settle(oracle, adds("", "s3"), removes("", "s3"))
    assert states(oracle, "u") == [EITHER]
