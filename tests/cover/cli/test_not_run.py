"""`cohortprop run` lists the checks that were not run, however it prints."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cover.cli.conftest import Run

BARE = """
from cohortprop import zoo
from cohortprop import Receiver

def receiver():
    return Receiver(zoo.applies_each_page().app)
"""


@pytest.mark.parametrize("options", [(), ("--quiet",), ("--json",)])
def test_on_the_command_line(options: tuple[str, ...], cohortprop: Run, module: Callable[[str], str]) -> None:
    name = module(BARE)
    said = cohortprop("run", f"{name}:receiver", "--no-save", "--trials", "0", "--no-canonical", *options)
    assert said.code == 0
    if "--json" in options:
        assert json.loads(said.out)["not_run"]["durability"] == ["restart"]
    else:
        assert "durability: needs restart" in said.out
        assert "not run" in said.out.lower()
