"""`cohortprop run --workers`, `--cluster` and `--database`: what is said, and what a user can get wrong."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cover.cli.conftest import Run, environment
from tests.cover.cli.test_interrupt import STARTED

FEW = ("--trials", "20", "--seconds", "100", "--seed", "7")

DYING = """
import os, signal
from cohortprop import Receiver, zoo

def receiver():
    right = zoo.stages_full_syncs()
    if "COHORTPROP_WORKER" in os.environ:
        os.kill(os.getpid(), signal.SIGSEGV)
    return right

def by_number():
    from pathlib import Path
    Path(f"seen-{os.environ.get('COHORTPROP_WORKER', 'main')}").touch()
    print("printed by the app")
    return zoo.stages_full_syncs()
"""


def lines_after_the_verdict(text: str) -> str:
    """What does not depend on how long it took."""
    return re.sub(r"\(\d[\d,]* trials, [\d.]+ s\)|took \d+ ms|Workers .*\n", "", text)


def started(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own, for its workers import what it imports."""
    line = [sys.executable, "-m", "cohortprop", *arguments]
    return subprocess.run(line, capture_output=True, text=True, cwd=folder, env=environment(), check=False, timeout=120)


def test_two_workers_find_what_one_process_finds(folder: Path) -> None:
    options = ("run", "cohortprop.zoo:two_bugs", *FEW, "--no-save")
    alone, two = started(folder, *options), started(folder, *options, "--workers", "2")
    assert (alone.returncode, two.returncode) == (1, 1)
    assert two.stderr == ""
    assert lines_after_the_verdict(two.stdout) == lines_after_the_verdict(alone.stdout)
    assert "Workers     the search was shared by 2 workers\n" in two.stdout
    assert two.stdout.count("BUG") == 2
    assert two.stdout.splitlines()[-1].endswith("--seed 7 --trials 20 --seconds 100"), "whoever repeats it"


def test_each_worker_has_a_number_and_what_its_app_prints_is_not_shown(
    folder: Path, module: Callable[[str], str]
) -> None:
    name = module(DYING)
    ran = started(folder, "run", f"{name}:by_number", *FEW, "--workers", "2", "--trials", "100")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("printed by the app") == 1, "by the one that is made to be looked at, here"
    assert {each.name for each in folder.glob("seen-*")} == {"seen-main", "seen-0", "seen-1"}


def test_a_search_whose_workers_die_is_not_called_good(folder: Path, module: Callable[[str], str]) -> None:
    ran = started(folder, "run", f"{module(DYING)}:receiver", *FEW, "--workers", "2")
    assert ran.returncode == 3
    assert "Lost        the canonical scenarios: its worker died (SIGSEGV); it was begun" in ran.stdout
    assert re.search(r"^Lost +block 1, of 20 trials: its worker died \(SIGSEGV\)", ran.stdout, re.MULTILINE)
    assert "Segmentation fault" in ran.stderr, "and where in the app"


def test_ctrl_c_ends_workers_too_and_keeps_what_was_found(folder: Path) -> None:
    options = ["run", "cohortprop.zoo:merges_full_sync", "--workers", "2", "--trials", "1000000", "--seconds", "100"]
    with subprocess.Popen(
        [sys.executable, "-c", STARTED, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "To replay" in line:
                break
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=40)
    assert (process.returncode, err) == (1, "")
    assert "Interrupted. 1 bug found in cohortprop.zoo:merges_full_sync" in out
    (kept,) = folder.glob(".cohortprop/findings/*.json")
    assert json.loads(kept.read_text("utf-8"))["cause"] == "ghost-after-full-sync"


def test_what_one_run_found_another_one_tries_first(cohortprop: Run, folder: Path) -> None:
    options = ("run", "cohortprop.zoo:merges_full_sync", "--trials", "0", "--first", "--no-save")
    cohortprop(*options, "--database", "dir:shared")
    again = cohortprop(*options, "--database", "dir:shared")
    assert re.search(r"membership / ghost-after-full-sync +\d steps, trial 1 \(a shared failure\)", again.out)
    (folder / "pyproject.toml").write_text('[tool.cohortprop]\ndatabase = ["shared"]\n', "utf-8")
    by_file = cohortprop(*options)
    assert "trial 1 (a shared failure)" in by_file.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workers", "0"), "workers: expected a number from 1 on, or auto, got 0"),
        (("--workers", "many"), "expected a number from 1 on, or auto, got many"),
        (
            ("--workers", "2", "--cluster", "tcp://127.0.0.1:9"),
            "workers: the cluster at tcp://127.0.0.1:9 has its own; leave workers out, or the cluster",
        ),
        (("--database", "ftp://there"), "ftp://there"),
    ],
)
def test_what_cannot_be(cohortprop: Run, options: tuple[str, ...], said: str) -> None:
    ran = cohortprop("run", "cohortprop.zoo:two_bugs", *FEW, *options)
    assert (ran.code, ran.out) == (2, "") or "cohortprop 0" in ran.out
    assert ran.code == 2
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_one_server_that_is_reset_is_not_for_several_workers(cohortprop: Run) -> None:
    ran = cohortprop("run", "http://127.0.0.1:9/hook", "--reset", "POST /reset", "--workers", "2")
    assert ran.code == 2
    assert "workers: all of them would share http://127.0.0.1:9/hook, and reset it under each other" in ran.err


def test_a_server_for_each_worker(folder: Path) -> None:
    (folder / "server.py").write_text(
        "import json, os\n"
        "from http.server import BaseHTTPRequestHandler, HTTPServer\n"
        "from pathlib import Path\n"
        "class Hook(BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))\n"
        "        answer = json.dumps({'action': body.get('action'), 'status': 'success'}).encode()\n"
        "        self.send_response(200)\n"
        "        self.send_header('Content-Type', 'application/json')\n"
        "        self.send_header('Content-Length', str(len(answer)))\n"
        "        self.end_headers()\n"
        "        self.wfile.write(answer)\n"
        "    def log_message(self, *args): pass\n"
        "Path(f\"pid-{os.environ.get('COHORTPROP_WORKER', 'main')}\").write_text(str(os.getpid()))\n"
        "HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Hook).serve_forever()\n",
        "utf-8",
    )
    start = f"{sys.executable} server.py"
    ran = started(
        folder,
        "run",
        "--start",
        start,
        *FEW,
        "--workers",
        "2",
        "--check",
        "acceptance",
        "--no-canonical",
        "--trials",
        "55",
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    pids = {each.name: int(each.read_text("utf-8")) for each in folder.glob("pid-*")}
    assert {"pid-0", "pid-1"} <= set(pids)
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids.values()) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())
