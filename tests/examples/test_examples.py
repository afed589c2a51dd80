"""Each example does what its README says: the wrong version is found, and the right one passes.

The commands are taken out of the README and run, in a copy of the example, by a shell.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples import guide, servers


@pytest.fixture
def environment() -> dict[str, str]:
    """What the commands see: the programs that are installed beside this Python, and the package of this work tree."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    made = {**os.environ, "PATH": path, "PYTHONPATH": str(guide.ROOT), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    made.pop("FORCE_COLOR", None)
    return made


@pytest.fixture(params=guide.NAMES)
def example(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[str]:
    """An example, with the server that it needs."""
    name: str = request.param
    needed = [start for word, start in servers.BY_NAME.items() if word in name]
    with contextlib.ExitStack() as running:
        for start in needed:
            environment.update(running.enter_context(start(environment["PATH"])))
        yield name


@pytest.mark.parametrize("version", ["wrong", "right"])
def test_the_commands_do_what_the_readme_says(
    example: str, version: str, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / example
    shutil.copytree(guide.EXAMPLES / example, folder, ignore=shutil.ignore_patterns("node_modules", ".cohortprop"))
    runs = []
    with contextlib.ExitStack() as running:
        for said in guide.said_by(example):
            if said.runs is None and not mentions_another(version, said.command):
                set_up(said.command, folder, environment, running)
            elif said.runs == version:
                runs.append(said)
                told, code = run(said.command, folder, environment)
                if guide.REWRITE:
                    guide.rewrite(example, said.typed + said.output, said.typed + told)
                else:
                    assert told == said.output
                assert set(re.findall(r"^BUG ([\w-]+ / [\w-]+):", told, re.MULTILINE)) == (
                    guide.named_bugs(example) if version == "wrong" else set()
                )
                assert code == (1 if version == "wrong" else 0)
    assert len(runs) == 1


def mentions_another(version: str, command: str) -> bool:
    return {"wrong", "right"}.difference([version]) <= set(re.findall(r"\w+", command))


def set_up(command: str, folder: Path, environment: dict[str, str], running: contextlib.ExitStack) -> None:
    """Do what is to be done before a run: to its end, or, with an ``&`` behind it, for as long as the test lasts."""
    if command.endswith(" &"):
        shell = ["sh", "-c", f"exec {command.removesuffix(' &')}"]
        running.enter_context(servers.process(shell, folder, env=environment))
        return
    program = command.split(maxsplit=1)[0]
    servers.found(program, servers.PACKAGES.get(program, program), path=environment["PATH"])
    done = servers.to_its_end(["sh", "-c", command], folder, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def run(command: str, folder: Path, environment: dict[str, str]) -> tuple[str, int]:
    """What a command prints, without what depends on the machine, and its exit code."""
    done = servers.to_its_end(["sh", "-c", command], folder, env=environment)
    assert done.returncode in (0, 1), done.stderr
    told = re.sub(r"\(\d[\d,]* trials?, [\d.]+ s\)", "(... trials, ... s)", done.stdout)
    return re.sub(r"-[0-9a-f]{8}\.json", "-xxxxxxxx.json", told), done.returncode


@pytest.mark.parametrize("name", guide.NAMES)
def test_the_readme_shows_the_mend(name: str) -> None:
    if guide.REWRITE:
        guide.rewrite(name, f"```diff\n{guide.mend_of(name)}", f"```diff\n{guide.mend_in(name)}")
    assert guide.mend_of(name) == guide.mend_in(name)


@pytest.mark.parametrize("name", guide.NAMES)
def test_the_readme_shows_the_settings(name: str) -> None:
    settings = guide.EXAMPLES / name / "pyproject.toml"
    assert guide.blocks_of(name, "toml") == ([settings.read_text("utf-8")] if settings.exists() else [])
