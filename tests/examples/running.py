"""How the commands of a README are run: in a copy of the example, by a shell."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tests.examples import guide, servers


def environment() -> dict[str, str]:
    """What the commands see: the programs that are installed beside this Python, and the package of this work tree."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    made = {**os.environ, "PATH": path, "PYTHONPATH": str(guide.ROOT), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    made.pop("FORCE_COLOR", None)
    return made


@contextlib.contextmanager
def servers_of(name: str, environ: dict[str, str]) -> Iterator[None]:
    """The servers that an example needs; what tells where they are goes into the environment."""
    with contextlib.ExitStack() as running:
        for word, start in servers.BY_NAME.items():
            if word in name:
                environ.update(running.enter_context(start(environ["PATH"])))
        yield


def copy_of(name: str, folder: Path) -> Path:
    """A copy of an example, as it is in the repository, in this folder."""
    left_behind = shutil.ignore_patterns("node_modules", ".cohortprop", "__pycache__")
    return shutil.copytree(guide.EXAMPLES / name, folder / name, ignore=left_behind)


@contextlib.contextmanager
def set_up(name: str, version: str, folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """Do what the README says is to be done before cohortprop is run on this version.

    Each command is run to its end or, with an ``&`` behind it, for as long as the block lasts.
    """
    other = {"wrong": "right", "right": "wrong"}[version]
    with contextlib.ExitStack() as running:
        for said in guide.said_by(name):
            if said.runs or re.search(rf"\b{other}\b", said.command):
                continue
            if said.command.endswith(" &"):
                shell = ["sh", "-c", f"exec {said.command.removesuffix(' &')}"]
                running.enter_context(servers.process(shell, folder, env=environ))
                continue
            program = said.command.split(maxsplit=1)[0]
            servers.found(program, servers.PACKAGES.get(program, program), path=environ["PATH"])
            done = servers.to_its_end(["sh", "-c", said.command], folder, env=environ)
            assert done.returncode == 0, done.stdout + done.stderr
        yield


def run(command: str, folder: Path, environ: dict[str, str]) -> tuple[str, int]:
    """What a run of cohortprop prints, without what depends on the machine, and its exit code."""
    done = servers.to_its_end(["sh", "-c", command], folder, env=environ)
    assert done.returncode in (0, 1), done.stderr
    told = re.sub(r"\(\d[\d,]* trials?, [\d.]+ s\)", "(... trials, ... s)", done.stdout)
    return re.sub(r"-[0-9a-f]{8}\.json", "-xxxxxxxx.json", told), done.returncode
