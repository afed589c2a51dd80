"""A server that we start: on a free port, ready, logged, killed, started again, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cohortprop import Process, Receiver, UsageError
from cohortprop.campaign import Campaign, CampaignPlan
from cohortprop.checks import BUILT_IN
from cohortprop.errors import Unreachable
from cohortprop.reports.story import tell
from cohortprop.simulation import CohortSeed, Died, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Join, Restart, Step, Sync
from cohortprop.transport.process import Server
from cohortprop.trial import Outcome, open_kit, run
from tests.cover.transport.servers import PROGRAM

COMMAND = [sys.executable, str(PROGRAM)]
MEMBERS = "GET /members/{cohort_id}#/ids"
SMALL = Scenario((CohortSeed("1001", "VIPs", ("ann",)),), (Sync("1001"), Join("1001", ("bob",)), Sync("1001")))


def process(tmp_path: Path, fault: str = "", **more: object) -> Process:
    env = {"FAULT": fault, "STORE": str(tmp_path / "store.json")}
    return Process(COMMAND, ready="/health", env=env, **more)  # type: ignore[arg-type]


def receiver(tmp_path: Path, fault: str = "") -> Callable[[], Receiver]:
    return lambda: Receiver(process(tmp_path, fault), path="/hook", members=MEMBERS)


def outcome_of(tmp_path: Path, fault: str = "", steps: tuple[Step, ...] = SMALL.steps, limit: float = 5.0) -> Outcome:
    with open_kit(receiver(tmp_path, fault), BUILT_IN, clock="none", time_limit=limit) as kit:
        return run(kit, SMALL.with_steps(steps))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(process(tmp_path))
    started.start()
    yield started
    started.close()


def pid_of(server: Server) -> int:
    assert server._running is not None
    return server._running.pid


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends(pid: int, within: float = 5.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not is_running(pid):
            return True
        time.sleep(0.01)
    return False


def test_it_is_started_on_a_free_port_and_ready(server: Server) -> None:
    with urllib.request.urlopen(f"{server.origin}/health") as answer:  # noqa: S310 - our own
        assert answer.status == 200
    assert server.runs
    assert server.death() == ""


def test_the_port_stands_in_the_command_too(tmp_path: Path) -> None:
    code = "import http.server, sys; http.server.test(port=int(sys.argv[1]), bind='127.0.0.1')"
    started = Server(Process([sys.executable, "-c", code, "{port}"]))
    started.start()
    started.close()


def test_a_restart_is_a_kill_and_another_process_on_another_port(server: Server) -> None:
    first, pid = server.origin, pid_of(server)
    server.restart()
    assert pid_of(server) != pid
    assert not is_running(pid)
    assert server.origin != first
    assert server.runs


def test_what_it_writes_is_kept_line_by_line(server: Server) -> None:
    assert server.take_output() == ()
    request = urllib.request.Request(f"{server.origin}/hook", b"{}")  # noqa: S310 - our own
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request)  # noqa: S310 - our own
    assert server.take_output() == ("delivery 1: 2 bytes",)
    assert server.take_output() == ()


def test_of_very_much_output_the_last_lines_are_kept_and_no_disk_is_filled(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(80):\n    sys.stdout.write('x' * (1 << 20) + f'\\n{n}\\n')\nsys.stdout.flush()\n"
    code += "import http.server, os; http.server.test(port=int(os.environ['PORT']), bind='127.0.0.1')"
    with contextlib.closing(Server(Process([sys.executable, "-c", code]))) as started:
        started.start()
        lines = started.take_output()
        assert "79" in lines
        assert sum(map(len, lines)) <= 1 << 20
        assert os.fstat(started._output.fileno()).st_size < 1 << 20
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(f"{started.origin}/nothing"):  # noqa: S310 - our own
            pass
        assert any("/nothing" in line for line in started.take_output())


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ("no-such-program-anywhere", {}, "Process('no-such-program-anywhere'): there is no program"),
        ("python3 -c ''", {"folder": "/no/such/folder"}, "there is no folder '/no/such/folder'"),
        ([sys.executable, "-c", "exit('no port')"], {}, " ended with exit code 1 before it was ready: no port"),
        ([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], {}, " was ended by SIGKILL before it was ready"),
        ([sys.executable, "-c", "print('busy', flush=True); import time; time.sleep(9)"], {"patience": 0.6},
         (" takes no connections within 0.6 s: does it listen on the port in the environment variable PORT?; it wrote "
         "last: busy")),
        (COMMAND, {"ready": "/nothing", "patience": 0.6}, " does not answer /nothing with a 2xx within 0.6 s"),
    ],
)  # fmt: skip
def test_a_server_that_does_not_start_is_one_line(command: str, more: dict[str, object], said: str) -> None:
    described = Process(command, **more)  # type: ignore[arg-type]
    with (
        open_kit(lambda: Receiver(described), BUILT_IN, clock="none") as kit,
        pytest.raises(UsageError) as refused,
    ):
        run(kit, SMALL)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"command": ""}, "Process(''): write the command"),
        ({"command": "node 'x"}, 'Process("node \'x"): No closing quotation'),
        ({"command": "x", "ready": "health"}, "Process(ready='health'): a path starts with '/'"),
        ({"command": "x", "env": {"A": 1}}, "Process(env=...): expected a mapping"),
        ({"command": "x", "patience": 0}, "Process(patience=0): expected more than 0 seconds"),
    ],
)
def test_what_is_wrong_with_the_description(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        Process(**given)  # type: ignore[arg-type]
    assert str(refused.value).startswith(said)


# In trials


def test_a_correct_server_passes_with_restarts(tmp_path: Path) -> None:
    with open_kit(receiver(tmp_path), BUILT_IN, clock="none") as kit:
        report = Campaign(kit, CampaignPlan(seed=1, trials=2, canonical=False, seconds=60.0)).run()
        outcome = run(kit, CANONICAL["a-restart-inside"])
    assert report.findings == []
    assert "durability" in report.checks
    assert outcome.violation is None


def test_what_is_kept_in_memory_only_is_lost_by_a_restart(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, "forgets", (Sync("1001"), Restart()))
    assert outcome.violation is not None
    assert outcome.violation.key == ("durability", "forgotten-by-restart")


def test_one_server_serves_for_all_trials(tmp_path: Path) -> None:
    with open_kit(receiver(tmp_path), BUILT_IN, clock="none") as kit:
        logs = [event.log for _ in range(2) for event in run(kit, SMALL).history if hasattr(event, "log") and event.log]
    assert any(line.startswith("delivery 1: ") for line in logs[0])
    assert not any(line.startswith("delivery 1: ") for log in logs[1:] for line in log)


def test_a_server_that_dies_is_found_with_its_last_words_and_started_again(tmp_path: Path) -> None:
    with open_kit(receiver(tmp_path, "dies"), BUILT_IN, clock="none") as kit:
        report = Campaign(kit, CampaignPlan(seed=1, trials=2, canonical=False, seconds=60.0)).run()
    assert [finding.key for finding in report.findings] == [("acceptance", "server-died")]
    finding = report.findings[0]
    assert finding.violation.seen == "it ended with exit code 7"
    assert report.progress.trials == 2
    story = tell(finding)
    assert "The server's end" in story
    assert "Error: out of luck" in story
    assert "delivery 2: " in story


@pytest.mark.parametrize("fault", ["dies on garbage", "dies when asked"])
def test_it_may_die_of_anything_that_it_is_sent(fault: str, tmp_path: Path) -> None:
    scenario = CANONICAL["no-proper-delivery"]
    with open_kit(receiver(tmp_path, fault), BUILT_IN, clock="none") as kit:
        outcome = run(kit, scenario)
    assert outcome.violation is not None
    assert outcome.violation.key == ("acceptance", "server-died")


def test_a_server_that_cannot_be_started_again_is_found(tmp_path: Path) -> None:
    with open_kit(receiver(tmp_path, "broken after restart"), BUILT_IN, clock="none") as kit:
        outcome = run(kit, SMALL.with_steps((Sync("1001"), Restart(), Sync("1001"))))
        with pytest.raises(Unreachable, match="ended with exit code 4 before it was ready: the store is locked"):
            run(kit, SMALL)
    assert outcome.violation is not None
    assert outcome.violation.key == ("acceptance", "server-died")
    assert outcome.violation.seen.startswith("it was killed and started again, but Process(")


def test_a_server_that_hangs_is_started_again_for_the_next_trial(tmp_path: Path) -> None:
    with open_kit(receiver(tmp_path, "hangs"), BUILT_IN, clock="none", time_limit=0.3) as kit:
        first, second = run(kit, SMALL), run(kit, SMALL)
    for outcome in (first, second):
        assert outcome.violation is not None
        assert outcome.violation.key == ("acceptance", "hangs")
    assert "delivery 1: " in tell_stack(second)


def tell_stack(outcome: Outcome) -> str:
    assert outcome.violation is not None
    return str(getattr(outcome.history.events[outcome.violation.place], "stack", ""))


def test_killed_by_somebody_in_the_midst_of_a_delivery(tmp_path: Path) -> None:
    with open_kit(receiver(tmp_path, "hangs"), BUILT_IN, clock="none", time_limit=5.0) as kit:
        kit.transports.open(kit.receiver())
        assert kit.transports._live is not None
        assert kit.transports._live._server is not None
        pid = pid_of(kit.transports._live._server[0])
        killer = subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(0.5); os.kill({pid}, 9)"])
        outcome = run(kit, SMALL)
        killer.wait()
    died = [event for event in outcome.history if isinstance(event, Died)]
    assert [event.how.splitlines()[0] for event in died] == ["was ended by SIGKILL"]
    assert outcome.violation is not None
    assert outcome.violation.cause == "server-died"


def test_an_end_between_two_trials_is_told_in_the_next(tmp_path: Path) -> None:
    with open_kit(receiver(tmp_path), BUILT_IN, clock="none") as kit:
        assert run(kit, SMALL).violation is None
        assert kit.transports._live is not None
        assert kit.transports._live._server is not None
        running = kit.transports._live._server[0]._running
        assert running is not None
        running.kill()
        running.wait(5)
        outcome = run(kit, SMALL)
        assert run(kit, SMALL).violation is None
    assert outcome.violation is not None
    assert outcome.violation.seen == "it was ended by SIGKILL after its last answer"


# Nothing is left running

OURS = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that works in the background has it ignored
from cohortprop.process import Process
from cohortprop.transport.process import Server
server = Server(Process([sys.executable, "-c", sys.argv[1]]))
server.start()
print(server._running.pid, flush=True)
{then}
"""
THEIRS = """
import http.server, os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(os.environ["CHILD"], "w").write(str(child.pid))
http.server.test(port=int(os.environ["PORT"]), bind="127.0.0.1")
"""


@pytest.mark.parametrize(
    ("then", "number"),
    [
        ("time.sleep(60)", signal.SIGKILL),
        ("time.sleep(60)", signal.SIGTERM),
        ("time.sleep(60)", signal.SIGINT),
        ("raise RuntimeError", None),
        ("pass", None),
        ("sys.exit(3)", None),
        ("os._exit(3)", None),
    ],
)
def test_nothing_is_left_running_whatever_happens_to_us(then: str, number: int | None, tmp_path: Path) -> None:
    child_file = tmp_path / "child"
    ours = subprocess.Popen(
        [sys.executable, "-c", OURS.format(then=then), THEIRS],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CHILD": str(child_file)},
    )
    with ours:
        assert ours.stdout is not None
        pid = int(ours.stdout.readline())
        child = int(child_file.read_text("ascii"))
        if number is not None:
            assert is_running(pid)
            assert is_running(child)
            ours.send_signal(number)
        ours.wait(10)
    assert ends(pid)
    assert ends(child)


def test_nothing_is_left_when_the_campaign_is_over_or_interrupted(tmp_path: Path) -> None:
    pids = []

    def interrupted() -> None:
        with open_kit(receiver(tmp_path), BUILT_IN, clock="none") as kit:
            kit.transports.open(kit.receiver())
            assert kit.transports._live is not None
            assert kit.transports._live._server is not None
            server = kit.transports._live._server[0]
            pids.extend([pid_of(server), server._warden.pid])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(map(ends, pids))


def test_a_command_is_not_begun_if_we_are_gone_before_the_warden_knows() -> None:
    code = """
import sys
from cohortprop.process import Process
from cohortprop.transport import process
def gone(self, line):
    print(self._running.pid, flush=True)
    import os
    os._exit(0)
process.Server._tell_warden = gone
process.Server(process.Process([sys.executable, "-c", "import time; time.sleep(60)"])).start()
"""
    ours = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, timeout=20)
    assert ends(int(ours.stdout))
