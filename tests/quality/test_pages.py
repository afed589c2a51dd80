"""The page of each check shows a wrong receiver, which is found under that check, and a right one, which is not."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator

import pytest

from cohortprop import Receiver
from cohortprop.campaign import Campaign, CampaignPlan, Report
from cohortprop.checks import BUILT_IN, Check
from cohortprop.profiles import PROFILES
from cohortprop.reports.explanation import page_of
from cohortprop.trial import open_kit

BY_NAME = pytest.mark.parametrize("check", BUILT_IN, ids=lambda each: each.name)
HEADINGS = ["Why", "What goes wrong", "Wrong", "Right"]

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")


@pytest.fixture(autouse=True)
def left_databases_are_collected_here() -> Iterator[None]:
    """Where such a warning is ignored, and not in some later test."""
    yield
    gc.collect()


def examples(check: Check) -> list[Callable[[], Receiver]]:
    """The factories of a page, each in a module of its own."""
    page = page_of(check)
    assert page is not None
    found = []
    for code in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        module: dict[str, Callable[[], Receiver]] = {}
        exec(compile(code, f"<{check.name}>", "exec"), module)  # noqa: S102 - to be pasted, and so to be run
        found.append(module["receiver"])
    return found


def campaign(receiver: Callable[[], Receiver], profile: str, trials: int) -> Report:
    """A small one with all checks, ended by its trials."""
    plan = CampaignPlan(PROFILES[profile], seed=1, trials=trials, seconds=60.0, shrink_seconds=0.1)
    with open_kit(receiver, BUILT_IN, time_limit=2.0) as kit:
        return Campaign(kit, plan).run()


@BY_NAME
def test_the_wrong_receiver_is_found(check: Check) -> None:
    wrong, _ = examples(check)
    report = campaign(wrong, check.profile, trials=10)
    assert check.name in report.checks
    assert check.name in {finding.violation.check for finding in (*report.findings, *report.advice)}


@BY_NAME
def test_the_right_receiver_is_free_of_findings(check: Check) -> None:
    _, right = examples(check)
    report = campaign(right, "hostile" if check.profile == "hostile" else "realistic", trials=40)
    assert check.name in report.checks
    assert [finding.violation for finding in (*report.findings, *report.advice)] == []


@BY_NAME
def test_the_page_is_short_and_has_its_parts(check: Check) -> None:
    page = page_of(check)
    assert page is not None
    assert page.startswith(f"# {check.name}\n")
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert [heading.startswith(part) for heading, part in zip(headings, HEADINGS, strict=True)] == [True] * 4
    assert re.search(r'[Ss]ections? "', page), "it cites the document"
    lines = page.splitlines()
    assert 60 <= len(lines) <= 120
    assert max(map(len, lines)) <= 125
