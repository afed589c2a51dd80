"""Options that several commands share, and the settings that come of them.

An option that is not given is None, so that `[tool.cohortprop]` in pyproject.toml can have its say.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from cohortprop.profiles import PROFILES
from cohortprop.settings import CLOCK_NAMES, REPORT_FORMATS, Settings, load_settings

__all__ = [
    "explain_check",
    "given_again",
    "needed_target",
    "output_options",
    "receiver_options",
    "report_option",
    "search_options",
    "settings_of",
    "trial_options",
]

_NOT_DRAWN: Final = (
    "target", "seed", "workers", "cluster", "database", "findings", "save", "html", "report", "quiet", "color"
)  # fmt: skip
_SECRET: Final = ("auth", "header")


def _number_or_auto(_context: click.Context, param: click.Parameter, value: str | None) -> int | str | None:
    """What was typed, as the settings have it."""
    if value is None or value == "auto":
        return value
    if not value.isdecimal():
        raise click.BadParameter(f"expected a number from 1 on, or auto, got {value}", param=param)
    return int(value)


Command = TypeVar("Command", bound=Callable[..., Any])


def settings_of(**given: Any) -> Settings:
    """What the command line says, on top of what the nearest pyproject.toml says.

    A target on the command line also takes the place of a server to start that the file names, and the reverse.
    """
    settings = load_settings(Path.cwd())
    if given.get("target") is not None and given.get("start") is None:
        settings = replace(settings, start=None, ready=None)
    elif given.get("start") is not None and given.get("target") is None:
        settings = replace(settings, target=None)
    return settings.merge(**given)


def needed_target(settings: Settings) -> str:
    """The target, or the command in its place, which must be given in one way or the other."""
    name = settings.target or settings.start
    if name is None:
        raise click.UsageError("no TARGET: write module:name, or set target in [tool.cohortprop] of pyproject.toml")
    return name


def given_again(given: Mapping[str, Any]) -> Iterator[str]:
    """The options that decide what is drawn, as they would have to be typed again; the seed aside, and no secrets."""
    for name, value in given.items():
        if value is None or name in _NOT_DRAWN:
            continue
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield option if value else f"--no-{option[2:]}"
            continue
        for each in value if isinstance(value, tuple) else (value,):
            yield from (option, _typed(name, each))


def _typed(name: str, value: Any) -> str:
    if name in _SECRET:
        return f"{value.partition(':')[0]}:…"
    return f"{value:g}" if isinstance(value, float) else str(value)


def receiver_options(command: Command) -> Command:
    """How to reach the app and to look into it, where TARGET does not say so itself."""
    return _all(
        command,
        click.option("--path", metavar="PATH", help="Path that deliveries are sent to."),
        click.option("--auth", metavar="USER:PASSWORD", help="Credentials for HTTP Basic authentication."),
        click.option("--header", multiple=True, metavar="'NAME: VALUE'", help="Sent with every delivery. Repeatable."),
        click.option(
            "--members",
            metavar="PROBE",
            help="Asks for the ids that the app now holds in a cohort: module:function, called with the cohort's id; "
            "for a live receiver also a request with a JSON pointer, 'GET /cohorts/{cohort_id}/members#/ids'.",
        ),
        click.option(
            "--arrivals",
            metavar="PROBE",
            help="Asks for the pairs of cohort and user acted upon so far: module:function, or 'GET /arrivals#/sent'.",
        ),
        click.option("--start", metavar="COMMAND", help="Starts the server, which listens on $PORT; no TARGET then."),
        click.option("--ready", metavar="PATH", help="Answered with a 2xx as soon as that server is ready."),
        click.option(
            "--allow-host",
            multiple=True,
            metavar="NAME",
            help="A URL may name this host, though it is another machine.",
        ),
        click.option(
            "--time-limit",
            type=float,
            metavar="SECONDS",
            help="Real time after which a call of the app counts as hanging (default 10).",
        ),
    )


def trial_options(command: Command) -> Command:
    """How trials are run."""
    return _all(
        command,
        click.option(
            "--reset", metavar="PROBE", help="Empties the app between trials: module:function, or 'POST /test/reset'."
        ),
        click.option("--clock", type=click.Choice(CLOCK_NAMES), help="How the app sees virtual time."),
    )


def search_options(command: Command) -> Command:
    """What to search for, how long, and what to do with what is found."""
    profiles = "; ".join(f"{name}: {profile.summary}" for name, profile in PROFILES.items())
    return _all(
        command,
        click.option("--seed", type=int, help="Decides every draw. Drawn, and printed, when it is not given."),
        click.option("--trials", type=int, help="Drawn trials at most (default 1000)."),
        click.option("--seconds", type=float, help="Seconds of search at most (default 20)."),
        click.option(
            "--workers",
            callback=_number_or_auto,
            metavar="N|auto",
            help="Processes that share the search (default 1); auto for one for each processor.",
        ),
        click.option(
            "--cluster",
            metavar="ADDRESS",
            help="A dask scheduler whose workers share the search, as in tcp://127.0.0.1:8786.",
        ),
        click.option(
            "--database",
            multiple=True,
            metavar="URL",
            help="Failures are shared with other runs there, and tried first: dir:PATH, redis://HOST:PORT/DB or "
            "github://OWNER/REPO. Repeatable.",
        ),
        click.option("--profile", type=click.Choice(list(PROFILES)), help=f"How hostile the world is. {profiles}."),
        click.option("--check", multiple=True, metavar="NAME", help="Run only this check. Repeatable."),
        click.option("--without", multiple=True, metavar="NAME", help="Leave this check out. Repeatable."),
        click.option(
            "--dialect",
            multiple=True,
            metavar="QUESTION=READING",
            help="Hold on to this reading of the document. Repeatable.",
        ),
        click.option("--canonical/--no-canonical", default=None, help="The canonical scenarios come first (default)."),
        click.option("--strict-replays/--no-strict-replays", default=None, help="Late copies must change nothing."),
        click.option("--first/--no-first", default=None, help="Stop at the first finding."),
        click.option("--findings", metavar="DIR", help="Where findings are saved (default .cohortprop/findings)."),
        click.option(
            "--save/--no-save", default=None, help="Save findings, and put those aside that are fixed (default)."
        ),
        click.option("--html/--no-html", default=None, help="Write a page beside each saved finding (default)."),
        click.option("--baseline", metavar="FILE", help="Findings that are accepted: only new ones fail the run."),
        click.option("--fail-on-advice/--no-fail-on-advice", default=None, help="Advice fails the run, too."),
        click.option(
            "--require-reach",
            multiple=True,
            metavar="SITUATION=TRIALS",
            help="A run that meets a situation in fewer trials fails. Repeatable.",
        ),
    )


def report_option(command: Command) -> Command:
    """What else to write, to be read or kept."""
    formats = ", ".join(REPORT_FORMATS)
    told = f"Write a report to FILE; FORMAT is one of {formats}, as in --report html=report.html. Repeatable."
    return _all(command, click.option("--report", multiple=True, metavar="FORMAT=FILE", help=told))


def output_options(command: Command) -> Command:
    """How to print."""
    return _all(
        command,
        click.option("--quiet/--no-quiet", "-q", default=None, help="Only names and the verdict, no stories."),
        click.option("--color/--no-color", default=None, help="Print in colour where the terminal can (default)."),
    )


def explain_check(name: str, *, color: bool) -> int:
    """Print what a check is about.

    Raises:
        UsageError: there is no such check.
    """
    from cohortprop.checks import select
    from cohortprop.cli.screen import console_on
    from cohortprop.reports import show_explanation

    (check,) = select([name])
    show_explanation(console_on(sys.stdout, color=color), check)
    return 0


def _all(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
