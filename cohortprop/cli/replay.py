"""`cohortprop replay FILE`: run a saved finding once more. Hypothesis is not needed for it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cohortprop.cli.options import output_options, receiver_options, report_option, settings_of, trial_options
from cohortprop.errors import UsageError
from cohortprop.settings import split_report

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.campaign import Finding
    from cohortprop.receiver import Receiver
    from cohortprop.target import Target

__all__ = ["command"]


@click.command("replay", short_help="Run a saved finding once more.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", required=False)
@receiver_options
@trial_options
@report_option
@output_options
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON, and nothing else.")
@click.option(
    "--emit-test",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="TEST_FILE",
    help="Write a pytest that fails until the receiver is mended.",
)
@click.option(
    "--diagram",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PICTURE",
    help="Draw who sent what to whom: as SVG, or as Mermaid text if the name ends in .mmd.",
)
@click.option(
    "--curl",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="SCRIPT",
    help="Write the requests that reached the app as a shell script of curl lines.",
)
def command(
    *,
    file: Path,
    target: str | None,
    as_json: bool,
    emit_test: Path | None,
    diagram: Path | None,
    curl: Path | None,
    **given: Any,
) -> int:
    """Run the finding in FILE once more: it still fails, is fixed, or fails otherwise.

    TARGET is what the finding was made on, unless another one is given. Exits with 0 when it is fixed, else with 1. The
    file stays where it is; the next run puts it aside. What the app prints is shown as it comes.
    """
    settings = settings_of(**given)
    if diagram is not None and diagram.suffix not in (".svg", ".mmd"):
        raise UsageError(f"{diagram}: name a file that ends in .svg, for a picture, or in .mmd, for Mermaid text")
    for each in given["report"]:  # not those of a run, which are set in pyproject.toml
        if split_report(each)[0] != "html":
            raise UsageError(f"report: a replay is written as html=FILE, not {each!r}")
    if emit_test is not None and emit_test.exists():
        raise UsageError(f"{emit_test}: exists already; name another file, or remove it")
    from cohortprop.checks import select
    from cohortprop.cli.screen import console_on, only_json, print_json
    from cohortprop.findings import load, replay
    from cohortprop.reports import finding_as_json, show_finding
    from cohortprop.trial import open_kit

    saved = load(file)
    if target is None and "::" in saved.target:
        raise UsageError(f"{file}: was saved by the test {saved.target}; name the TARGET to replay it on")
    out = console_on(sys.stdout, color=settings.color, silent=as_json)
    with only_json(wanted=as_json):
        loaded = settings.load(target or (None if settings.start is not None else saved.target))
        try:
            checks = select([saved.check])
        except UsageError as fault:
            raise UsageError(f"{file}: {fault}") from None
        checks += tuple(each for each in select() if each.name != saved.check)
        receiver = loaded.make()  # what it imports is imported before time is frozen
        clock = settings.clock_for(receiver)
        with open_kit(loaded.make, checks, clock=clock, time_limit=settings.time_limit) as kit:
            replayed = replay(kit, saved)
    finding = replayed.finding
    for each in given["report"]:
        _report(split_report(each)[1], finding, saved.key, loaded, file)
    if diagram is not None:
        _draw(diagram, finding, saved.key)
    if curl is not None:
        _script(curl, finding, receiver, saved.key)
    if emit_test is not None:
        _emit(emit_test, finding, loaded.name, saved.key)
    if as_json:
        shown = finding_as_json(finding) if finding is not None else None
        data = {"file": str(file), "target": loaded.name, "verdict": replayed.verdict, "finding": shown}
        print_json(data)
    else:
        now = f", now {'/'.join(finding.key)}" if finding is not None and finding.key != saved.key else ""
        out.print(f"{replayed.verdict}: {saved.check}/{saved.cause}{now}", soft_wrap=True, markup=False)
        if finding is not None and not settings.quiet:
            show_finding(out, finding)
        if emit_test is not None:
            out.print(f"\n{emit_test}: fails now, and passes once the receiver is mended", soft_wrap=True, markup=False)
    return 0 if replayed.verdict == "fixed" else 1


def _report(path: Path, finding: Finding | None, saved: tuple[str, str], target: Target, file: Path) -> None:
    """Write the page of what was found now, whatever it is.

    Raises:
        UsageError: nothing fails any more, or the file cannot be written.
    """
    from cohortprop.cli.pages import write_finding

    if finding is None:
        raise UsageError(f"{path}: not written, for {'/'.join(saved)} does not show any more")
    replay = shlex.join(["cohortprop", "replay", str(file)])
    write_finding(path, finding, target.name, target.make(), replay)


def _draw(path: Path, finding: Finding | None, saved: tuple[str, str]) -> None:
    """Write the sequence diagram of what was found now, whatever it is.

    Raises:
        UsageError: nothing fails any more, or the file cannot be written.
    """
    from cohortprop.reports.diagram import as_mermaid, as_svg, diagram_of_finding

    if finding is None:
        raise UsageError(f"{path}: not drawn, for {'/'.join(saved)} does not show any more")
    diagram = diagram_of_finding(finding)
    _write(path, as_svg(diagram) if path.suffix == ".svg" else as_mermaid(diagram), "w")


def _script(path: Path, finding: Finding | None, receiver: Receiver, saved: tuple[str, str]) -> None:
    """Write the requests of what was found now as curl lines.

    Raises:
        UsageError: nothing fails any more, or the file cannot be written.
    """
    from cohortprop.reports.formats.curl import as_curl

    if finding is None:
        raise UsageError(f"{path}: not written, for {'/'.join(saved)} does not show any more")
    _write(path, as_curl(finding, receiver), "w")


def _emit(path: Path, finding: Finding | None, target: str, saved: tuple[str, str]) -> None:
    """Write the finding as a test.

    Raises:
        UsageError: it does not fail any more as it did, or the file cannot be written.
    """
    from cohortprop.reports import regression_test

    if finding is None or finding.key != saved:
        raise UsageError(f"{path}: not written, for {'/'.join(saved)} does not show any more")
    _write(path, regression_test(finding, target), "x")


def _write(path: Path, text: str, mode: Literal["w", "x"]) -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written: {fault.strerror}") from None
