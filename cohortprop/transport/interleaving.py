"""Two calls at the same moment, in two threads, under a schedule that can be had again.

Left to the operating system, two threads meet in the same few lines once in a thousand times, and never again when one
looks. So only one of the two runs at a time: it has the baton. At each line of the app's own code a seeded generator
decides whether the baton goes to the other thread. The same seed gives the same interleaving, and a window of one line
between a question and what is done about the answer is met in a few tries.

A thread that waits for a lock which the other one holds makes no progress, however long it has the baton. That is seen
from outside: when it has come by no line for a few looks, and sleeps, the other one gets the baton, and keeps it until
it has let go of the lock, or to its end. Were the baton to come back by chance, it would depend on the moment at which
the lock is taken, and no two runs would be the same. So an app with locks is never taken for one that hangs. Only when
the time that a call may take is over do they hang; then both stacks are written down.

What is not the app's own code runs from line to line without a look: the standard library, whatever is installed, and
this toolkit, but for its zoo. Its lines are a hundred times as many, and its locks are its own business.

The moments are read from the real clock: this module is on the list of those that frozen time leaves alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import dis
import random
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, Generic, TypeVar

from cohortprop.stopwatch import Stopwatch
from cohortprop.transport.watchdog import ReceiverHung

__all__ = ["Run", "interleave", "is_own"]

T = TypeVar("T")

_LOOK_EVERY: Final = 0.001
_LOOKS: Final = 5
"""Without progress, after which a thread that sleeps is taken to wait for the other one."""
_SLOWER: Final = 12
"""Times as many looks, where the system does not say whether a thread sleeps: a busy machine may just be slow."""
_SWITCHING: Final = (0.05, 0.2, 0.4, 0.5)
"""How likely the baton changes hands at a line. Few changes let one thread finish in the midst of the other, and many
lead the two in step through the same lines; each seed has its own."""
_NAPS: Final = 3
"""Looks at which a thread still sleeps, after which the lock that was let go is not the one it waits for."""
_GRACE: Final = 0.2
"""Real seconds that threads get to end, once they were told to."""


@dataclass(slots=True)
class Run(Generic[T]):
    """What came of one of the two calls.

    Args:
        value: what it returned.
        error: what it raised.
        stack: where it was when the time was over; empty when it came to its end.
    """

    value: T | None = None
    error: BaseException | None = None
    stack: str = ""


def interleave(
    first: Callable[[], T], second: Callable[[], T], seed: int, *, limit: float = 10.0
) -> tuple[Run[T], Run[T]]:
    """Run two calls in two threads, one line of the app at a time.

    Args:
        first: a call.
        second: another one.
        seed: decides at which lines the threads take turns.
        limit: real seconds after which the two are given up.

    Example:
        >>> one, other = interleave(lambda: "ann".upper(), lambda: "bob".upper(), seed=1)
        >>> one.value, other.value
        ('ANN', 'BOB')
    """
    return _Baton((first, second), seed, limit).run()


class _Baton(Generic[T]):
    """One crossing of two calls."""

    def __init__(self, calls: tuple[Callable[[], T], Callable[[], T]], seed: int, limit: float) -> None:
        self._calls = calls
        self._limit = limit
        self._random = random.Random(seed)
        self._likely = self._random.choice(_SWITCHING)
        self._holder = int(self._random.random() < 0.5)
        self._fixed = False
        """Whether the baton stays where it is, since the other thread is waiting for something."""
        self._moves = [0, 0]
        self._lets_go = [False, False]
        """Whether the line that a thread is at may let go of a lock."""
        self._waiting = [False, False]
        """Whether a thread stands at a line and waits for the baton."""
        self._done = [False, False]
        self._over = threading.Event()
        self._given_up = False
        self._turn = threading.Condition()
        self._runs: tuple[Run[T], Run[T]] = (Run(), Run())
        self._threads = [
            threading.Thread(target=self._work, args=(me,), name=f"cohortprop-delivery-{me + 1}", daemon=True)
            for me in (0, 1)
        ]

    def run(self) -> tuple[Run[T], Run[T]]:
        for thread in self._threads:
            thread.start()
        self._watch()
        for thread in self._threads:
            # Once given up, a thread may be stuck in a lock for good; as a daemon it keeps nobody from leaving.
            thread.join(_GRACE if self._given_up else None)
        return self._runs

    # In the two threads

    def _work(self, me: int) -> None:
        run = self._runs[me]
        before = sys.gettrace()  # a coverage tool's, most likely
        try:
            self._await_turn(me)
            sys.settrace(lambda frame, event, _arg: self._enter(me, frame))
            try:
                run.value = self._calls[me]()
            finally:
                sys.settrace(before)
        except BaseException as error:  # noqa: BLE001 - it is told to whoever asked for the call
            run.error = error
        finally:
            with self._turn:
                self._done[me] = True
                self._holder = 1 - me
                self._turn.notify_all()
            if all(self._done):
                self._over.set()

    def _enter(self, me: int, frame: FrameType) -> Callable[[FrameType, str, Any], Any] | None:
        """A function begins: are its lines the app's own?"""
        if not is_own(frame.f_code.co_filename):
            return None

        lines = _lines_that_let_go(frame.f_code)

        def at(frame: FrameType, event: str, _arg: Any) -> Any:
            if event == "line":
                self._at_line(me, lets_go=frame.f_lineno in lines)
            return at

        return at

    def _at_line(self, me: int, *, lets_go: bool) -> None:
        """The one place where the baton changes hands by chance."""
        self._moves[me] += 1
        let_go, self._lets_go[me] = self._lets_go[me], lets_go
        if self._holder == me:
            if self._fixed and let_go:
                self._let_wake(1 - me)
            elif self._fixed or self._done[1 - me] or self._random.random() >= self._likely:
                return
            else:
                self._hand_over(me)
        self._await_turn(me)

    def _hand_over(self, me: int) -> None:
        with self._turn:
            if self._holder == me and not self._done[1 - me]:
                self._holder = 1 - me
                self._turn.notify_all()

    def _let_wake(self, other: int) -> None:
        """A lock may just have been let go for which the other one waits; if it was, the other one goes on."""
        with self._turn:
            asleep = 0
            while asleep < _NAPS and not self._awake(other):
                self._turn.wait(_LOOK_EVERY)
                asleep += _sleeps(self._threads[other]) is not False  # else it is up, and has no processor yet
            if self._awake(other):
                self._fixed = False
                if not self._done[other]:
                    self._holder = other
                    self._turn.notify_all()

    def _awake(self, other: int) -> bool:
        return self._waiting[other] or self._done[other]

    def _await_turn(self, me: int) -> None:
        with self._turn:
            self._waiting[me] = True
            if self._fixed:
                self._turn.notify_all()  # for whoever waits for this one to wake
            while self._holder != me and not self._given_up:
                self._turn.wait()
            self._waiting[me] = False
        if self._given_up:
            raise ReceiverHung

    # In the thread that asked for the calls

    def _watch(self) -> None:
        """See to it that a thread which waits for the other one does not keep the baton."""
        seen: tuple[int, ...] = ()
        looks = 0
        watch = Stopwatch(self._limit)
        while not self._over.wait(_LOOK_EVERY):
            holder = self._holder
            now = (*self._moves, *self._done)
            if now != seen:
                seen, looks = now, 0
            looks += 1
            asleep = _sleeps(self._threads[holder])
            if asleep is False:
                looks = 0
            elif looks >= _LOOKS * (1 if asleep else _SLOWER):
                looks = 0
                if not self._done[1 - holder]:
                    with self._turn:
                        self._holder, self._fixed = 1 - holder, True
                        self._turn.notify_all()
            if watch.expired:
                self._give_up()
                return

    def _give_up(self) -> None:
        """Write down where they are, and let go whoever can be reached."""
        frames = sys._current_frames()
        for me, thread in enumerate(self._threads):
            frame = frames.get(thread.ident or 0)
            if frame is not None and not self._done[me]:
                self._runs[me].stack = "".join(traceback.format_stack(frame))
        with self._turn:
            self._given_up = True
            self._turn.notify_all()
        for me, thread in enumerate(self._threads):
            # For a loop in somebody else's code. One that sleeps must not be asked: with a request that is never taken
            # up, CPython 3.11 goes round in circles at the next function that is traced, in any thread.
            if not self._done[me] and _sleeps(thread) is False:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident or 0), ctypes.py_object(ReceiverHung)
                )


_OURS: Final = str(Path(__file__).resolve().parent.parent)
_ZOO: Final = str(Path(_OURS, "zoo"))
_LIBRARIES: Final = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(path).resolve()) for path in map(sysconfig.get_path, ("stdlib", "platstdlib"))}
)
_LETTING_GO: Final = ("release", "__enter__", "__exit__", "commit", "rollback")
_GENERATED: Final = ("<string>", "<frozen ", "<attrs ")
"""Code without a file of its own that nobody wrote; what was typed into a notebook is somebody's."""
_KNOWN: Final[dict[str, bool]] = {}


def is_own(filename: str) -> bool:
    """Whether the lines of this file are the app's own."""
    known = _KNOWN.get(filename)
    if known is None:
        foreign = filename.startswith((*_GENERATED, _OURS, *_LIBRARIES)) or "-packages" in filename
        known = _KNOWN[filename] = filename.startswith(_ZOO) or not foreign
    return known


@cache
def _lines_that_let_go(code: CodeType) -> frozenset[int]:
    """The lines of a function at which a lock may be let go: those of a `with`, and of a call of `release`."""
    lines = set()
    line = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        if instruction.starts_line is not None:
            line = _line_of(instruction, line)
        if "WITH" in instruction.opname or instruction.argval in _LETTING_GO:
            lines.add(line)
    return frozenset(lines)


def _line_of(instruction: dis.Instruction, line: int) -> int:
    """The line that an instruction starts; from Python 3.13 on it is told apart from whether it starts one."""
    found = getattr(instruction, "line_number", None) if sys.version_info >= (3, 13) else instruction.starts_line
    return line if found is None else found


def _sleeps(thread: threading.Thread) -> bool | None:
    """Whether a thread waits for something other than a processor; None where the system does not say."""
    with contextlib.suppress(OSError, IndexError):
        stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_bytes()
        return stat.rpartition(b")")[2].split()[0] in (b"S", b"D")
    return None
