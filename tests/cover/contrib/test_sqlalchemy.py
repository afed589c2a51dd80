from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, ForeignKey, create_engine, func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

from cohortprop.contrib.sqlalchemy import Rollback, database_down, empty_tables


class Base(DeclarativeBase):
    pass


class Cohort(Base):
    __tablename__ = "cohort"
    id: Mapped[str] = mapped_column(primary_key=True)


class Member(Base):
    __tablename__ = "member"
    user: Mapped[str] = mapped_column(primary_key=True)
    cohort: Mapped[str] = mapped_column(ForeignKey("cohort.id"))


@pytest.fixture(params=["memory", "file"])
def engine(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Engine]:
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/shop.db"
    made = create_engine(url)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


def enter(sessions: Any, *users: str) -> None:
    """As an app does it: a commit, and a step on the way that may fail."""
    with sessions() as session:
        session.merge(Cohort(id="7"))
        session.flush()
        for user in users:
            try:
                with session.begin_nested():
                    session.add(Member(user=user, cohort="7"))
            except IntegrityError:
                continue
        session.commit()


def count(sessions: Any) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Member)) or 0


def test_all_tables_are_emptied_in_an_order_that_foreign_keys_allow(engine: Engine) -> None:
    sessions = sessionmaker(engine)
    left_open = sessions()
    enter(sessions, "ann", "bob")
    assert left_open.scalars(select(Member)).all()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    empty_tables(engine, Base.metadata)()
    left_open.close()
    assert count(sessions) == 0


def test_tables_are_emptied_on_a_connection_of_ones_own(engine: Engine) -> None:
    sessions = sessionmaker(engine)
    enter(sessions, "ann")
    with engine.begin() as connection:
        empty_tables(connection, Base.metadata)()
    assert count(sessions) == 0


@pytest.mark.parametrize("kind", ["sessionmaker", "scoped_session"])
def test_what_a_trial_commits_is_rolled_back(engine: Engine, kind: str) -> None:
    maker = sessionmaker(engine, expire_on_commit=False)
    sessions: Any = maker if kind == "sessionmaker" else scoped_session(maker)
    enter(sessions, "before")
    with Rollback(engine, sessions) as rollback:
        for _trial in range(3):
            rollback.reset()
            assert count(sessions) == 1
            enter(sessions, "ann", "bob", "ann")
            assert count(sessions) == 3
            with sessions() as session:
                session.add(Member(user="undone", cohort="7"))
                session.rollback()
            assert count(sessions) == 3
    assert count(sessions) == 1
    assert maker.kw["bind"] is engine
    enter(sessions, "after")
    assert count(sessionmaker(engine)) == 2


def test_a_rollback_that_was_never_used_is_closed(engine: Engine) -> None:
    Rollback(engine, sessionmaker(engine)).close()


def test_a_database_can_be_made_to_fail(engine: Engine) -> None:
    sessions = sessionmaker(engine)
    with database_down(engine), pytest.raises(OperationalError, match="the database was told to fail"):
        enter(sessions, "ann")
    enter(sessions, "ann")
    assert count(sessions) == 1


@pytest.mark.parametrize("engine", ["file"], indirect=True)  # in memory each thread has a database of its own
def test_it_fails_in_every_thread(engine: Engine) -> None:
    caught = []

    def work() -> None:
        try:
            count(sessionmaker(engine))
        except OperationalError as error:
            caught.append(error)

    with database_down(engine):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert caught
