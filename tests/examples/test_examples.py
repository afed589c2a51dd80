"""Each example does what its README says: the wrong version is found, and the right one passes.

The commands are taken out of the README.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples import guide, running


@pytest.mark.parametrize("version", ["wrong", "right"])
@pytest.mark.parametrize("name", guide.NAMES)
def test_the_commands_do_what_the_readme_says(name: str, version: str, tmp_path: Path) -> None:
    (said,) = (each for each in guide.said_by(name) if each.runs == version)
    folder, environ = running.copy_of(name, tmp_path), running.environment()
    with running.servers_of(name, environ), running.set_up(name, version, folder, environ):
        told, code = running.run(said.command, folder, environ)
    if guide.REWRITE:
        guide.rewrite(name, said.typed + said.output, said.typed + told)
    else:
        assert told == said.output
    bugs = set(re.findall(r"^BUG ([\w-]+ / [\w-]+):", told, re.MULTILINE))
    assert bugs == (guide.named_bugs(name) if version == "wrong" else set())
    assert code == (1 if version == "wrong" else 0)


@pytest.mark.parametrize("name", guide.NAMES)
def test_the_readme_shows_the_mend(name: str) -> None:
    if guide.REWRITE:
        guide.rewrite(name, f"```diff\n{guide.mend_of(name)}", f"```diff\n{guide.mend_in(name)}")
    assert guide.mend_of(name) == guide.mend_in(name)


@pytest.mark.parametrize("name", guide.NAMES)
def test_the_readme_shows_the_settings(name: str) -> None:
    settings = guide.EXAMPLES / name / "pyproject.toml"
    assert guide.blocks_of(name, "toml") == ([settings.read_text("utf-8")] if settings.exists() else [])
