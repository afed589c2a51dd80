"""The gallery of the documentation: the bug of each receiver is found, or the build fails; its code is whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import cohortprop
from cohortprop import Receiver, zoo
from cohortprop.checks import BUILT_IN
from cohortprop.trial import open_kit, run
from docs._ext.exhibits import Exhibit, NotFound, exhibit, shown, source_of

PAGE = Path(cohortprop.__file__).parents[1] / "docs" / "gallery.md"


@pytest.fixture(scope="module")
def merging() -> Exhibit:
    return exhibit(zoo.find("merges_full_sync"))


def run_source(source: str, name: str) -> Callable[[], Receiver]:
    """The factory, from a module that has nothing but what the page shows."""
    module: dict[str, Callable[[], Receiver]] = {}
    exec(compile(source, f"<{name}>", "exec"), module)  # noqa: S102 - to be pasted, and so to be run
    return module[name]


def test_the_declared_bug_is_found_and_has_a_report(merging: Exhibit) -> None:
    assert merging.finding.key == ("membership", "ghost-after-full-sync")
    assert merging.page.startswith("<!doctype html>")
    assert merging.cause.title in merging.page
    assert "cohortprop run cohortprop.zoo:merges_full_sync --seed 1" in merging.page


def test_the_page_has_the_code_and_the_report_of_a_receiver_below_its_cause(merging: Exhibit) -> None:
    cause, cage = shown([merging])
    assert f"`ghost-after-full-sync`: {merging.cause.title}" in cause
    assert zoo.find("merges_full_sync").summary[1:] in cage
    assert merging.source in cage
    assert '<iframe src="gallery/merges_full_sync.html"' in cage
    assert "found in four-days-down, shrunk to 2 steps" in cage


def test_a_bug_that_is_not_found_is_an_error() -> None:
    mended = replace(zoo.find("merges_full_sync"), factory=zoo.applies_each_page)
    with pytest.raises(
        NotFound, match="merges_full_sync: membership / ghost-after-full-sync is not found, but nothing"
    ):
        exhibit(mended, trials=0)


def test_another_bug_than_the_declared_one_does_not_count() -> None:
    other = replace(zoo.find("merges_full_sync"), factory=zoo.ignores_removals)
    with pytest.raises(NotFound, match="is not found, but membership / remove-ignored"):
        exhibit(other, trials=0)


def test_the_code_that_is_shown_has_the_bug(merging: Exhibit) -> None:
    factory = run_source(merging.source, "merges_full_sync")
    with open_kit(factory, BUILT_IN) as kit:
        violation = run(kit, merging.finding.scenario).violation
    assert violation is not None
    assert violation.key == merging.finding.key


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize("entry", zoo.faulty(), ids=lambda entry: entry.name)
def test_the_code_of_each_receiver_runs_by_itself(entry: zoo.Entry) -> None:
    source = source_of(entry.factory)
    assert isinstance(run_source(source, entry.name)(), Receiver)
    assert "@faulty" not in source
    neighbours = {each.name for each in zoo.faulty() if each.bugs == entry.bugs} - {entry.name}
    assert not neighbours & set(re.findall(r"^def (\w+)", source, re.MULTILINE))


def test_each_check_that_has_a_faulty_receiver_has_its_section() -> None:
    sections = re.findall(r"^## (\w+)\n\n```\{gallery\} (\w+)\n```$", PAGE.read_text("utf-8"), re.MULTILINE)
    having = {entry.check for entry in zoo.faulty()}
    assert sections == [(check.name, check.name) for check in BUILT_IN if check.name in having]


def test_what_the_receivers_share_is_shown() -> None:
    used = {
        name for entry in zoo.faulty() for name in re.findall(r"from cohortprop\.zoo\.(\w+)", source_of(entry.factory))
    }
    shared = re.findall(r"\{literalinclude\} \.\./cohortprop/zoo/(\w+)\.py", PAGE.read_text("utf-8"))
    assert sorted(shared) == sorted(used)
