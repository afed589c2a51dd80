"""What the plugin is told.

Each option stands on the command line as `--cohortprop-NAME`, in pytest's configuration file as `cohortprop_NAME`, and
in the table `[tool.cohortprop]` of pyproject.toml, which `cohortprop run` reads too, as `NAME`. The first of these that
says something counts:

1. the command line, 2. pytest's configuration file, 3. `[tool.cohortprop]`, 4. the defaults.

A list that is given replaces the whole list below it. Relative paths count from the folder that pytest was started in,
those of a file from that file's folder. Some keys of the table are for `cohortprop run` alone: `trials`, because here
the budget of a search is Hypothesis' `max_examples`, and `findings`, because here findings are saved only when that is
asked for: a test run leaves no files behind that nobody wanted. The same holds for their pages, and so for `html` and
`report`. `target` is what the fixture `cohort_receiver` gives to tests that have none of their own.
`database` is Hypothesis' own here, and so asked for here alone; `workers` and `cluster` are pytest-xdist's business.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbits
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

from cohortprop.errors import UsageError

if TYPE_CHECKING:
    from hypothesis.database import ExampleDatabase

    from cohortprop.settings import Settings

__all__ = ["DATABASE_TROUBLES", "SEED_FOR_WORKERS", "Asked", "asked_of", "declare", "drawn_seed", "is_asked_for"]

Kind = Literal["text", "whole", "number", "path", "list", "flag"]

_INI_TYPES: Final[dict[Kind, Any]] = {"list": "linelist", "flag": "bool"}  # all others are strings
SEED_FOR_WORKERS: Final = "cohortprop_seed"
"""Where pytest-xdist's workers find the seed in their `workerinput`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that the plugin can be told.

    Args:
        name: as it stands on the command line after `--cohortprop-`.
        kind: how what is written is to be read.
        metavar: stands for the value in the help; empty for a flag.
        help: in one line.
    """

    name: str
    kind: Kind
    metavar: str
    help: str

    @property
    def key(self) -> str:
        """The name of the field of `Settings`."""
        return self.name.replace("-", "_")

    @property
    def ini(self) -> str:
        """The key in pytest's configuration file, and the place of the value among pytest's options."""
        return f"cohortprop_{self.key}"


OPTIONS: Final = (
    Option("profile", "text", "NAME", "how hostile the world is: documented, realistic (default) or hostile"),
    Option("seed", "whole", "N", "decides every draw of the searches; drawn, and printed, when it is not given"),
    Option("trials", "whole", "N", "examples of a search (default: max_examples of Hypothesis' profile, 100)"),
    Option("check", "list", "NAME", "run only this check; repeatable"),
    Option("without", "list", "NAME", "leave this check out; repeatable"),
    Option("dialect", "list", "QUESTION=READING", "hold on to this reading of the document; repeatable"),
    Option("path", "text", "PATH", "path that deliveries are sent to, in place of the receiver's own"),
    Option("auth", "text", "USER:PASSWORD", "credentials for HTTP Basic, in place of the receiver's own"),
    Option("header", "list", "'NAME: VALUE'", "sent with every delivery, in place of the receiver's own; repeatable"),
    Option("members", "text", "PROBE", "module:function, or a request as 'GET /cohorts/{cohort_id}/members#/ids'"),
    Option("arrivals", "text", "PROBE", "the like for pairs of cohort and user, in place of the receiver's own"),
    Option("reset", "text", "PROBE", "the like, that empties the app between trials, in place of the receiver's own"),
    Option("allow-host", "list", "NAME", "a URL may name this host, though it is another machine; repeatable"),
    Option("clock", "text", "NAME", "how the app sees virtual time: freezegun (default), time_machine or none"),
    Option("time-limit", "number", "SECONDS", "real time after which a call of the app counts as hanging (default 10)"),
    Option(
        "database",
        "list",
        "URL",
        "where Hypothesis keeps what has failed, and looks for it: dir:PATH, redis://...; repeatable",
    ),
    Option("findings", "path", "DIR", "save findings in this folder; not saved when it is not given"),
    Option("html", "flag", "", "write a page to read beside each finding that is saved in that folder"),
    Option("baseline", "path", "FILE", "findings that are accepted: only others fail a test"),
    Option("canonical", "flag", "", "collect the canonical scenarios (default)"),
    Option("strict-replays", "flag", "", "late copies of acknowledged deliveries must change nothing"),
    Option("fail-on-advice", "flag", "", "advice fails a test, too"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is in force.

    Args:
        settings: all that a run can be told; those that the plugin has no use for have their defaults.
        targets: to be tested without a test file, each `module:name`.
        trials: examples of a search; None leaves it to Hypothesis.
        findings: folder to save findings in; None for not at all.
        html: whether each saved finding gets a page beside it.
        seed: of the searches; None leaves it to Hypothesis.
        seed_words: what decides the draws, for the header.
        database: where Hypothesis is to keep what has failed; None leaves it to Hypothesis.
    """

    settings: Settings
    targets: tuple[str, ...]
    trials: int | None
    findings: Path | None
    html: bool
    seed: int | None
    seed_words: str
    database: ExampleDatabase | None = None

    @property
    def header(self) -> str:
        """One line for the head of the report."""
        what = f" {', '.join(self.targets)}:" if self.targets else ""
        return f"cohortprop:{what} profile {self.settings.profile}, {self.seed_words}"


def declare(parser: pytest.Parser) -> None:
    """Tell pytest the options and the ini keys."""
    group = parser.getgroup("cohortprop", "cohortprop: Mixpanel cohort syncs, played to a webhook")
    group.addoption(
        "--cohortprop",
        dest="cohortprop_targets",
        action="append",
        metavar="MODULE:NAME",
        help="test this receiver, without a test file; the name is a Receiver, a function that returns one, or an app. "
        "Repeatable.",
    )
    group.addoption(
        "--cohortprop-explain",
        metavar="CHECK",
        help="print what a check is about, how to mend what fails it, and run no tests",
    )
    for option in OPTIONS:
        flag = f"--cohortprop-{option.name}"
        if option.kind == "flag":
            group.addoption(flag, dest=option.ini, action="store_true", default=None, help=option.help)
            off = f"--cohortprop-no-{option.name}"
            group.addoption(off, dest=option.ini, action="store_false", default=None, help=f"the opposite of {flag}")
        else:
            action = "append" if option.kind == "list" else "store"
            group.addoption(flag, dest=option.ini, action=action, metavar=option.metavar, help=option.help)
        parser.addini(option.ini, option.help, type=_INI_TYPES.get(option.kind, "string"), default=None)


def is_asked_for(config: pytest.Config) -> bool:
    """Whether anything is said about cohortprop, on the command line or in pytest's configuration file."""
    return bool(config.getoption("cohortprop_targets")) or any(
        config.getoption(option.ini) is not None or config.getini(option.ini) is not None for option in OPTIONS
    )


_ASKED: Final = pytest.StashKey[Asked]()
DATABASE_TROUBLES: Final = pytest.StashKey[list[str]]()
"""Lines about a database that did not answer while tests ran."""
_DRAWN: Final = pytest.StashKey[int]()


def asked_of(config: pytest.Config) -> Asked:
    """What is in force in this run of pytest.

    Raises:
        pytest.UsageError: one line that names the option or the key, and says what is wrong with its value.
    """
    if _ASKED not in config.stash:
        try:
            config.stash[_ASKED] = _resolve(config)
        except UsageError as fault:
            raise pytest.UsageError(f"cohortprop: {fault}") from None
    return config.stash[_ASKED]


def drawn_seed(config: pytest.Config) -> int:
    """The seed when nobody has said one; the workers of pytest-xdist are handed the one that the header shows."""
    if _DRAWN not in config.stash:
        config.stash[_DRAWN] = getattr(config, "workerinput", {}).get(SEED_FOR_WORKERS) or randbits(32)
    return config.stash[_DRAWN]


def _resolve(config: pytest.Config) -> Asked:
    from cohortprop.settings import load_settings

    given: dict[str, Any] = {}
    for option in OPTIONS:
        typed, written = config.getoption(option.ini), config.getini(option.ini)
        if typed is not None:
            given[option.key] = _read(f"--cohortprop-{option.name}", option.kind, typed, Path())
        elif written is not None:
            given[option.key] = _read(option.ini, option.kind, written, _folder_of_ini(config))
    given.pop("database", None)
    trials, findings, html = given.pop("trials", None), given.pop("findings", None), given.pop("html", False)
    if trials is not None and trials < 0:
        raise UsageError(f"trials: expected 0 or more, got {trials}")
    if html and findings is None:
        raise UsageError("html: pages stand beside saved findings; say where, with --cohortprop-findings DIR")
    settings = replace(load_settings(config.rootpath), **given)
    database = _database(config)
    seed, seed_words = _seed(config, settings.seed, kept=database is not None)
    targets = tuple(dict.fromkeys(config.getoption("cohortprop_targets") or ()))
    folder_of_findings = None if findings is None else Path(findings)
    return Asked(settings, targets, trials, folder_of_findings, html, seed, seed_words, database)


def _read(place: str, kind: Kind, found: Any, folder: Path) -> Any:
    """A value as the field of `Settings` wants it."""
    if kind == "list":
        return tuple(found)
    if kind == "path":
        return os.path.relpath(folder / found)
    kinds: dict[Kind, tuple[Callable[[str], Any], str]] = {
        "whole": (int, "a whole number"),
        "number": (float, "a number"),
    }
    if kind in kinds:
        convert, words = kinds[kind]
        try:
            return convert(found)
        except ValueError:
            raise UsageError(f"{place}: expected {words}, got {found!r}") from None
    return found


def _database(config: pytest.Config) -> ExampleDatabase | None:
    """Where Hypothesis is to keep what fails, if that is said; what goes wrong there is told at the end of the run."""
    typed, written = config.getoption("cohortprop_database"), config.getini("cohortprop_database")
    urls = written if typed is None else typed
    if not urls:
        return None
    from cohortprop.memory import open_database

    base = Path() if typed is not None else _folder_of_ini(config)
    return open_database(*urls, base=base, tell=config.stash.setdefault(DATABASE_TROUBLES, []).append)


def _folder_of_ini(config: pytest.Config) -> Path:
    return config.inipath.parent if config.inipath is not None else config.rootpath


def _seed(config: pytest.Config, asked: int | None, *, kept: bool) -> tuple[int | None, str]:
    """The seed of the searches, if it is for us to say, and the words for it.

    What the user says comes first; then Hypothesis' own ways of deciding the draws are respected; else one is drawn, so
    that there is something to give back on the command line. What is derandomized keeps nothing, so whoever names a
    database to keep failures in does not want that.
    """
    if asked is not None:
        return asked, f"seed {asked}"
    theirs = config.getoption("hypothesis_seed", None)
    if theirs is not None:
        return None, f"seed {theirs} (--hypothesis-seed)"
    from hypothesis import settings

    if not kept and settings.default is not None and settings.default.derandomize:
        return None, "derandomized by Hypothesis' profile"
    drawn = drawn_seed(config)
    return drawn, f"seed {drawn}"
