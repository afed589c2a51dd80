"""Settings: everything that a run can be told, in one value.

What is said on the command line (or in pytest's options) counts more than the table ``[tool.cohortprop]`` of the
nearest pyproject.toml, and that counts more than the defaults. A list given on the command line replaces the whole list
of the file. The keys of the table are the long options of ``cohortprop run`` without their dashes:

    [tool.cohortprop]
    target = "shop.hooks:receiver"
    profile = "hostile"
    without = ["arrivals"]
    time-limit = 5

Relative paths in the file count from its folder, those on the command line from the current one.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from cohortprop.errors import UsageError
from cohortprop.http_probe import looks_like_request
from cohortprop.process import Process
from cohortprop.profiles import PROFILES, Profile
from cohortprop.sender import split_pin
from cohortprop.target import Target, load_object, load_target, target_from

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.campaign import CampaignPlan
    from cohortprop.checks import Check
    from cohortprop.receiver import Receiver

__all__ = ["CLOCK_NAMES", "REPORT_FORMATS", "Settings", "load_settings", "split_report"]

CLOCK_NAMES: Final = ("freezegun", "time_machine", "none")
REPORT_FORMATS: Final = ("html", "junit", "ndjson", "sarif", "github")
"""What a report of a run can be written as; one of a replay is a page."""
_PATHS: Final = ("findings", "baseline")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is told; each field is a key of ``[tool.cohortprop]``, with dashes for underscores.

    Args:
        target: what to test, a URL or ``module:name``.
        start: command that starts the server to be tested, in place of a target.
        ready: path that is answered with a 2xx as soon as that server is ready.
        allow_host: hosts that a URL may name, though they are not this machine.
        seed: decides every draw; None for a new one each time.
        trials: drawn trials at most.
        seconds: real seconds of search at most.
        workers: processes that share the search; `auto` for one for each processor.
        cluster: address of a dask scheduler whose workers share the search, in place of processes here.
        database: URLs of example databases in which failures are shared with other runs, each as `open_database` of
            `cohortprop.memory` takes it.
        profile: how hostile the world is: `documented`, `realistic` or `hostile`.
        check: names of the checks to run; empty for all that run by themselves.
        without: names of checks to leave out.
        dialect: readings to hold on to, each ``question=reading``.
        path: in place of the receiver's own.
        auth: ``user:password`` for HTTP Basic, in place of the receiver's own.
        header: ``Name: value`` each, in place of the receiver's own.
        members: ``module:function`` or a request to ask for the members of a cohort, in place of the receiver's own.
        arrivals: the like, to ask for the arrivals so far.
        reset: the like, that empties the app between trials.
        clock: how the app sees virtual time: `freezegun`, `time_machine` or `none`.
        time_limit: real seconds after which a call of the app counts as hanging.
        findings: folder in which findings are saved.
        save: whether findings are saved, and saved ones that pass put aside.
        html: whether each saved finding gets a page to read beside its file.
        report: what else to write of the whole run, each ``format=file``, as in ``html=report.html``.
        first: whether to stop at the first finding.
        canonical: whether the canonical scenarios come first.
        strict_replays: whether late copies of acknowledged deliveries must change nothing at all.
        baseline: file of accepted findings, which do not fail a run.
        fail_on_advice: whether advice fails a run, too.
        require_reach: situations that a run must meet, each ``name=trials``; a run that meets one less often fails.
        quiet: whether to print names and the verdict only, no stories.
        color: whether to print in colour where the terminal can.

    Raises:
        UsageError: a value is out of range, does not exist or is not of the written form.

    Example:
        >>> Settings().merge(profile="hostile", seed=None).profile
        'hostile'
    """

    target: str | None = None
    start: str | None = None
    ready: str | None = None
    allow_host: tuple[str, ...] = ()
    seed: int | None = None
    trials: int = 1000
    seconds: float = 20.0
    workers: int | str = 1
    cluster: str | None = None
    database: tuple[str, ...] = ()
    profile: str = "realistic"
    check: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    dialect: tuple[str, ...] = ()
    path: str | None = None
    auth: str | None = None
    header: tuple[str, ...] = ()
    members: str | None = None
    arrivals: str | None = None
    reset: str | None = None
    clock: str = "freezegun"
    time_limit: float = 10.0
    findings: str = ".cohortprop/findings"
    save: bool = True
    html: bool = True
    report: tuple[str, ...] = ()
    first: bool = False
    canonical: bool = True
    strict_replays: bool = False
    baseline: str | None = None
    fail_on_advice: bool = False
    require_reach: tuple[str, ...] = ()
    quiet: bool = False
    color: bool = True

    def __post_init__(self) -> None:
        if self.seed is not None and self.seed < 0:
            raise UsageError(f"seed: expected 0 or more, got {self.seed}")
        for name in ("trials", "seconds"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.workers != "auto" and (not isinstance(self.workers, int) or self.workers < 1):
            raise UsageError(f"workers: expected a number from 1 on, or auto, got {self.workers}")
        if self.cluster is not None and self.workers != 1:
            raise UsageError(f"workers: the cluster at {self.cluster} has its own; leave workers out, or the cluster")
        if not self.time_limit > 0:
            raise UsageError(f"time-limit: expected more than 0 seconds, got {self.time_limit}")
        for name, choices in (("profile", tuple(PROFILES)), ("clock", CLOCK_NAMES)):
            if getattr(self, name) not in choices:
                raise UsageError(f"{name}: choose one of {', '.join(choices)}, not {getattr(self, name)!r}")
        for pin in self.dialect:
            split_pin(pin)
        for required in self.require_reach:
            _situation_and_trials(required)
        for each in self.report:
            split_report(each)
        if self.auth is not None and ":" not in self.auth:
            raise UsageError(f"auth: write user:password, not {self.auth!r}")
        for header in self.header:
            if not header.partition(":")[0].strip() or ":" not in header:
                raise UsageError(f"header: write 'Name: value', not {header!r}")

    def merge(self, **given: Any) -> Settings:
        """These settings with what is given in their place; None and empty lists stand for what was not given."""
        return replace(self, **{name: value for name, value in given.items() if value is not None and value != ()})

    @property
    def processes(self) -> int:
        """How many processes share the search.

        Example:
            >>> Settings(workers=3).processes
            3
        """
        if isinstance(self.workers, int):
            return self.workers
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    @property
    def findings_folder(self) -> Path:
        """Where findings are saved."""
        return Path(self.findings)

    @property
    def required_reach(self) -> dict[str, int]:
        """In how many trials each situation must be met.

        Example:
            >>> Settings(require_reach=("late-replay=20",)).required_reach
            {'late-replay': 20}
        """
        return dict(map(_situation_and_trials, self.require_reach))

    def overrides(self) -> dict[str, Any]:
        """The arguments of `Receiver` that are given here, for `load_target`.

        Raises:
            UsageError: a function that is named cannot be imported.
        """
        given: dict[str, Any] = {}
        if self.path is not None:
            given["path"] = self.path
        if self.auth is not None:
            user, _, password = self.auth.partition(":")
            given["auth"] = (user, password)
        if self.header:
            parted = (header.partition(":") for header in self.header)
            given["headers"] = {name.strip(): value.strip() for name, _, value in parted}
        for name in ("members", "arrivals", "reset"):
            probe = getattr(self, name)
            if probe is not None:
                given[name] = probe if looks_like_request(probe) else load_object(probe)
        if self.allow_host:
            given["allow_host"] = self.allow_host
        return given

    def load(self, target: str | None = None) -> Target:
        """What is to be tested, with what is said here in place of its own.

        Args:
            target: in place of the one that is said here.

        Raises:
            UsageError: it cannot be loaded; or there is none, or a command to start beside it.
        """
        target = target or self.target
        if self.start is None:
            if self.ready is not None:
                raise UsageError(f"ready: {self.ready} is asked of a server that --start starts; there is none")
            if target is None:
                raise UsageError("there is nothing to test: name a TARGET, or a server to --start")
            return load_target(target, **self.overrides())
        if target is not None and target != self.start:
            raise UsageError(f"--start takes the place of a TARGET: leave one of them out, it or {target}")
        return target_from(Process(self.start, ready=self.ready), self.start, **self.overrides())

    def clock_for(self, receiver: Receiver) -> str:
        """How this receiver sees virtual time: one that is live keeps its own clock."""
        return "none" if receiver.live else self.clock

    @property
    def world(self) -> Profile:
        """The profile; for checks that were asked for by name, one that is wild enough to show their violations.

        Example:
            >>> Settings(check=("concurrency",)).world.name, Settings(check=("membership",)).world.name
            ('hostile', 'realistic')
        """
        from cohortprop.checks import all_checks

        if not self.check:
            return PROFILES[self.profile]
        known = all_checks()
        names = [self.profile, *(known[name].profile for name in self.check if name in known)]
        return PROFILES[max(names, key=list(PROFILES).index)]

    def checks(self) -> tuple[Check, ...]:
        """The checks that are asked for; those that users wrote are known once their module was imported.

        Raises:
            UsageError: there is no check of some name.
        """
        from cohortprop.checks import select

        return select(self.check, self.without, self.world.name)

    def plan(self, seed: int = 0, muted: frozenset[tuple[str, str]] = frozenset()) -> CampaignPlan:
        """The plan of a campaign.

        Args:
            seed: in place of none; when these settings have one, that is taken.
            muted: causes that are not to be told.
        """
        from cohortprop.campaign import CampaignPlan

        return CampaignPlan(
            profile=self.world,
            seed=seed if self.seed is None else self.seed,
            trials=self.trials,
            seconds=self.seconds,
            pins=self.dialect,
            canonical=self.canonical,
            strict_replays=self.strict_replays,
            first_only=self.first,
            muted=muted,
        )


def _situation_and_trials(required: str) -> tuple[str, int]:
    """The parts of ``name=trials``.

    Raises:
        UsageError: it is written otherwise, or there is no such situation.
    """
    from cohortprop.reach import SITUATIONS

    name, _, trials = required.partition("=")
    if not trials.isdecimal():
        raise UsageError(f"require-reach: write situation=trials, as in late-replay=20, not {required!r}")
    if name not in SITUATIONS:
        close = difflib.get_close_matches(name, SITUATIONS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(SITUATIONS)}"
        raise UsageError(f"require-reach: there is no situation {name!r}; {hint}")
    return name, int(trials)


def split_report(text: str) -> tuple[str, Path]:
    """The format and the file of ``format=file``.

    Raises:
        UsageError: it is not of that form, or there is no such format.

    Example:
        >>> split_report("html=out/report.html")[0]
        'html'
    """
    name, _, file = text.partition("=")
    if name not in REPORT_FORMATS or not file:
        raise UsageError(f"report: write FORMAT=FILE with one of {', '.join(REPORT_FORMATS)}, not {text!r}")
    return name, Path(file)


def load_settings(start: Path) -> Settings:
    """The settings of the nearest pyproject.toml, in `start` or above it; the defaults when it has none.

    Raises:
        UsageError: one line that names the file, and the key that is unknown or whose value cannot be used.

    Example:
        >>> load_settings(Path("/")).trials
        1000
    """
    start = start.resolve()
    file = next((each for folder in (start, *start.parents) if (each := folder / "pyproject.toml").is_file()), None)
    if file is None:
        return Settings()
    try:
        tools = tomllib.loads(file.read_text("utf-8")).get("tool", {})
    except OSError as fault:
        raise UsageError(f"{file}: cannot be read: {fault.strerror}") from None
    except ValueError as fault:
        raise UsageError(f"{file}: is not TOML: {fault}") from None
    try:
        return _from_table(tools.get("cohortprop", {}), file.parent)
    except UsageError as fault:
        raise UsageError(f"{file}: [tool.cohortprop] {fault}") from None


def _from_table(table: object, folder: Path) -> Settings:
    if not isinstance(table, Mapping):
        raise UsageError(f"expected a table, got {table!r}")
    hints = get_type_hints(Settings)
    keys = {each.name.replace("_", "-"): each.name for each in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in keys:
            close = difflib.get_close_matches(key.replace("_", "-"), keys, n=1)
            raise UsageError(f"has no key {key!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
        values[keys[key]] = _read(key, value, hints[keys[key]])
    for name in _PATHS:
        if name in values:
            values[name] = os.path.relpath(folder / values[name])
    if "report" in values:
        named = map(split_report, values["report"])
        values["report"] = tuple(f"{name}={os.path.relpath(folder / file)}" for name, file in named)
    if "database" in values:
        values["database"] = tuple(_from_folder(url, folder) for url in values["database"])
    return Settings(**values)


def _from_folder(url: str, folder: Path) -> str:
    """The URL of a database, where a folder counts from that of the file that names it."""
    if "://" in url:
        return url
    path = url.removeprefix("dir:").removeprefix("file:")
    return f"dir:{os.path.relpath(folder / path)}"


def _read(key: str, value: object, hint: Any) -> Any:
    """A value of the file as the field wants it."""
    if hint == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise UsageError(f"{key}: expected a list of strings, got {value!r}")
        return tuple(value)
    if hint is bool:
        fits, words = isinstance(value, bool), "true or false"
    elif hint is float:
        fits, words = isinstance(value, (int, float)) and not isinstance(value, bool), "a number"
    elif hint == int | str:
        fits, words = value == "auto" or (isinstance(value, int) and not isinstance(value, bool)), 'a number, or "auto"'
    elif hint in (int, int | None):
        fits, words = isinstance(value, int) and not isinstance(value, bool), "a whole number"
    else:
        fits, words = isinstance(value, str), "a string"
    if not fits:
        raise UsageError(f"{key}: expected {words}, got {value!r}")
    return value
