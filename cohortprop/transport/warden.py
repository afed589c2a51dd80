"""A small process that outlives ours for a moment, and sees to it that no server does.

It is run as a program of its own, by `cohortprop.transport.process`. It is told on its standard input which groups of
processes there are: `+` and the group's number when one was started, `-` when it has ended. When the input ends, for
whatever reason, be it that ours was killed, all groups are killed that are left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def main() -> None:
    """Listen until nobody can tell anything any more."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        word = line.strip()
        if word.startswith("+"):
            groups.add(int(word[1:]))
        elif word.startswith("-"):
            groups.discard(int(word[1:]))
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
