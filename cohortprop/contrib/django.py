"""Django: tables emptied between trials, and a database that fails.

Under pytest-django its own fixtures give the test a database, `db` or `transactional_db`; what these helpers add is to
start each *trial* of that one test with empty tables. They work with either fixture, and without any.

Example:
    Settings such as each project has are the ground on which the examples below stand:

    >>> import django
    >>> from django.conf import settings
    >>> engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    >>> if not settings.configured:
    ...     settings.configure(DATABASES={"default": engine}, INSTALLED_APPS=["django.contrib.sessions"])
    ...     django.setup()
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from cohortprop.errors import UsageError

__all__ = ["database_down", "empty_tables"]

_KEPT: Final = frozenset({"django_content_type", "auth_permission", "django_migrations", "django_site"})
"""Filled by migrations, and needed by Django itself."""


def empty_tables(*models: Any, using: str = "default") -> Callable[[], None]:
    """A function for ``Receiver(reset=...)`` that empties the tables of a database, at once and without signals.

    Args:
        *models: whose tables; none for those of all installed apps, but for what migrations fill: content types,
            permissions and sites.
        using: alias of the database.

    Example:
        >>> from django.contrib.sessions.models import Session
        >>> from django.core.management import call_command
        >>> call_command("migrate", verbosity=0)
        >>> session = Session.objects.create(session_key="1", expire_date="2026-01-05T09:00Z")
        >>> reset = empty_tables()
        >>> reset()
        >>> Session.objects.count()
        0
    """

    def reset() -> None:
        from django.core.management.color import no_style
        from django.db import connections

        connection = connections[using]
        if models:
            tables = [table for model in models for table in _tables_of(model)]
        else:
            found = connection.introspection.django_table_names(only_existing=True, include_views=False)
            tables = [table for table in found if table not in _KEPT]
        if not tables:
            raise UsageError("empty_tables() finds no tables of INSTALLED_APPS: migrate first, or name the models")
        statements = connection.ops.sql_flush(no_style(), tables, reset_sequences=False, allow_cascade=False)
        connection.ops.execute_sql_flush(statements)

    return reset


def _tables_of(model: Any) -> list[str]:
    """A model's table, and those between it and others."""
    options = model._meta  # noqa: SLF001 - documented, for all its underscore
    own = [field.remote_field.through for field in options.local_many_to_many]
    return [options.db_table, *(through._meta.db_table for through in own if through._meta.auto_created)]  # noqa: SLF001


@contextlib.contextmanager
def database_down(using: str = "default") -> Iterator[None]:
    """Each query of this thread fails meanwhile, for ``Receiver(dependency=...)``.

    Args:
        using: alias of the database.

    Example:
        >>> from django.db import OperationalError, connection
        >>> with database_down():
        ...     try:
        ...         connection.cursor().execute("SELECT 1")
        ...     except OperationalError as error:
        ...         print(error)
        the database was told to fail
    """
    from django.db import OperationalError, connections

    def fail(*_arguments: Any) -> Any:
        raise OperationalError("the database was told to fail")

    with connections[using].execute_wrapper(fail):
        yield
