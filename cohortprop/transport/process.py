"""A server that we start, kill, start again, and never leave behind.

It runs in a session of its own, so that Ctrl-C in the terminal is ours alone, and all that it starts is in one group of
processes, which is killed as a whole. Nothing is left running, whatever happens to us: a second process, the warden,
notices when we are gone. The command itself is only begun once the warden knows its group: a shell waits for a line
from us, and then becomes the command.

What the server writes goes into a file, which takes whatever comes: a pipe that nobody empties would stop the server.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

from cohortprop.errors import Unreachable, UsageError
from cohortprop.process import Process
from cohortprop.stopwatch import Stopwatch

__all__ = ["Server"]

_WARDEN: Final = str(Path(__file__).with_name("warden.py"))
_GATE: Final = 'read -r _ && exec "$@" </dev/null'
_HOSTS: Final = ("127.0.0.1", "::1")
"""A server that listens on `localhost` may take either."""
_LOOK_EVERY: Final = 0.02
_ENDING: Final = 0.3
"""Real seconds that a server which has closed a connection gets to end."""
_SHOWN_LINES: Final = 50
_READ_AT_MOST: Final = 1 << 20
_KEPT_AT_MOST: Final = 1 << 26
"""Bytes of output that was read already, after which the file is emptied."""


class Server:
    """One running server; started by `start`, and again by `restart`.

    Args:
        process: the command, and how to see that it is ready.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._running: subprocess.Popen[bytes] | None = None
        self._read = 0
        self.origin = ""
        """Where it listens, as ``http://127.0.0.1:4321``; another port after each start."""
        self._output: IO[bytes] = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115 - closed by `close`
        fcntl.fcntl(self._output, fcntl.F_SETFL, os.O_APPEND)  # emptied, it has no hole
        self._groups: set[int] = set()
        self._warden = subprocess.Popen(  # noqa: S603 - a file of ours
            [sys.executable, "-I", "-S", _WARDEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._last_resort = weakref.finalize(
            self, _end, self._warden, self._groups, os.getpid()
        )  # at the exit of Python, too

    def start(self) -> None:
        """Start it, and wait until it is ready.

        Raises:
            UsageError: there is no such program or folder, or the server is not ready in time.
        """
        process, port = self._process, _free_port()
        command = [word.replace("{port}", str(port)) for word in process.command]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **process.env, "PORT": str(port)}
        folder = process.folder or "."
        if not Path(folder).is_dir():
            raise UsageError(f"{process!r}: there is no folder {folder!r}")
        found = shutil.which(command[0], path=environment.get("PATH"))
        if found is None and not (Path(folder) / command[0]).is_file():
            raise UsageError(f"{process!r}: there is no program {command[0]!r}")
        self._tidy()
        running = subprocess.Popen(  # noqa: S603 - what the user wants to be started
            ["/bin/sh", "-c", _GATE, command[0], *command],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        self._running = running
        self._groups.add(running.pid)
        self._tell_warden(f"+{running.pid}")
        assert running.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            running.stdin.write(b"go\n")
            running.stdin.close()
        self._await_ready(port)

    def restart(self) -> None:
        """Kill it, as a machine that loses its power would, and start it again."""
        self.kill()
        self.start()

    def kill(self) -> None:
        """End it at once, and all that it started."""
        running, self._running = self._running, None
        if running is not None:
            _kill_group(running.pid)
            running.wait()
            self._groups.discard(running.pid)
            self._tell_warden(f"-{running.pid}")

    def close(self) -> None:
        """Leave nothing behind."""
        self.kill()
        self._last_resort()
        self._output.close()

    @property
    def runs(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._running is not None and self._running.poll() is None

    def death(self, *, waiting: bool = False) -> str:
        """How it ended, if it has ended by itself; else empty.

        Args:
            waiting: whether it may be about to end, since it has closed a connection.
        """
        running = self._running
        if running is None:
            return ""
        if waiting:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(_ENDING)
        code = running.poll()
        return "" if code is None else _how(code)

    def take_output(self) -> tuple[str, ...]:
        """The lines that it has written since the last call; of many the last ones."""
        file = self._output.fileno()
        size = os.fstat(file).st_size
        if size <= self._read:
            return ()
        fresh = os.pread(file, _READ_AT_MOST, max(self._read, size - _READ_AT_MOST))
        self._read = size
        if size > _KEPT_AT_MOST:
            os.ftruncate(file, 0)  # the server, which appends, goes on at the beginning
            self._read = 0
        return tuple(fresh.decode("utf-8", "replace").splitlines()[-_SHOWN_LINES:])

    def _tidy(self) -> None:
        """Drop what was written; nothing writes meanwhile."""
        os.ftruncate(self._output.fileno(), 0)
        self._read = 0

    def _await_ready(self, port: int) -> None:
        process = self._process
        watch = Stopwatch(process.patience)
        while True:
            for host in _HOSTS:
                if _is_ready(host, port, process.ready):
                    self.origin = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
                    return
            how = self.death()
            if how:
                self.kill()
                last = "".join(f": {line.strip()[:200]}" for line in self.take_output()[-1:])
                raise Unreachable(f"{process!r} {how} before it was ready{last}")
            if watch.expired:
                lines = self.take_output()
                self.kill()
                ready = process.ready
                wanted = "takes no connections" if ready is None else f"does not answer {ready} with a 2xx"
                last = f"; it wrote last: {lines[-1].strip()[:200]}" if lines else ""
                raise Unreachable(
                    f"{process!r} {wanted} within {process.patience:g} s: does it listen on the port in the "
                    f"environment variable PORT?{last}"
                )
            time.sleep(_LOOK_EVERY)

    def _tell_warden(self, line: str) -> None:
        assert self._warden.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it may have been killed; then we are the last resort
            self._warden.stdin.write(f"{line}\n".encode())
            self._warden.stdin.flush()


def _end(warden: subprocess.Popen[bytes], groups: set[int], owner: int) -> None:
    """Kill what is left, and let the warden go."""
    if os.getpid() != owner:  # a copy of ours, made by fork, comes to its end
        return
    for group in tuple(groups):
        _kill_group(group)
        with contextlib.suppress(OSError):
            os.waitpid(group, 0)
    with contextlib.suppress(OSError, ValueError):
        if warden.stdin is not None:
            warden.stdin.close()
    warden.wait()


def _kill_group(group: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as asked:
        asked.bind((_HOSTS[0], 0))
        address: Sequence[Any] = asked.getsockname()
    return int(address[1])


def _is_ready(host: str, port: int, path: str | None) -> bool:
    """Whether a port takes connections, and answers a path with a 2xx, if there is one to ask."""
    try:
        if path is None:
            socket.create_connection((host, port), timeout=1.0).close()
            return True
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=1.0)) as asked:
            asked.request("GET", path)
            return 200 <= asked.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
