"""Emitted tests, run without a pytest of their own: a hundred of those would take minutes."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable
from typing import Any

from cohortprop import Receiver, zoo
from cohortprop.errors import UsageError
from cohortprop.script import ScriptFailed, open_script

STAND_INS = (zoo.upserts_in_sqlite, zoo.asks_for_a_token, zoo.queues_pages)
"""Correct receivers that have, among them, all that a step can need."""


def test_in(source: str) -> Callable[[Any], None]:
    """The one test of an emitted file."""
    ast.parse(source)
    namespace: dict[str, Any] = {}
    exec(compile(source, "emitted", "exec"), namespace)  # noqa: S102 - it is what users do with it
    (name,) = [name for name in namespace if name.startswith("test_")]
    test: Callable[[Any], None] = namespace[name]
    return test


def fails_on(source: str, factory: Callable[[], Receiver], *, time_limit: float = 10.0) -> str | None:
    """What the test says of a receiver, as check/cause; None when it passes."""
    test = test_in(source)
    try:
        with open_script(factory, time_limit=time_limit) as script:
            test(script)
    except ScriptFailed as failed:
        return "/".join(failed.finding.key)
    return None


def passes_on_a_correct_one(source: str) -> bool:
    """Whether it passes on the first correct receiver that can be asked for all of its steps."""
    for factory in STAND_INS:
        with contextlib.suppress(UsageError):  # it lacks what a step needs
            return fails_on(source, factory) is None
    raise AssertionError("no correct receiver can take these steps")
