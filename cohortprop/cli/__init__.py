"""The command line: `cohortprop run`, `replay`, `findings`, `zoo`, `send`, `init`, `--explain`: arguments in, text out.

Exit codes: 0 no bug; 1 bugs found; 2 wrong usage, or a target that cannot be loaded; 3 cohortprop itself failed; 130
ended by Ctrl-C before any bug was found. Whatever a user can get wrong is one line on standard error.

Commands are imported when they are called, and what is heavy (Hypothesis, werkzeug, jsonschema, freezegun) when it is
used, so that a usage line comes at once.
"""

from __future__ import annotations

import difflib
import importlib
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from cohortprop import __version__
from cohortprop.errors import UsageError

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = ("run", "replay", "findings", "zoo", "send", "init")


class Program(click.Group):
    """The commands, imported one by one as they are asked for; faults end in the documented exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """The commands, in the order in which they are first needed."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        """The command of a name, freshly imported."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"cohortprop.cli.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with."""
        word = args[0]
        if word in COMMANDS or word.startswith("-"):
            return super().resolve_command(ctx, args)
        if ":" in word:
            raise UsageError(f"no command is called {word!r}; did you mean: cohortprop run {word}?")
        close = difflib.get_close_matches(word, COMMANDS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(COMMANDS)}"
        raise UsageError(f"no command is called {word!r}; {hint}")

    def main(self, args: Sequence[str] | None = None, *_others: Any, **extra: Any) -> NoReturn:
        """Run a command line, and exit with its code."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(given, **{**extra, "prog_name": "cohortprop", "standalone_mode": False})
        except click.Abort:
            click.echo("cohortprop: interrupted", err=True)
            code = 130
        except UsageError as fault:
            code = _refuse(str(fault))
        except click.ClickException as fault:
            code = _refuse(fault.format_message())
        except Exception:  # noqa: BLE001 - whatever gets here is a fault of ours, and is told with its traceback
            code = _confess(given)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=Program, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="cohortprop %(version)s")
@click.option("--explain", metavar="CHECK", help="Print what a check is about, and do nothing else.")
@click.option("--color/--no-color", default=None, help="The same as of a command, for --explain.")
@click.pass_context
def main(ctx: click.Context, *, explain: str | None, color: bool | None) -> int | None:
    """Bring the bad days of Mixpanel's cohort sync to your webhook, and see what it holds afterwards.

    TARGET is module:name; the name is a Receiver, a function that returns one, or a WSGI or ASGI app.

    \b
    Exit codes: 0 no bug, 1 bugs found, 2 wrong usage or a target that cannot be
    loaded, 3 cohortprop itself failed, 130 ended by Ctrl-C before a bug was found.
    """  # noqa: D301 - click's own mark for lines that it is not to fill
    command = ctx.invoked_subcommand
    if command is not None:
        if explain is not None:
            raise UsageError(f"--explain {explain} stands alone, without {command}")
        if color is not None:
            raise UsageError(f"--{'no-' * (not color)}color stands behind {command}")
        return None
    if explain is not None:
        from cohortprop.cli.options import explain_check, settings_of

        return explain_check(explain, color=settings_of(color=color).color)
    click.echo(ctx.get_help())
    return 2


def _refuse(message: str) -> int:
    """Say in one line what is wrong with what was asked for."""
    click.echo(f"cohortprop: error: {' '.join(message.split())}", err=True)
    return 2


def _confess(given: list[str]) -> int:
    """Say that we are at fault, with what a report needs."""
    click.echo(
        "cohortprop: this is a bug in cohortprop; please report it with the lines below\n"
        f"cohortprop {__version__}, Python {sys.version.split()[0]}, {sys.platform}; arguments: {' '.join(given)}\n"
        f"{traceback.format_exc().rstrip()}",
        err=True,
    )
    return 3
