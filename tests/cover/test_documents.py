"""The documents show what the program prints, run what they show, and leave nothing out.

What is pasted in them is rewritten by ``COHORTPROP_REWRITE_SNAPSHOTS=1 pytest tests/cover/test_documents.py``; this
runs the command of the README as it stands there, which takes its twenty seconds.
"""

from __future__ import annotations

import inspect
import os
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import cohortprop
from cohortprop.cli import COMMANDS
from cohortprop.script import Script
from measure import bench, zoo

ROOT = Path(cohortprop.__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
REWRITE = bool(os.environ.get("COHORTPROP_REWRITE_SNAPSHOTS"))

README = ROOT / "README.md"
RUN = re.compile(r"(?<=<!-- run -->\n```console\n).*(?=```\n<!-- /run -->)", re.DOTALL)
COMMAND = "run", "cohortprop.zoo:merges_full_sync", "--seed", "1"


def say(folder: Path, *arguments: str) -> str:
    """What a command prints on a terminal of eighty columns, in this folder, with the examples at hand."""
    paths = [str(ROOT), str(EXAMPLES)]
    environ = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.pathsep.join(paths)}
    environ.pop("FORCE_COLOR", None)
    command = [sys.executable, "-W", "error", "-m", "cohortprop", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode in (0, 1), done.stderr
    assert not done.stderr
    return done.stdout


def without_figures(text: str) -> str:
    """The same on a faster machine, or a busier one."""
    return re.sub(r"\(\d[\d,]* trials, [\d.]+ s\)", "(... trials, ... s)", text)


@pytest.fixture
def pasted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The run that the README shows."""
    text = README.read_text("utf-8")
    if REWRITE:
        shown = f"$ cohortprop {' '.join(COMMAND)}\n{say(tmp_path_factory.mktemp('run'), *COMMAND)}"
        text = RUN.sub(lambda _old: shown, text)
        README.write_text(text, "utf-8")
    found = RUN.search(text)
    assert found is not None
    return found[0]


def test_the_readme_shows_what_the_run_prints(pasted: str, tmp_path: Path) -> None:
    command, _, shown = pasted.partition("\n")
    assert command == f"$ cohortprop {' '.join(COMMAND)}"
    shown_story, line, shown_summary = shown.partition("═" * 80 + "\n")
    story, same_line, summary = say(tmp_path, *COMMAND, "--trials", "0").partition("═" * 80 + "\n")
    assert shown_story == story
    assert line == same_line
    told, _, _ = without_figures(summary).partition("\n\n")  # the figures below depend on the machine
    assert without_figures(shown_summary).startswith(f"{told}\n\n")
    labels = re.compile(r"^[A-Z]\w+(?: \w+)?(?=  )", re.MULTILINE)
    assert set(labels.findall(shown_summary)) == set(labels.findall(summary))


@pytest.mark.parametrize("name", ["shop", "shop_mended"])
def test_the_quick_start_shows_what_its_runs_print(name: str, tmp_path: Path) -> None:
    said = say(tmp_path, "run", f"{name}:receiver", "--quiet", "--no-save", "--seed", "1", "--trials", "0")
    text = without_figures(f"$ cohortprop run {name}:receiver --quiet\n{said}")
    kept = EXAMPLES / f"{name}.txt"
    if REWRITE:
        kept.write_text(text, "utf-8")
    assert text == kept.read_text("utf-8")


def test_the_django_example_is_right(tmp_path: Path) -> None:
    said = say(tmp_path, "run", "crm_receiver:receiver", "--no-save", "--seed", "1", "--trials", "5")
    assert "No bug found in crm_receiver:receiver" in said


def test_the_fastapi_example_is_right(tmp_path: Path) -> None:
    said = say(tmp_path, "run", "fastapi_shop:receiver", "--no-save", "--seed", "1", "--trials", "5")
    assert "No bug found in fastapi_shop:receiver" in said


def run_tests(folder: Path, *arguments: str) -> None:
    """Run pytest in a folder, with the plugin, and without a configuration; all tests pass."""
    plugin = () if "cohortprop" in entry_points(group="pytest11").names else ("-p", "cohortprop.pytest_plugin")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(EXAMPLES)])}
    options = ["-q", "-c", os.devnull, "--rootdir", str(folder), "-p", "no:cacheprovider", "--cohortprop-trials", "5"]
    command = [sys.executable, "-m", "pytest", *plugin, *options, *arguments]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_example_of_tests_passes(tmp_path: Path) -> None:
    run_tests(tmp_path, str(EXAMPLES / "test_shop.py"))


SHOP = """
from cohortprop.zoo import stages_full_syncs

def create_app(database):
    made = stages_full_syncs()

    def app(environ, start_response):
        assert environ["PATH_INFO"] == "/mixpanel/cohorts"
        return made.app(environ, start_response)

    app.members_of, app.sent_mails = made.members, made.arrivals
    return app
"""


def test_the_python_in_the_readme_is_a_test_file(tmp_path: Path) -> None:
    receiver, six_lines = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len([line for line in six_lines.splitlines() if line]) == 6
    (tmp_path / "shop.py").write_text(SHOP, "utf-8")
    (tmp_path / "test_shop.py").write_text(f"{receiver}\n{six_lines}", "utf-8")
    run_tests(tmp_path)
    assert "No bug found" in say(tmp_path, "run", "test_shop:receiver", "--trials", "0", "--no-save")


def terms(page: str) -> set[str]:
    """What a page defines in its definition lists."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return set(re.findall(r"^`(\w+)`.*\n: ", text, re.MULTILINE))


def test_each_argument_of_a_receiver_is_described() -> None:
    assert terms("receiver.md") == set(inspect.signature(cohortprop.Receiver).parameters)


def test_each_method_of_a_script_has_a_description() -> None:
    assert all(inspect.getdoc(method) for name, method in inspect.getmembers(Script) if not name.startswith("_"))


def test_each_command_has_its_help_shown() -> None:
    shown = re.findall(r"^```\{generated\} help (\w+)$", (ROOT / "docs" / "cli.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(COMMANDS)


@pytest.mark.parametrize("folder", ["docs", "docs/guides"])
def test_each_page_is_in_the_contents(folder: str) -> None:
    index = (ROOT / folder / "index.md").read_text("utf-8")
    contents = index.partition("{toctree}")[2].partition("```")[0].split()
    pages = {page.stem for page in (ROOT / folder).glob("*.md") if not page.name.startswith("measures-")}
    folders = {f"{page.parent.name}/index" for page in (ROOT / folder).glob("*/index.md")}
    assert pages - {"index"} | folders == {word for word in contents if not word.startswith(":")}


@pytest.mark.parametrize("module", [each.name for each in pkgutil.iter_modules(cohortprop.__path__)])
def test_each_room_of_the_house_is_in_the_plan(module: str) -> None:
    plan = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## The house")[2].partition("\n## ")[0]
    assert re.search(rf"`{module}(?:/|\.py)`", plan)


def test_both_commands_of_the_readme_are_lines_of_their_own() -> None:
    lines = README.read_text("utf-8").splitlines()
    asked = re.findall(r'^(?:first|second)="(.*)"$', (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    assert len(asked) == 2
    assert set(asked) <= set(lines)


def test_the_measures_name_the_aims_that_are_measured_against() -> None:
    page = " ".join((ROOT / "docs" / "measures.md").read_text("utf-8").split())
    found_with, found_without, named = (
        f"{100 * share:.0f} %" for share in (zoo.FOUND_WITH, zoo.FOUND_WITHOUT, zoo.NAMED)
    )
    assert f"at least {found_with} with and {found_without} without canonical scenarios" in page
    assert f"at least {named} under the declared cause" in page
    assert zoo.SECONDS == 3.0
    assert f"at most {bench.STEP_RATIO:g} times" in page
    assert f"at most {bench.DELIVERY_MICROSECONDS:.0f} µs more" in page
    assert f"at most {bench.DELIVERY_RATIO:g} times" in page
    assert f"at most {bench.ASGI_RATIO:g} times" in page
    assert f"less than {bench.OUTAGE_MS:g} ms" in page
    assert f"less than {bench.YEAR_MS:g} ms" in page
