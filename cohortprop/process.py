"""A server that cohortprop starts itself: the description of it. `cohortprop.transport.process` runs it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from cohortprop.errors import UsageError

__all__ = ["Process"]


class Process:
    """A webhook in any language: the command that starts it, and how to see that it is ready.

    It is started on a free port of 127.0.0.1, which it finds in the environment variable PORT, and wherever
    ``{port}`` stands in the command. No shell is in between: what needs one is written as ``sh -c '...'``.

    Args:
        command: the program with its arguments, as one text or as a sequence.
        ready: a path that is answered with a 2xx as soon as deliveries may come, such as ``/health``; None when it is
            enough that the port takes connections.
        env: environment variables beyond those of this process.
        folder: in which the command runs; None for the current one.
        patience: real seconds in which it must be ready.
        restarts: whether it may be killed and started again in the midst of a trial, which enables the durability
            check. What it has acknowledged must survive that.

    Raises:
        UsageError: an argument has the wrong type or value; the message names it.

    Example:
        >>> Process("node server.js --port {port}", ready="/health").command
        ('node', 'server.js', '--port', '{port}')
        >>> Process("")
        Traceback (most recent call last):
        ...
        cohortprop.errors.UsageError: Process(''): write the command that starts the server, as in 'node server.js'
    """

    __slots__ = ("command", "env", "folder", "patience", "ready", "restarts")

    def __init__(
        self,
        command: str | Sequence[str],
        *,
        ready: str | None = None,
        env: Mapping[str, str] | None = None,
        folder: str | Path | None = None,
        patience: float = 30.0,
        restarts: bool = True,
    ) -> None:
        self.command = _words(command)
        self.ready = ready
        self.env = dict(env or {})
        self.folder = None if folder is None else str(folder)
        self.patience = patience
        self.restarts = restarts
        if ready is not None and not (isinstance(ready, str) and ready.startswith("/")):
            raise UsageError(f"Process(ready={ready!r}): a path starts with '/', as in '/health'")
        if not all(isinstance(part, str) for pair in self.env.items() for part in pair):
            raise UsageError("Process(env=...): expected a mapping from names to values, both strings")
        if not patience > 0:
            raise UsageError(f"Process(patience={patience!r}): expected more than 0 seconds")

    @property
    def name(self) -> str:
        """The command on one line.

        Example:
            >>> Process(["node", "my server.js"]).name
            "node 'my server.js'"
        """
        return shlex.join(self.command).replace("'{port}'", "{port}")

    @property
    def key(self) -> tuple[object, ...]:
        """What two descriptions have in common that one running server can stand for."""
        return self.command, self.ready, tuple(sorted(self.env.items())), self.folder

    def __repr__(self) -> str:
        return f"Process({self.name!r})"


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    """The program and its arguments."""
    if isinstance(command, str):
        try:
            words = tuple(shlex.split(command))
        except ValueError as fault:
            raise UsageError(f"Process({command!r}): {fault}") from None
    else:
        words = tuple(command)
    if not words or not all(isinstance(word, str) for word in words):
        raise UsageError(f"Process({command!r}): write the command that starts the server, as in 'node server.js'")
    return words
