"""Pages on disk: one beside each saved finding, one of a run, one of a replay; and none where none is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cohortprop.cli import main
from cohortprop.errors import UsageError
from cohortprop.findings import load, retire
from cohortprop.settings import Settings, load_settings, split_report

QUICK = ("run", "cohortprop.zoo:merges_full_sync", "--trials", "0", "--seed", "1", "--check", "membership", "--first")


def cohortprop(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def pages(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))


def test_each_saved_finding_has_a_page_that_is_named_and_moves_with_it(folder: Path) -> None:
    code, output = cohortprop(*QUICK)
    assert code == 1
    (page,) = pages(folder)
    assert page.startswith(".cohortprop/findings/membership-ghost-after-full-sync-")
    assert f"To read     {page}" in output.splitlines()
    saved = folder / page.replace(".html", ".json")
    assert f"cohortprop replay {page.replace('.html', '.json')}" in (folder / page).read_text("utf-8")
    retire(load(saved))
    assert pages(folder) == [page.replace("findings/", "findings/fixed/")]


@pytest.mark.parametrize("option", ["--no-html", "--no-save"])
def test_no_page_where_none_is_wanted(option: str, folder: Path) -> None:
    code, output = cohortprop(*QUICK, option)
    assert code == 1
    assert pages(folder) == []
    assert "To read" not in output


def test_a_run_and_a_replay_write_the_page_that_is_asked_for(folder: Path) -> None:
    code, output = cohortprop(*QUICK, "--report", "html=out/run.html")
    assert code == 1
    assert "report: out/run.html" in output
    text = (folder / "out/run.html").read_text("utf-8")
    (saved,) = (folder / ".cohortprop/findings").glob("*.json")
    assert "1 bug found" in text
    assert f"cohortprop replay .cohortprop/findings/{saved.name}" in text
    assert cohortprop("replay", str(saved), "--report", "html=again.html")[0] == 1
    assert "ghost-after-full-sync" in (folder / "again.html").read_text("utf-8")
    code, output = cohortprop("replay", str(saved), "cohortprop.zoo:upserts_in_sqlite", "--report", "html=fixed.html")
    assert code == 2
    assert "fixed.html: not written" in output
    assert not (folder / "fixed.html").exists()


def test_a_page_that_cannot_be_written_is_no_reason_to_lose_the_finding(folder: Path) -> None:
    (folder / "file").write_text("")
    code, output = cohortprop(*QUICK, "--report", "html=file/run.html")
    assert code == 2
    assert "file/run.html: cannot be written" in output
    assert len(list((folder / ".cohortprop/findings").glob("*.json"))) == 1


@pytest.mark.parametrize(
    ("name", "begins"),
    [("junit", "<?xml"), ("ndjson", '{"version": 1'), ("sarif", '{\n  "$schema"'), ("github", "::error title=")],
)
def test_a_run_is_written_in_other_formats(folder: Path, name: str, begins: str) -> None:
    code, output = cohortprop(*QUICK, "--report", f"{name}=out/run")
    assert code == 1
    assert "report: out/run" in output
    assert (folder / "out/run").read_text("utf-8").startswith(begins)


def test_a_replay_is_written_as_a_page_alone(folder: Path) -> None:
    (folder / "saved.json").write_text("{}", "utf-8")
    code, output = cohortprop("replay", "saved.json", "--report", "junit=out.xml")
    told = "cohortprop: error: report: a replay is written as html=FILE, not 'junit=out.xml'\n"
    assert (code, output) == (2, told)


@pytest.mark.parametrize("text", ["html", "html=", "pdf=a.pdf", "=a.html", "a.html"])
def test_a_report_has_a_format_and_a_file(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"report: write FORMAT=FILE with one of html, junit, ndjson, sarif, github, not "
    ):
        Settings(report=(text,))


def test_a_report_in_the_table_counts_from_its_folder(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.cohortprop]\nreport = ["html=out/run.html"]\nhtml = false\n')
    inside = folder / "inside"
    inside.mkdir()
    settings = load_settings(inside)
    assert [split_report(each)[1].resolve() for each in settings.report] == [(folder / "out/run.html").resolve()]
    assert not settings.html
