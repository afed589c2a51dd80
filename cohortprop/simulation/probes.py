"""Looking inside the receiver: its members and its arrivals, whatever form the user's probes have."""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any

from cohortprop.errors import UsageError, in_one_line
from cohortprop.receiver import Receiver
from cohortprop.transport import EventLoop, Runner, run_alone

__all__ = ["Probes", "ask"]


class Probes:
    """Asks a receiver's probes, after its queued work is done.

    Args:
        receiver: the probes; what is missing is not asked.
        cohorts: ids to ask for.
        run: runs probes that are async.
    """

    def __init__(self, receiver: Receiver, cohorts: Sequence[str], run: Runner = run_alone) -> None:
        self._receiver = receiver
        self._run = run
        self._cohorts = cohorts
        self.lenient = False
        """Whether what is no id is taken as it is shown, rather than for a probe that is written wrongly."""

    def drain(self) -> None:
        """Wait until queued work is done."""
        if self._receiver.drain is not None:
            ask("drain", self._receiver.drain, run=self._run)

    def restart(self) -> Any:
        """Restart the receiver; returns its new app, or None when the old one goes on to be called.

        Raises:
            UsageError: the function fails or returns something that is no app.
        """
        assert self._receiver.restart is not None
        app = ask("restart", self._receiver.restart, run=self._run)
        if app is not None and not callable(app):
            raise UsageError(f"Receiver(restart=...) returned {_shown(app)}: expected the new app, or None")
        return app

    @contextlib.contextmanager
    def trouble(self) -> Iterator[None]:
        """The receiver's dependency fails meanwhile.

        Raises:
            UsageError: the function fails or returns no context manager.
        """
        dependency = self._receiver.dependency
        assert dependency is not None
        with contextlib.ExitStack() as stack:
            made: Any = ask("dependency", dependency, run=self._run)
            if hasattr(made, "__aenter__") and not hasattr(made, "__enter__"):
                made = _Entered(made, self._run if self._run is not run_alone else _lasting(stack))
            ask("dependency", lambda: stack.enter_context(made))
            yield
            ask("dependency", stack.close)

    def members(self) -> dict[str, frozenset[str]] | None:
        """Who is held, by cohort.

        Raises:
            UsageError: the probe fails or returns something that is no collection of ids.
        """
        probe = self._receiver.members
        if probe is None:
            return None
        read = _shown_ids if self.lenient else _ids
        return {cohort: read(_listed("members", probe, cohort, run=self._run), cohort) for cohort in self._cohorts}

    def arrivals(self) -> Counter[tuple[str, str]] | None:
        """How often each user has arrived, by cohort and identity.

        Raises:
            UsageError: the probe fails or returns something else than pairs.
        """
        probe = self._receiver.arrivals
        if probe is None:
            return None
        found = _listed("arrivals", probe, run=self._run)
        if self.lenient and isinstance(found, list):
            found = [_shown_pair(each) for each in found]
        if not isinstance(found, list) or not all(map(_is_pair, found)):
            raise UsageError(f"Receiver(arrivals=...): expected pairs of cohort id and id, got {_shown(found)}")
        return Counter((str(cohort), str(user)) for cohort, user in found)

    def require_empty(self, *, after_reset: bool) -> None:
        """A trial must begin with an empty receiver.

        Raises:
            UsageError: it holds somebody, or somebody has arrived.
        """
        held = {cohort: ids for cohort, ids in (self.members() or {}).items() if ids}
        arrived = self.arrivals()
        if not held and not arrived:
            return
        if held:
            cohort, ids = next(iter(held.items()))
            what = f"members({cohort!r}) already yields {_shown(sorted(ids))}"
        else:
            what = f"arrivals() already yields {_shown(sorted(arrived or ()))}"
        if after_reset:
            raise UsageError(f"Receiver(reset=...) does not empty the receiver: {what} right after it")
        raise UsageError(
            f"the receiver is not empty at the start of a trial: {what}; "
            "build a fresh app in the factory, or give Receiver(reset=...)"
        )


def _lasting(stack: contextlib.ExitStack) -> Runner:
    """What runs for as long as the stack lasts: a context manager is left on the loop on which it was entered."""
    return stack.enter_context(contextlib.closing(EventLoop())).run


class _Entered:
    """An async context manager that is entered and left from outside."""

    def __init__(self, manager: contextlib.AbstractAsyncContextManager[object], run: Runner) -> None:
        self._manager = manager
        self._run = run

    def __enter__(self) -> object:
        return self._run(self._manager.__aenter__())

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        swallowed: bool | None = self._run(self._manager.__aexit__(kind, fault, trace))
        return swallowed


def ask(name: str, probe: Callable[..., Any], *arguments: object, run: Runner = run_alone) -> Any:
    """Call a function that the user gave to Receiver.

    Args:
        name: of the argument of Receiver.
        probe: the function, which may be async.
        *arguments: to call it with.
        run: runs it if it is async.

    Raises:
        UsageError: it fails; the line names it, and the place in the user's code.
    """
    try:
        answer = probe(*arguments)
        if inspect.isawaitable(answer):
            answer = run(answer)
    except Exception as fault:
        unheard = name == "members" and isinstance(fault, KeyError)
        hint = "; a cohort that it does not know has no members" if unheard else ""
        raise UsageError(f"Receiver({name}=...) failed: {in_one_line(fault)}{hint}") from fault
    return answer


def _listed(name: str, probe: Callable[..., Any], *arguments: object, run: Runner) -> Any:
    """All that a probe yields, as a list; what yields nothing is returned as it is."""
    found = ask(name, probe, *arguments, run=run)
    if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
        return found
    return ask(name, list, found)  # a generator, or a query that was put off, may fail only now


def _ids(found: Any, cohort: str) -> frozenset[str]:
    if not isinstance(found, list):
        expected = "expected the ids, an empty list if it does not know the cohort"
        raise UsageError(f"Receiver(members=...) returned {_shown(found)} for cohort {cohort!r}: {expected}")
    for each in found:
        if not _is_id(each):
            raise UsageError(f"Receiver(members=...) yields {_shown(each)}: expected ids, as strings or integers")
    return frozenset(map(str, found))


def _shown_ids(found: Any, cohort: str) -> frozenset[str]:
    """As `_ids`, but what is no id stands as Python shows it: it is held, and must not go unseen."""
    return _ids([each if _is_id(each) else repr(each) for each in found] if isinstance(found, list) else found, cohort)


def _shown_pair(pair: Any) -> Any:
    odd = isinstance(pair, Sequence) and not isinstance(pair, (str, bytes)) and len(pair) == 2
    return tuple(each if _is_id(each) else repr(each) for each in pair) if odd else pair


def _is_id(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _is_pair(value: object) -> bool:
    """Whether it is a tuple, a list or a row of two ids; a text of two letters could be unpacked, too."""
    if not isinstance(value, (tuple, list)) and (isinstance(value, (str, bytes)) or not isinstance(value, Sequence)):
        return False
    return len(value) == 2 and _is_id(value[0]) and _is_id(value[1])


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
