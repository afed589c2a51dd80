"""What a plan consists of, before anything of it is sent."""

from __future__ import annotations

from cohortprop.sender import Cohort, Dialect, Snapshot, Source
from cohortprop.sender.plan import Call, Plan, plan_diff, plan_full

SILENT = Dialect(full_sync="add_members", empty_diff="silent")


def source_of(members: str) -> Source:
    source = Source()
    source.add_cohort(Cohort("7", "VIPs"))
    source.join("7", members)
    return source


def full(members: str, dialect: Dialect, *, refresh: bool = False) -> Plan:
    return plan_full("s", "7", source_of(members), dialect, 2, refresh=refresh)


def diff(before: str, after: str, dialect: Dialect) -> Plan:
    return plan_diff("s", "7", source_of(after), dialect, 2, Snapshot(dict.fromkeys(before), -1, 0.0))


def test_a_full_sync() -> None:
    plan = full("abc", Dialect())
    assert plan.calls == (Call("members", ["a", "b", "c"], 2),)
    assert (plan.session_id, plan.cohort_id, plan.kind, plan.version, plan.page_size) == ("s", "7", "full", 1, 2)
    assert list(plan.members) == ["a", "b", "c"]
    assert plan.length == 2


def test_a_diff() -> None:
    plan = diff("ab", "bcde", Dialect())
    assert plan.calls == (Call("add_members", ["c", "d", "e"], 2), Call("remove_members", ["a"], 1))
    assert (plan.kind, plan.length) == ("diff", 3)


def test_a_half_with_nothing_to_say_is_no_call_where_it_is_not_sent() -> None:
    assert diff("a", "ab", SILENT).calls == (Call("add_members", ["b"], 1),)
    assert diff("ab", "a", SILENT).calls == (Call("remove_members", ["b"], 1),)
    assert diff("a", "a", SILENT).calls == ()
    assert diff("a", "a", SILENT).length == 0


def test_whether_it_replaces_what_a_receiver_holds() -> None:
    assert full("a", Dialect()).replaces
    assert full("a", SILENT, refresh=True).replaces
    assert not full("a", SILENT).replaces
    assert not full("", SILENT).replaces
    assert not diff("a", "b", Dialect()).replaces
