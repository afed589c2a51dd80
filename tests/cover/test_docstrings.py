"""The examples in docstrings say what happens when they are run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cohortprop
import measure
from cohortprop.checks import base

MODULES = [
    module.name
    for package in (cohortprop, measure)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_REGISTERED", {})  # an example that registers a check must not leave it to other tests
    failed, _attempted = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failed == 0, capsys.readouterr().out
