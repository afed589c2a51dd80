"""A URL, or a server to start, as the target of each command."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cover.cli.conftest import Run
from tests.cover.transport.servers import PROGRAM, Server, serving

QUICK = ("--seed", "7", "--time-limit", "5", "--check", "membership", "--profile", "documented")
FEW = (*QUICK, "--no-canonical", "--trials", "2")
FIRST = (*QUICK, "--trials", "0", "--first")
MEMBERS = ("--members", "GET /members/{cohort_id}#/ids")
GHOST = "membership-ghost-after-full-sync"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def start(fault: str = "", folder: Path | None = None) -> tuple[str, ...]:
    """The options for the server of these tests."""
    store = f"STORE={folder / 'store.json'}" if folder is not None else "STORE="
    command = shlex.join(["env", f"FAULT={fault}", store, sys.executable, str(PROGRAM)])
    return "--start", command, "--ready", "/health", "--path", "/hook"


def test_a_right_server_passes(cohortprop: Run, server: Server) -> None:
    said = cohortprop("run", f"{server.origin}/hook", *MEMBERS, *FEW)
    assert (said.code, said.err) == (0, "")
    assert f"No bug found in {server.origin}/hook" in said.out


def test_a_wrong_server_is_found_and_the_hint_replays_it(cohortprop: Run, server: Server, folder: Path) -> None:
    server.merges = True
    url = f"{server.origin}/hook"
    said = cohortprop("run", url, *MEMBERS, *FIRST, "--reset", "POST /reset")
    assert said.code == 1
    (path,) = folder.glob(f".cohortprop/findings/{GHOST}-*.json")
    assert json.loads(path.read_text("utf-8"))["target"] == url
    hint = next(line for line in said.out.splitlines() if "cohortprop replay" in line)
    words = shlex.split(hint.partition("cohortprop replay")[2])
    assert words[1:] == [*MEMBERS, "--reset", "POST /reset", "--time-limit", "5"]
    assert cohortprop("replay", *words).out.startswith("still fails: membership/ghost-after-full-sync\n")
    server.merges = False
    assert cohortprop("replay", *words).out == "fixed: membership/ghost-after-full-sync\n"


def test_a_server_that_is_started(cohortprop: Run, folder: Path) -> None:
    said = cohortprop("run", *start("merges", folder), *MEMBERS, *FIRST)
    assert said.code == 1
    assert "BUG membership / ghost-after-full-sync" in said.out
    hint = next(line for line in said.out.splitlines() if "cohortprop replay" in line)
    words = shlex.split(hint.partition("cohortprop replay")[2])
    assert words[1:5] == list(start("merges", folder)[:4])
    assert cohortprop("replay", *words).out.startswith("still fails: membership/ghost-after-full-sync\n")


def test_the_clock_check_is_not_claimed(cohortprop: Run, server: Server) -> None:
    said = cohortprop("run", f"{server.origin}/hook", *MEMBERS, *FEW, "--check", "clock")
    assert said.code == 0
    assert "Not run     clock: needs virtual time, but a live receiver keeps its own clock\n" in said.out


def test_sending(cohortprop: Run, server: Server) -> None:
    said = cohortprop("send", f"{server.origin}/hook", *MEMBERS)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"POST {server.origin}/hook\n")
    assert '"mixpanel_cohort_id": "1001"' in said.out
    assert "members('1001'): ann, bob, cy, dan\n" in said.out
    assert server.held == {"1001": {"ann", "bob", "cy", "dan"}}


def test_sending_to_a_server_that_is_started(cohortprop: Run) -> None:
    said = cohortprop("send", *start(), *MEMBERS)
    assert said.code == 0
    assert "log: delivery 1: " in said.out
    assert "members('1001'): ann, bob, cy, dan\n" in said.out


def test_sending_to_a_server_that_dies_or_cuts(cohortprop: Run, server: Server) -> None:
    said = cohortprop("send", *start("dies"), "--members-count", "2000")
    assert said.code == 1
    assert "not as it should be: the server ended with exit code 7\n" in said.out
    server.evil = lambda handler: handler.raw(b"HTTP")
    said = cohortprop("send", f"{server.origin}/hook")
    assert said.code == 1
    assert said.out.endswith("not as it should be: no answer: connection cut\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("http://192.0.2.7:80/hook",), "http://192.0.2.7:80: 192.0.2.7 is not this machine; garbage is sent there"),
        (("http://127.0.0.1:9/hook",), "nothing listens at http://127.0.0.1:9 (Connection refused)"),
        (("ftp://127.0.0.1/",), "expected a URL such as 'http://127.0.0.1:8000/hook'"),
        (("http://127.0.0.1:9/", "--members", "GET /x"), "members='GET /x': the path must say where the id goes"),
        (("http://127.0.0.1:9/", "--start", "node x.js"), "--start takes the place of a TARGET"),
        (("http://127.0.0.1:9/", "--ready", "/health"), "ready: /health is asked of a server that --start starts"),
        (("--start", "no-such-program-anywhere"), "there is no program 'no-such-program-anywhere'"),
        (("--start", "node x.js", "--ready", "health"), "Process(ready='health'): a path starts with '/'"),
        ((), "no TARGET: write module:name"),
    ],
)
@pytest.mark.parametrize("command", ["run", "send"])
def test_a_mistake_is_one_line(command: str, arguments: tuple[str, ...], said: str, cohortprop: Run) -> None:
    answered = cohortprop(command, *arguments)
    assert answered.code == 2
    assert len(answered.err.splitlines()) == 1
    assert said in answered.err


def test_the_table_in_pyproject(cohortprop: Run, folder: Path, server: Server) -> None:
    command = start("merges", folder)[1]
    (folder / "pyproject.toml").write_text(
        f"[tool.cohortprop]\nstart = {json.dumps(command)}\nready = '/health'\npath = '/hook'\n"
        f"members = {json.dumps(MEMBERS[1])}\nallow-host = ['shop.test']\n",
        "utf-8",
    )
    said = cohortprop("run", *FIRST)
    assert said.code == 1
    hint = next(line for line in said.out.splitlines() if "cohortprop replay" in line)
    assert cohortprop(*shlex.split(hint.partition("cohortprop ")[2])).out.startswith("still fails")
    said = cohortprop("run", f"{server.origin}/hook", *FEW)  # a target that is typed takes the place of the file's
    assert said.code == 0


def test_another_machine_may_be_named(cohortprop: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortprop.transport.address.is_loopback", lambda _: False)
    assert cohortprop("send", f"{server.origin}/hook").code == 2
    assert cohortprop("send", f"{server.origin}/hook", "--allow-host", "127.0.0.1").code == 0
