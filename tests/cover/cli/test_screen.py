"""Live figures are for terminals, and leave nothing behind."""

from __future__ import annotations

import io
import logging
import sys

import pytest
from rich.console import Console

from cohortprop.campaign import Progress
from cohortprop.cli.screen import Ticker, captured_prints, console_on, note
from cohortprop.transport import LogCapture

FIGURES = Progress(
    "search", trials=1200, deliveries=34567, syncs=890, virtual_seconds=172_800, findings=1, seconds=3.25
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticker(console: Console, *, shown: bool = True) -> Ticker:
    return Ticker(console, trials=1000, seconds=20.0, shown=shown)


def test_the_figures() -> None:
    live = ticker(Console(file=io.StringIO()))
    assert live.line(FIGURES) == (
        "search (at most 1,000 trials or 20 s): 3.2 s, 1,200 trials, 1 finding, 34,567 deliveries, 890 syncs, "
        "2 virtual days"
    )
    live.found_before = 2
    assert "3 findings" in live.line(FIGURES)


def test_on_a_terminal_they_are_shown_and_wiped_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with ticker(Console(file=stream, width=120)) as live:
        live.show(FIGURES)
        live.show(Progress("search", trials=1201))  # too soon after the last
    shown = stream.getvalue()
    assert "1,200 trials" in shown
    assert "1,201 trials" not in shown
    assert shown.endswith("\x1b[1A\x1b[2K")  # up one line, and erased


def test_without_a_terminal_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with ticker(Console(file=stream)) as live:
        live.show(FIGURES)
    assert stream.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_where_they_are_not_wanted_there_are_none() -> None:
    stream = Terminal()
    with ticker(Console(file=stream), shown=False) as live:
        live.show(FIGURES)
    assert stream.getvalue() == ""


def test_when_the_output_goes_elsewhere_they_go_to_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    errors, output = Terminal(), io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)
    with ticker(Console(file=output)) as live:
        live.show(FIGURES)
    assert "1,200 trials" in errors.getvalue().replace("\n", " ")
    assert output.getvalue() == ""


@pytest.mark.parametrize(("color", "coloured"), [(True, True), (False, False)])
def test_colour_can_be_turned_off(color: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    note(console_on(stream, color=color), "Hint", "x" * 200)
    assert ("36m" in stream.getvalue()) is coloured
    assert "x" * 200 in stream.getvalue()


def test_a_silent_console_prints_nothing() -> None:
    stream = io.StringIO()
    console_on(stream, color=True, silent=True).print("x")
    assert stream.getvalue() == ""


def test_what_is_printed_is_held_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    with LogCapture() as capture:
        with captured_prints(capture):
            sys.stdout.write("one two\nthree")
            sys.stdout.write(" and more: 100%\n")
            logging.getLogger("shop").warning("logged")
        assert capture.take() == (
            "PRINTED stdout: one two",
            "PRINTED stdout: three and more: 100%",
            "WARNING shop: logged",
        )
    assert capsys.readouterr().out == ""
