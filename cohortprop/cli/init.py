"""`cohortprop init`: a test file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from cohortprop.errors import UsageError

__all__ = ["TEMPLATE", "command"]

TEMPLATE: Final = '''\
"""The bad days of Mixpanel's cohort sync, brought to our webhook by cohortprop."""

import pytest

from cohortprop import Receiver
from cohortprop.pytest_plugin import CohortSyncTests
from yourapp import create_app  # your WSGI or ASGI app, or the function that makes it


def create_receiver() -> Receiver:
    """Called once per trial, so that every trial begins with an empty app: give it a database of its own."""
    app = create_app()

    def members(cohort_id: str) -> list[str]:
        raise NotImplementedError("return the ids that the app now holds in this cohort, [] if it knows none such")

    return Receiver(
        app,
        path="/",  # where Mixpanel sends its deliveries
        members=members,
        # auth=("user", "password"),  # HTTP Basic
        # headers={"X-Secret": "..."},  # sent with every delivery
        # arrivals=...,  # () -> (cohort_id, id) pairs, one for each welcome mail, push or the like so far
        # drain=...,  # () -> None, waits until queued work is done
        # restart=...,  # () -> the new app: drop what is in memory, keep what is durable
    )


@pytest.fixture
def cohort_receiver():
    return create_receiver  # not called: each trial wants a fresh one


class TestCohortSync(CohortSyncTests):
    """A test for each canonical scenario, and a search for others."""


def test_who_left_while_we_were_down_is_gone(cohort_sync):
    cohort_sync.join("ann", "bob")
    cohort_sync.sync()
    cohort_sync.outage(days=4)
    cohort_sync.leave("ann")
    cohort_sync.settle()
    assert cohort_sync.members() == {"bob"}
'''


@click.command("init", short_help="Write a test file to start from.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
def command(*, file: Path | None) -> None:
    """Write a pytest file with the fixture that cohortprop needs, to be filled in.

    FILE is test_cohort_sync.py when it is not given, in the folder tests/ if there is one. A file that exists is never
    overwritten.
    """
    file = file or Path("tests" if Path("tests").is_dir() else "", "test_cohort_sync.py")
    if file.suffix != ".py":
        raise UsageError(f"{file}: the name of a test file ends in .py, as in test_cohort_sync.py")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(TEMPLATE)
    except FileExistsError:
        raise UsageError(f"{file} exists already; nothing was written") from None
    except OSError as fault:
        raise UsageError(f"{file}: cannot be written: {fault.strerror}") from None
    click.echo(f"{file} is written. Say in it where your app is, and how to ask it for its members; then run")
    click.echo(f"\n    pytest {file}")
    parts = file.with_suffix("").parts
    if all(part.isidentifier() for part in parts):
        click.echo(f"\nor, for one long search,\n\n    cohortprop run {'.'.join(parts)}:create_receiver")
