"""The source: who belongs where, what is known of each user, and how that shows in what is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortprop.errors import UsageError
from cohortprop.sender import Cohort, Dialect, Sender, Source, default_profile, sparse_profile
from cohortprop.sender.source import _default_member, _sparse_member
from cohortprop.wire import describe
from tests.cover.sender.driving import COHORT, HALF_HOUR, drive, said, sender_of


def source_of(members: str = "", *, exported: tuple[str, ...] = ()) -> Source:
    source = Source(exported=exported)
    source.add_cohort(Cohort(COHORT, "VIPs"))
    source.join(COHORT, members)
    return source


class TestMembership:
    def test_joining_says_who_is_new_and_keeps_the_order(self) -> None:
        source = source_of()
        assert source.join(COHORT, ["b", "a", "b"]) == ["b", "a"]
        assert source.join(COHORT, ["c", "a"]) == ["c"]
        assert list(source.members(COHORT)) == ["b", "a", "c"]

    def test_leaving_says_who_was_there(self) -> None:
        source = source_of("abc")
        assert source.leave(COHORT, ["c", "x", "a", "c"]) == ["c", "a"]
        assert list(source.members(COHORT)) == ["b"]

    def test_who_comes_back_comes_last(self) -> None:
        source = source_of("abc")
        source.leave(COHORT, "a")
        source.join(COHORT, "a")
        assert list(source.members(COHORT)) == ["b", "c", "a"]

    def test_the_version_counts_changes_only(self) -> None:
        source = source_of()
        versions = []
        for act in (source.join, source.join, source.leave, source.leave):
            act(COHORT, "ab")
            versions.append(source.cohort(COHORT).version)
        assert versions == [1, 1, 2, 2]

    def test_cohorts_have_their_own_members(self) -> None:
        source = source_of("a")
        source.add_cohort(Cohort("8", "Others"))
        source.join("8", "b")
        assert (list(source.members(COHORT)), list(source.members("8"))) == (["a"], ["b"])

    def test_a_cohort_starts_empty_in_project_1_without_a_description(self) -> None:
        cohort = Cohort("8", "Others")
        assert (cohort.description, cohort.project_id, cohort.members, cohort.version) == (None, "1", {}, 0)

    def test_no_two_cohorts_with_one_id(self) -> None:
        with pytest.raises(UsageError, match=r"^cohort '7' exists already$"):
            source_of().add_cohort(Cohort(COHORT, "again"))

    def test_a_cohort_that_does_not_exist(self) -> None:
        source = source_of()
        source.add_cohort(Cohort("8", "Others"))
        with pytest.raises(UsageError, match=r"^no cohort '9'; there are 7, 8$"):
            source.join("9", "a")
        with pytest.raises(UsageError, match=r"^no cohort '9'; there are none$"):
            Source().members("9")


class TestMerge:
    """The canonical id of a user can change when identities merge (seen)."""

    def test_one_id_leaves_and_another_joins_wherever_it_was(self) -> None:
        source = source_of("abc")
        source.add_cohort(Cohort("8", "Others"))
        source.add_cohort(Cohort("9", "Third"))
        source.join("8", "cb")
        source.join("9", "c")
        assert source.merge("b", "z") == [COHORT, "8"]
        assert list(source.members(COHORT)) == ["a", "c", "z"]
        assert list(source.members("8")) == ["c", "z"]
        assert list(source.members("9")) == ["c"]

    def test_into_a_member_just_removes(self) -> None:
        source = source_of("ab")
        assert source.merge("a", "b") == [COHORT]
        assert list(source.members(COHORT)) == ["b"]

    def test_of_somebody_who_is_nowhere_or_into_itself_changes_nothing(self) -> None:
        source = source_of("ab")
        assert source.merge("x", "y") == []
        assert source.merge("a", "a") == []
        assert list(source.members(COHORT)) == ["a", "b"]
        assert source.cohort(COHORT).version == 1

    def test_is_a_removal_and_an_addition_in_the_next_diff(self) -> None:
        sender = sender_of("ab")
        drive(sender, 0, 0)
        sender.source.merge("a", "user-a")
        assert said(drive(sender, 1, HALF_HOUR)) == ["add_members(user-a)", "remove_members(a)"]


class TestEdits:
    def test_of_a_name_and_a_description_are_seen_by_the_next_delivery(self) -> None:
        sender = sender_of("a")
        (first,) = drive(sender, 0, 0)
        sender.source.rename(COHORT, "Whales")
        sender.source.describe(COHORT, "who buys a lot")
        second = drive(sender, 1, HALF_HOUR)[0]
        assert first.delivery.cohort_name == "VIPs"
        assert second.delivery.cohort_name == "Whales"
        seen = [each.delivery.payload["parameters"] for each in (first, second)]
        assert [each["mixpanel_cohort_name"] for each in seen] == ["VIPs", "Whales"]
        assert [each["mixpanel_cohort_description"] for each in seen] == ["who buys most", "who buys a lot"]
        assert [each["mixpanel_cohort_id"] for each in seen] == [COHORT, COHORT]

    def test_of_a_description_away(self) -> None:
        sender = sender_of("a")
        sender.source.describe(COHORT, None)
        assert "mixpanel_cohort_description" not in drive(sender, 0, 0)[0].delivery.payload["parameters"]

    def test_of_a_property_are_seen_when_the_user_is_next_sent_and_send_nothing_themselves(self) -> None:
        sender = sender_of("a")
        drive(sender, 0, 0)
        sender.source.edit("a", "email", "new@example.com")
        sender.source.edit("a", "plan", "gold")
        assert said(drive(sender, 1, HALF_HOUR)) == ["add_members()", "remove_members()"]
        sender.source.leave(COHORT, "a")
        (removed,) = drive(sender, HALF_HOUR + 1, 2 * HALF_HOUR)[1].delivery.members
        assert (removed["email"], removed["plan"]) == ("new@example.com", "gold")

    def test_to_nothing_take_the_property_away(self) -> None:
        source = source_of("a")
        source.edit("a", "email", None)
        source.edit("b", "first_name", "Bea")
        assert set(source.properties("a")) == {"first_name", "last_name", "phone_number"}
        assert source.properties("b")["first_name"] == "Bea"

    def test_the_last_one_counts(self) -> None:
        source = source_of("a")
        for name in ("one", "two"):
            source.edit("a", "first_name", name)
        assert source.properties("a") == {**default_profile("a"), "first_name": "two"}

    def test_the_id_is_not_edited_but_merged(self) -> None:
        sender = sender_of("a")
        sender.source.edit("a", "mixpanel_distinct_id", "b")
        (member,) = drive(sender, 0, 0)[0].delivery.members
        assert member["mixpanel_distinct_id"] == "a"


class TestExportedProperties:
    """("Exported Properties")"""

    def test_each_user_has_them(self) -> None:
        source = source_of(exported=("User ID", "Prénom usuel"))
        assert source.properties("a") == {
            **default_profile("a"),
            "User ID": "User ID of a",
            "Prénom usuel": "Prénom usuel of a",
        }

    def test_they_are_sent(self) -> None:
        source = source_of("ab", exported=("$email",))
        sender = Sender(source)
        sender.create_sync(COHORT, 0)
        assert [member["$email"] for member in drive(sender, 0, 0)[0].delivery.members] == [
            "$email of a",
            "$email of b",
        ]

    def test_what_the_profile_has_stays_as_it_is(self) -> None:
        assert source_of(exported=("email",)).properties("a") == default_profile("a")

    def test_they_can_be_edited(self) -> None:
        source = source_of(exported=("plan",))
        source.edit("a", "plan", "gold")
        source.edit("b", "plan", None)
        assert source.properties("a")["plan"] == "gold"
        assert "plan" not in source.properties("b")

    def test_the_id_is_among_them_anyway(self) -> None:
        source = source_of("a", exported=("mixpanel_distinct_id",))
        sender = Sender(source)
        sender.create_sync(COHORT, 0)
        assert drive(sender, 0, 0)[0].delivery.members[0]["mixpanel_distinct_id"] == "a"


class TestProfiles:
    def test_the_default_has_the_four_properties(self) -> None:
        assert default_profile("ann") == {
            "email": "ann@example.com",
            "first_name": "ann",
            "last_name": "Example",
            "phone_number": "555-7663347",
        }

    def test_an_odd_id_makes_a_valid_address(self) -> None:
        assert default_profile("Zoë 7-@")["email"] == "Zo-eb--20-7-2d--40-@example.com"

    def test_even_one_that_is_no_unicode(self) -> None:
        assert default_profile("\ud800")["email"] == "-d800-@example.com"
        assert sparse_profile("\ud800").items() <= default_profile("\ud800").items()

    def test_a_short_number_is_filled_up(self) -> None:
        assert default_profile("u3")["phone_number"] == "555-0006106"

    @given(st.text(), st.text())
    def test_two_users_have_two_addresses(self, one: str, other: str) -> None:
        assert (default_profile(one)["email"] == default_profile(other)["email"]) == (one == other)

    def test_the_sparse_one_is_part_of_the_default_one_and_always_the_same_part(self) -> None:
        expected = {
            "ann": ["last_name"],
            "bob": ["first_name"],
            "cy": ["first_name", "last_name"],
            "di": ["email", "first_name", "phone_number"],
            "ed": [],
        }
        assert {user: list(sparse_profile(user)) for user in expected} == expected
        assert sparse_profile("di") == {name: default_profile("di")[name] for name in expected["di"]}

    def test_each_property_is_there_for_some_and_missing_for_others(self) -> None:
        users = [f"u{number}" for number in range(200)]
        for name in default_profile(""):
            assert 60 < sum(name in sparse_profile(user) for user in users) < 140

    def test_one_of_ones_own(self) -> None:
        source = Source(lambda user: {"nick": user.upper()})
        assert source.properties("ann") == {"nick": "ANN"}
        assert list(source.describe_members(["ann", "bob"])) == [
            describe("ann", {"nick": "ANN"}),
            describe("bob", {"nick": "BOB"}),
        ]


def test_a_million_users_are_not_copied_for_nothing() -> None:
    profile = default_profile("ann")
    source = Source(lambda user: profile)
    assert source.properties("ann") is profile


class TestSparse:
    """What is left out where only populated properties are sent."""

    def test_is_what_the_sparse_profile_leaves_out(self) -> None:
        source = source_of()
        assert source.properties("bob", sparse=True) == sparse_profile("bob")
        assert source.properties("bob") == default_profile("bob")
        assert Source(sparse_profile).properties("bob", sparse=True) == sparse_profile("bob")

    def test_but_not_what_was_edited_or_exported(self) -> None:
        source = source_of(exported=("plan",))
        source.edit("bob", "email", "bob@example.org")
        assert source.properties("bob", sparse=True) == {
            **sparse_profile("bob"),
            "plan": "plan of bob",
            "email": "bob@example.org",
        }

    def test_nor_what_a_profile_of_ones_own_adds(self) -> None:
        source = Source(lambda user: {**default_profile(user), "nick": user})
        assert source.properties("bob", sparse=True) == {**sparse_profile("bob"), "nick": "bob"}

    def test_is_how_the_members_of_a_delivery_are_described(self) -> None:
        source = source_of("ab")
        assert list(source.describe_members(["bob"], sparse=True)) == [describe("bob", sparse_profile("bob"))]
        assert list(source.describe_members(["bob"])) == [describe("bob", default_profile("bob"))]
        sender = Sender(source, Dialect(optional_fields="populated"))
        sender.create_sync(COHORT, 0)
        body = json.loads(drive(sender, 0, 0)[0].delivery.body)
        assert body["parameters"]["members"] == [{"mixpanel_distinct_id": u, **sparse_profile(u)} for u in "ab"]


class TestDescribedMembers:
    """However they come about, cached or not, they say what is known of each user."""

    @pytest.mark.parametrize("sparse", [False, True])
    @pytest.mark.parametrize("profile", [None, sparse_profile, lambda user: {"nick": user}])
    @pytest.mark.parametrize("exported", [(), ("plan",)])
    @pytest.mark.parametrize("edited", [(), ("ann",)])
    def test_are_described_by_their_properties(
        self, profile: Any, exported: tuple[str, ...], edited: tuple[str, ...], sparse: bool
    ) -> None:
        source = Source(profile, exported)
        for user in edited:
            source.edit(user, "email", "new@example.com")
        users = ["ann", "bob", "cy"]
        expected = [describe(user, source.properties(user, sparse=sparse)) for user in users]
        assert source.describe_members(users, sparse=sparse) == expected

    @pytest.mark.parametrize("profile", [default_profile, sparse_profile])
    def test_are_kept_for_the_next_time(self, profile: Any) -> None:
        first, second = Source(profile), Source(profile)
        second.edit("bob", "email", "new@example.com")
        for sparse in (False, True):
            (one,), (other,) = (source.describe_members(["ann"], sparse=sparse) for source in (first, second))
            assert one is other

    @pytest.mark.parametrize("kept", [default_profile, sparse_profile, _default_member, _sparse_member])
    def test_are_not_kept_for_ever(self, kept: Any) -> None:
        assert kept.cache_parameters()["maxsize"] == 4096
