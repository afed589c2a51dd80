"""SQLAlchemy: tables emptied or rolled back between trials, and a database that fails.

Where the app can be built anew for each trial on a database in memory, none of this is needed. Where one database
serves all trials, `empty_tables` is the plain way, and `Rollback` the quick one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Self

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import close_all_sessions, scoped_session
from sqlalchemy.schema import MetaData

__all__ = ["Rollback", "database_down", "empty_tables"]


def empty_tables(bind: Engine | Connection, metadata: MetaData) -> Callable[[], None]:
    """A function for ``Receiver(reset=...)`` that deletes all rows of all tables.

    Sessions that an earlier trial has left open are closed first: they may hold locks, or objects that are gone.

    Args:
        bind: where the tables are.
        metadata: which tables there are: ``Base.metadata``, or ``db.metadata`` of Flask-SQLAlchemy.

    Example:
        >>> from sqlalchemy import Column, Integer, Table, create_engine, insert, select
        >>> metadata = MetaData()
        >>> member = Table("member", metadata, Column("id", Integer))
        >>> engine = create_engine("sqlite://")
        >>> metadata.create_all(engine)
        >>> with engine.begin() as connection:
        ...     inserted = connection.execute(insert(member).values(id=1))
        >>> empty_tables(engine, metadata)()
        >>> with engine.connect() as connection:
        ...     connection.execute(select(member)).all()
        []
        >>> engine.dispose()
    """

    def reset() -> None:
        close_all_sessions()
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(bind.begin()) if isinstance(bind, Engine) else bind
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

    return reset


class Rollback:
    """One transaction round each trial, rolled back when the next one begins; what the app commits are savepoints.

    Far quicker than deleting where there are many tables. All sessions share one connection, so it is not for apps
    that work in several threads, nor for the profile `hostile`, in which requests meet.

    Args:
        engine: where the tables are.
        sessions: the app's ``sessionmaker`` or ``scoped_session``; bound to the transaction until `close`.

    Example:
        >>> from sqlalchemy import create_engine, text
        >>> from sqlalchemy.orm import sessionmaker
        >>> engine = create_engine("sqlite://")
        >>> with engine.begin() as connection:
        ...     created = connection.execute(text("CREATE TABLE member (id INTEGER)"))
        >>> Session = sessionmaker(engine)
        >>> with Rollback(engine, Session) as rollback:
        ...     for trial in range(2):
        ...         rollback.reset()
        ...         with Session() as session:
        ...             inserted = session.execute(text("INSERT INTO member VALUES (1)"))
        ...             session.commit()
        ...         with Session() as session:
        ...             print(session.scalar(text("SELECT count(*) FROM member")))
        1
        1
        >>> with Session() as session:
        ...     session.scalar(text("SELECT count(*) FROM member"))
        0
        >>> engine.dispose()
    """

    def __init__(self, engine: Engine, sessions: Any) -> None:
        self._engine = engine
        self._sessions = sessions
        self._before = dict(_options_of(sessions))
        self._level: Any = None
        self._connection: Connection | None = None

    def reset(self) -> None:
        """Undo all that the last trial did, and begin anew, for ``Receiver(reset=...)``."""
        self._end_sessions()
        if self._connection is None:
            self._connection = self._engine.connect()
            if self._is_sqlite:  # its driver would begin and commit on its own
                self._level, self._driver.isolation_level = self._driver.isolation_level, None
            self._sessions.configure(bind=self._connection, join_transaction_mode="create_savepoint")
        else:
            self._connection.rollback()
        self._connection.begin()
        if self._is_sqlite:
            self._connection.exec_driver_sql("BEGIN")

    def close(self) -> None:
        """Undo all that the last trial did; sessions go to where they went before."""
        if self._connection is None:
            return
        self._end_sessions()
        self._connection.rollback()
        if self._is_sqlite:
            self._driver.isolation_level = self._level
        self._connection.close()
        self._connection = None
        options = _options_of(self._sessions)
        options.clear()
        options.update(self._before)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def _is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @property
    def _driver(self) -> Any:
        """The driver's own connection."""
        assert self._connection is not None
        return self._connection.connection.driver_connection

    def _end_sessions(self) -> None:
        close_all_sessions()
        if isinstance(self._sessions, scoped_session):
            self._sessions.remove()  # it would go on with the bind that it was made with


def _options_of(sessions: Any) -> dict[str, Any]:
    """What new sessions are made with."""
    maker = sessions.session_factory if isinstance(sessions, scoped_session) else sessions
    options: dict[str, Any] = maker.kw
    return options


@contextlib.contextmanager
def database_down(engine: Engine) -> Iterator[None]:
    """Each statement on the engine fails meanwhile, for ``Receiver(dependency=...)``.

    Args:
        engine: of the app.

    Example:
        >>> from sqlalchemy import create_engine, text
        >>> engine = create_engine("sqlite://")
        >>> with database_down(engine), engine.connect() as connection:
        ...     try:
        ...         connection.execute(text("SELECT 1"))
        ...     except OperationalError as error:
        ...         print(error.orig)
        the database was told to fail
        >>> engine.dispose()
    """

    def fail(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        raise OperationalError(statement, parameters, ConnectionError("the database was told to fail"))

    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", fail)
