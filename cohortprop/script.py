"""A trial in your own hand: say step by step what happens, and look at the receiver in between.

For plain example tests: a bug report to be pinned down, a case that you worry about. The steps are those that are drawn
in a search, and the same checks judge every delivery, so a step fails the moment that the receiver does what no correct
one may do.

    with open_script(create_receiver) as sync:
        sync.join("ann", "bob")
        sync.sync()
        sync.outage(days=4)
        sync.leave("ann")
        sync.settle()
        assert sync.members() == {"bob"}

In pytest the fixture `cohort_sync` is such a script.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.checks import Check, Violation, select
from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, History, Scenario, scenario_from_json, scenario_to_json, steps
from cohortprop.simulation.scenario import DEFAULT_START, Probing
from cohortprop.simulation.steps import Step, step_from_json, step_to_json
from cohortprop.target import target_from
from cohortprop.trial import Trial, TrialKit, open_kit
from cohortprop.wire import BATCH_SIZE

__all__ = ["Script", "ScriptFailed", "open_script", "short"]

__tracebackhide__ = True
"""For pytest: what it shows of a failure is the line of the script, not ours."""

_FIRST_ID: Final = 1001
_UNITS: Final = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def short(violation: Violation) -> str:
    """A violation in one line.

    Example:
        >>> short(Violation("membership", 3, expected="ann must be held", seen="she is not", cause="remove-inverted"))
        'membership/remove-inverted: ann must be held; she is not'
    """
    line = f"{violation.check}/{violation.cause}: {violation.expected}; {violation.seen}"
    return " ".join(line.split())


def _under(finding: Finding) -> str:
    """The readings that a finding rests on, for the end of its line."""
    from cohortprop.reports.readings import under

    reading = under(finding)
    return f"; {reading}" if reading else ""


class ScriptFailed(AssertionError):
    """The receiver did what no correct one may do; the message is one line.

    Args:
        finding: the violation, the steps so far and the history.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(short(finding.violation) + _under(finding))
        self.finding = finding

    @property
    def story(self) -> str:
        """How it came about."""
        from cohortprop.reports.story import tell

        return tell(self.finding)


class Script:
    """One trial, driven by hand; made by `open_script`.

    A cohort is named as it was called at first, or by its id; where none is named, the first one is meant. Every step
    raises `ScriptFailed` when the receiver does what no correct one may do, and `UsageError` when an argument makes no
    sense, or the receiver's description lacks what the step needs.

    Args:
        kit: receiver factory, checks and clock.
        name: what is tested.
        on_failure: hears of the finding before `ScriptFailed` is raised.
    """

    def __init__(self, kit: TrialKit, name: str, on_failure: Callable[[Finding], object]) -> None:
        self._kit = kit
        self._name = name
        self._on_failure = on_failure
        self._planned = Scenario((CohortSeed(str(_FIRST_ID), "VIPs"),))
        self._begun: Trial | None = None
        self._taken: list[Step] = []

    def begin(
        self,
        cohorts: Mapping[str, Sequence[str]] | Sequence[CohortSeed] | None = None,
        *,
        page_size: int = BATCH_SIZE,
        dialect: Mapping[str, str] | None = None,
        exported: Sequence[str] = (),
        one_time: bool = False,
        start: str = DEFAULT_START,
        probing: Probing = "delivery",
        strict_replays: bool = False,
        checks: Sequence[str] = (),
    ) -> None:
        """Say what there is at the start, before the first step. Without it there is one empty cohort, "VIPs".

        Args:
            cohorts: names, with the users who are members from the start; or, where there is more to say of them,
                `CohortSeed`s.
            page_size: members in a page; a small one makes syncs of several pages.
            dialect: readings of the document by question, as in ``{"full_sync": "add_members"}``.
            exported: names of properties to export beyond the default ones.
            one_time: one-time exports instead of dynamic syncs, of cohorts that are given by name.
            start: the moment at which virtual time begins, ISO 8601 with a zone.
            probing: when the receiver is looked at: after each `delivery`, after each `step`, or `seldom`.
            strict_replays: a late copy of a delivery that was acknowledged must change nothing at all.
            checks: names of the only checks to judge by, under any profile; all that run by themselves if empty.

        Raises:
            UsageError: a step was taken already, or an argument makes no sense.
        """
        if self._begun is not None:
            raise UsageError("begin() comes before the first step")
        if cohorts is None:
            cohorts = {"VIPs": ()}
        planned = Scenario(
            _seeds(cohorts, one_time=one_time) if isinstance(cohorts, Mapping) else tuple(cohorts),
            (),
            Dialect.pin(dict(dialect or {})),
            page_size,
            probing,
            strict_replays,
            tuple(exported),
            start,
        )
        self._planned = scenario_from_json(scenario_to_json(planned), "begin()")
        if checks:
            self._kit = replace(self._kit, checks=select(checks, profile="hostile"))

    # Looking

    @property
    def scenario(self) -> Scenario:
        """The data of it: what there was at the start, and the steps so far."""
        return self._planned.with_steps(tuple(self._taken))

    @property
    def history(self) -> History:
        """All that has happened, event by event."""
        return self._trial.outcome.history

    @property
    def now(self) -> datetime:
        """The moment that it is, in virtual time."""
        return self.scenario.started_at + timedelta(seconds=self._trial.world.now)

    def members(self, cohort: str | None = None) -> set[str]:
        """Who the receiver holds in a cohort now, by its own account."""
        probes = self._trial.world.probes
        probes.drain()
        held = probes.members()
        if held is None:
            raise UsageError(f"members() needs {self._name} to have Receiver(members=...)")
        return set(held[self._id(cohort)])

    def arrivals(self, cohort: str | None = None) -> list[str]:
        """Whose arrival in a cohort the receiver has acted upon, once for each time, sorted."""
        probes = self._trial.world.probes
        probes.drain()
        arrived = probes.arrivals()
        if arrived is None:
            raise UsageError(f"arrivals() needs {self._name} to have Receiver(arrivals=...)")
        wanted = self._id(cohort)
        return sorted(user for held_in, user in arrived.elements() if held_in == wanted)

    def source(self, cohort: str | None = None) -> set[str]:
        """Who is in a cohort in truth; the receiver hears of it with the next sync."""
        return set(self._trial.world.source.members(self._id(cohort)))

    def probe(self) -> None:
        """Look at the receiver and judge it, where no delivery has just done so."""
        self.take(steps.Probe())

    # The source

    def join(self, *users: str, cohort: str | None = None) -> None:
        """Users enter a cohort."""
        self.take(steps.Join(self._id(cohort), _some(users, "join")))

    def leave(self, *users: str, cohort: str | None = None) -> None:
        """Users leave a cohort."""
        self.take(steps.Leave(self._id(cohort), _some(users, "leave")))

    def back_and_forth(self, *users: str, synced: bool = True, cohort: str | None = None) -> None:
        """Users leave and come back, with a sync after each, or all before the next one."""
        self.take(steps.BackAndForth(self._id(cohort), _some(users, "back_and_forth"), synced))

    def edit(self, user: str, name: str, value: str | None) -> None:
        """A property of a user changes; None removes it."""
        self.take(steps.Edit(user, name, value))

    def merge(self, old: str, new: str) -> None:
        """Two identities turn out to be one user: the old id leaves, the new one is there instead."""
        self.take(steps.Merge(old, new))

    def rename(self, name: str, cohort: str | None = None) -> None:
        """The cohort's name is edited."""
        self.take(steps.Rename(self._id(cohort), name))

    def describe(self, description: str | None, cohort: str | None = None) -> None:
        """The cohort's description is edited."""
        self.take(steps.Describe(self._id(cohort), description))

    # Syncs and time

    def sync(self, cohort: str | None = None) -> None:
        """Time passes until the cohort's next sync falls due, and that sync runs to its end."""
        self.take(steps.Sync(self._id(cohort)))

    def wait(self, **duration: float) -> None:
        """Time passes, as in ``wait(hours=2)``; syncs that fall due meanwhile are sent."""
        self.take(steps.Wait(_seconds("wait", duration)))

    def settle(self) -> None:
        """All faults end, whatever is paused is resumed, and each cohort's next sync runs."""
        self.take(steps.Settle())

    def resume(self, cohort: str | None = None) -> None:
        """A person resumes the cohort's paused sync, or runs its one-time export again."""
        self.take(steps.Resume(self._id(cohort)))

    def finish(self) -> None:
        """The way home, on which every trial of a search ends: faults end, a full sync, and a refresh by `members`.

        It asks for everything that can be asked of a receiver. No step can follow it.
        """
        self._trial.finish()
        self._raise_if_failed()

    # Faults

    def outage(self, *, status: int | None = 503, lost: int = 0, **duration: float) -> None:
        """The receiver is down for so long, and that time passes; what comes next happens right after it.

        Args:
            status: what a proxy answers in its place; None for no answer at all.
            lost: so many attempts still reach it at first, and only lose their acknowledgement.
            **duration: as in ``outage(days=4)``; days, hours, minutes and seconds are added up.
        """
        length = _seconds("outage", duration)
        self.take(steps.Outage(length, status, lost))
        self.take(steps.Wait(length))

    def expire_snapshot(
        self, *, joins: Sequence[str] = (), leaves: Sequence[str] = (), synced: bool = True, cohort: str | None = None
    ) -> None:
        """An outage outlives the snapshot, users come and go meanwhile; then, if `synced`, the full sync runs."""
        self.take(steps.ExpireSnapshot(self._id(cohort), tuple(joins), tuple(leaves), synced))

    def pass_time(self, days: int) -> None:
        """So many days pass in which no sync gets through; then the receiver is looked at."""
        self.take(steps.PassTime(days))

    def fates(self, *fates: str) -> None:
        """Say what the network does to the next attempts, one by one.

        Args:
            fates: each is `deliver`, `lose` (the app does the work, the acknowledgement is lost), `duplicate` (it
                arrives twice at once), `refuse` (no connection), or `refuse 503` with any status.
        """
        self.take(steps.Fates(_some(fates, "fates")))

    def lose_last_ack(self, cohort: str | None = None) -> None:
        """The cohort's next sync is sent whole, but no acknowledgement of its last delivery gets through."""
        self.take(steps.LoseLastAck(self._id(cohort)))

    def abort(self, after: int = 1, *, status: int | None = 503, cohort: str | None = None) -> None:
        """The cohort's next sync is sent, but after so many deliveries all others are refused until it fails."""
        self.take(steps.AbortSync(self._id(cohort), after, status))

    def flip_failed(self, cohort: str | None = None) -> None:
        """Those whom the last failed sync was about change their minds: who had entered leaves, and so on."""
        self.take(steps.FlipFailed(self._id(cohort)))

    def replay(self, back: int = 0) -> None:
        """An old delivery arrives once more: the one sent so many before the latest."""
        self.take(steps.Replay(back))

    def restart(self) -> None:
        """The receiver's process is restarted: it keeps only what is durable."""
        self._require("restart")
        self.take(steps.Restart())

    def restart_inside(self, after: int = 1, cohort: str | None = None) -> None:
        """The cohort's next sync is sent, and the receiver is restarted after so many of its deliveries."""
        self._require("restart")
        self.take(steps.RestartInside(self._id(cohort), after))

    def trouble(self, attempts: int = 1) -> None:
        """The receiver's own dependency (its database, say) fails during the next attempts."""
        self._require("dependency")
        self.take(steps.Trouble(attempts))

    def knock(self, credentials: str = "none") -> None:
        """Somebody sends a delivery like those that were taken, but without the right credentials.

        Args:
            credentials: what is shown, one of `cohortprop.simulation.steps.CREDENTIALS`, such as `wrong password`.
        """
        self._require("credentials", "auth")
        self.take(steps.Knock(credentials))

    def garble(self, how: str = "broken JSON") -> None:
        """A request comes that is like those that were taken, but for one thing that is wrong with it.

        Args:
            how: what is wrong, one of `cohortprop.simulation.steps.GARBLINGS`, such as `cut short`.
        """
        self.take(steps.Garble(how))

    def sync_together(self, seed: int = 0) -> None:
        """The next syncs of all cohorts run side by side.

        Args:
            seed: decides how the app's work on two deliveries at the same moment is interleaved.
        """
        self.take(steps.SyncTogether(seed))

    def collide(self, cohort: str | None = None, seed: int = 0) -> None:
        """The cohort's next sync runs, and each of its deliveries arrives twice at the same moment.

        Args:
            cohort: its name; may be left out if there is only one.
            seed: decides how the app's work on the two is interleaved.
        """
        self.take(steps.Collide(self._id(cohort), seed))

    def take(self, step: Step) -> None:
        """Take any step, as data.

        Raises:
            UsageError: a value of the step makes no sense.
            ScriptFailed: the receiver did what no correct one may do.
        """
        try:
            step = step_from_json(step_to_json(step), type(step).__name__)
        except UsageError as fault:
            raise UsageError(str(fault)) from None  # from here, so that pytest shows the line of the script
        if self._trial.over:
            self._raise_if_failed()
            raise UsageError("no step can follow finish()")
        self._taken.append(step)
        self._trial.apply(step)
        self._raise_if_failed()

    # Behind the scenes

    @property
    def _trial(self) -> Trial:
        """The trial, which begins when it is first needed."""
        if self._begun is None:
            self._begun = Trial(self._kit, self._planned)
        return self._begun

    def _raise_if_failed(self) -> None:
        outcome = self._trial.outcome
        if outcome.violation is not None:
            finding = Finding(outcome.violation, outcome.scenario, outcome.history, "a script", 1)
            self._on_failure(finding)
            raise ScriptFailed(finding)

    def _id(self, cohort: str | None) -> str:
        """The id of a cohort that is called by its id, or by the name that it had at first."""
        cohorts = self._planned.cohorts
        if cohort is None:
            return cohorts[0].id
        for seed in cohorts:
            if cohort in (seed.id, seed.name):
                return seed.id
        raise UsageError(f"there is no cohort {cohort!r}; there are {', '.join(repr(seed.name) for seed in cohorts)}")

    def _require(self, hook: str, argument: str = "") -> None:
        if getattr(self._trial.world.receiver, hook) is None:
            raise UsageError(f"{self._name} cannot do this: it needs Receiver({argument or hook}=...)")


def _seeds(cohorts: Mapping[str, Sequence[str]], *, one_time: bool) -> tuple[CohortSeed, ...]:
    return tuple(
        CohortSeed(str(_FIRST_ID + number), name, tuple(members), one_time=one_time)
        for number, (name, members) in enumerate(cohorts.items())
    )


def _some(given: tuple[str, ...], what: str) -> tuple[str, ...]:
    if not given:
        raise UsageError(f"{what}(): name one at least")
    return given


def _seconds(what: str, duration: Mapping[str, float]) -> int:
    wrong = next((unit for unit in duration if unit not in _UNITS), None)
    if wrong is not None:
        raise UsageError(f"{what}({wrong}=...): choose among {', '.join(_UNITS)}")
    length = round(sum(_UNITS[unit] * number for unit, number in duration.items()))
    if length <= 0:
        raise UsageError(f"{what}(): say how long, as in {what}(days=4)")
    return length


@contextlib.contextmanager
def open_script(
    found: object,
    *,
    name: str = "the receiver",
    checks: tuple[Check, ...] | None = None,
    clock: str = "freezegun",
    time_limit: float = 10.0,
    on_failure: Callable[[Finding], object] = lambda _finding: None,
) -> Iterator[Script]:
    """A script for a receiver; time is frozen for as long as it is open.

    Args:
        found: a `Receiver`, a function without required arguments that returns one or a bare app, or a bare app.
        name: what to call it in messages.
        checks: the properties to judge by; None for all that run by themselves.
        clock: `freezegun`, `time_machine` or `none`.
        time_limit: real seconds after which a call counts as hanging.
        on_failure: hears of the finding before `ScriptFailed` is raised.

    Raises:
        UsageError: `found` is none of these, or the receiver is not empty.

    Example:
        >>> from cohortprop.zoo import merges_full_sync
        >>> with open_script(merges_full_sync) as sync:
        ...     sync.join("ann", "bob")
        ...     sync.sync()
        ...     sync.outage(days=4)
        ...     sync.leave("ann")
        ...     sync.settle()
        Traceback (most recent call last):
        ...
        cohortprop.script.ScriptFailed: membership/ghost-after-full-sync: ann must not be held in cohort 1001: ...
    """
    make: Callable[[], Receiver] = target_from(found, name).make
    with open_kit(make, select() if checks is None else checks, clock=clock, time_limit=time_limit) as kit:
        yield Script(kit, name, on_failure)
