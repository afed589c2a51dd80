"""`pytest --cohortprop module:name`: tests without a test file.

A module that stands nowhere on disk holds a subclass of CohortSyncTests for each target, and pytest collects it as any
other. It has to be there before other plugins look at the items: Hypothesis marks its own, xdist compares, -k selects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from cohortprop.errors import UsageError
from cohortprop.pytest_plugin.suite import CohortSyncTests
from cohortprop.target import Target, load_target

__all__ = ["items_for", "load_targets"]

_NAME = "cohortprop"


def load_targets(texts: Iterable[str]) -> list[Target]:
    """Import targets, each `module:name`.

    Raises:
        pytest.UsageError: a target cannot be loaded; in one line.
    """
    try:
        return [load_target(text) for text in texts]
    except UsageError as fault:
        raise pytest.UsageError(f"--cohortprop: {fault}") from None


def items_for(session: pytest.Session, targets: Iterable[str]) -> list[pytest.Item]:
    """The tests of targets, each `module:name`."""
    module = ModuleType(_NAME)
    for target in load_targets(targets):
        name = _free_name(re.sub(r"\W+", "_", target.name), module)
        setattr(module, name, _class_for(target, name))
    node = pytest.Module.from_parent(session, path=session.config.rootpath / _NAME)
    node.obj = module
    return list(session.genitems(node))


def _class_for(target: Target, name: str) -> type[CohortSyncTests]:
    def cohort_receiver(self: Any) -> Any:
        """What the command line names."""
        return target.make

    namespace = {"cohort_receiver": pytest.fixture(cohort_receiver), "__module__": _NAME}
    return type(name, (CohortSyncTests,), namespace)


def _free_name(name: str, module: ModuleType) -> str:
    while hasattr(module, name):
        name += "_"
    return name
