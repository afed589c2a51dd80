from __future__ import annotations

import gc
import sqlite3
import weakref

import pytest

from cohortprop.zoo.database import Database
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster
from cohortprop.zoo.staging import Staging


def page_of(number: int, total: int, *users: str, session: str = "s", action: str = "members") -> Page:
    return Page(action, "7", "VIPs", session, number, total, list(users), [], b"")


def test_staging_gives_the_copy_in_order_with_the_last_page_missing() -> None:
    staging = Staging()
    assert staging.add(page_of(2, 2, "bob")) is None
    assert staging.add(page_of(2, 2, "bob")) is None
    assert staging.add(page_of(1, 2, "ann")) == ["ann", "bob"]


def test_staging_keeps_nothing_after_the_copy() -> None:
    staging = Staging()
    staging.add(page_of(1, 2, "ann"))
    staging.add(page_of(2, 2, "bob"))
    assert staging.add(page_of(1, 2, "ann")) is None


def test_staging_forgets_what_another_session_left() -> None:
    staging = Staging()
    staging.add(page_of(1, 2, "ann", session="aborted"))
    assert staging.add(page_of(2, 2, "bob")) is None
    assert staging.add(page_of(1, 2, "cid")) == ["cid", "bob"]


def test_roster_holds_old_and_new_members_until_the_copy_is_whole() -> None:
    roster = Roster()
    roster.take(page_of(1, 1, "ann", "bob"))
    roster.take(page_of(1, 2, "cid", session="t"))
    assert roster.members("7") == {"ann", "bob", "cid"}
    roster.take(page_of(2, 2, "ann", session="t"))
    assert roster.members("7") == {"ann", "cid"}
    assert sorted(roster.arrivals()) == [("7", "ann"), ("7", "bob"), ("7", "cid")]


def test_what_a_roster_shows_is_a_copy() -> None:
    roster = Roster()
    roster.take(page_of(1, 1, "ann"))
    roster.members("7").clear()
    roster.arrivals().clear()
    assert roster.members("7") == {"ann"}
    assert roster.arrivals() == [("7", "ann")]


def test_troubles_of_a_dependency_may_overlap() -> None:
    dependency = Dependency("database")
    with dependency.fails():
        with dependency.fails():
            pass
        with pytest.raises(Refusal, match="database unavailable") as refusal:
            dependency.use()
        assert refusal.value.code == 503
    dependency.use()


def test_database_on_a_full_disk_keeps_nothing_of_a_transaction() -> None:
    database = Database("CREATE TABLE t (n INT)")
    with database.fails(), pytest.raises(sqlite3.OperationalError, match="full"), database.transaction():
        database.execute("INSERT INTO t VALUES (1)")
    assert database.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with database.transaction():
        database.execute("INSERT INTO t VALUES (2)")
    database.rollback()
    assert database.execute("SELECT n FROM t").fetchall() == [(2,)]


def test_database_goes_with_its_owner_without_a_warning() -> None:
    database = Database("CREATE TABLE t (n INT)")
    gone = weakref.ref(database)
    del database
    gc.collect()
    assert gone() is None
