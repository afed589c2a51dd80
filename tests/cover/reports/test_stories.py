"""Whole stories, as a person reads them."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from cohortprop import zoo
from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN
from cohortprop.reports import tell
from cohortprop.reports.story import title_of
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Fates, Leave, Sync, Trouble
from cohortprop.trial import open_kit, run
from cohortprop.zoo.entry import Entry
from tests.cover.reports.cases import CASES, VIPS, finding_of, scenario
from tests.cover.reports.snapshot import compare

HINT = "cohortprop replay .cohortprop/findings/this-one.json"


@pytest.mark.parametrize("name", CASES)
def test_story_of(name: str) -> None:
    compare(name, tell(finding_of(name), replay_hint=HINT))


@pytest.mark.parametrize("width", [60, 120])
def test_the_same_story_on_other_paper(width: int) -> None:
    compare(f"ghost-after-four-days-{width}", tell(finding_of("ghost-after-four-days"), width=width, replay_hint=HINT))


@pytest.mark.parametrize("width", [1, 24, 33, 60, 80, 120])
@pytest.mark.parametrize("name", CASES)
def test_nothing_sticks_out(name: str, width: int) -> None:
    lines = tell(finding_of(name), width=width).splitlines()
    assert max(map(cell_len, lines)) <= max(width, 24)


@pytest.mark.parametrize("name", CASES)
def test_what_is_to_be_pasted_is_never_broken(name: str) -> None:
    assert HINT in tell(finding_of(name), width=24, replay_hint=HINT)


@pytest.mark.parametrize("name", CASES)
def test_a_story_is_short(name: str) -> None:
    told = tell(finding_of(name))
    story = told[told.index("What happened") : told.index("Expected")]
    assert len(story.split("Cohort 1001")[0].splitlines()) <= 20


# The canonical scenarios have no trouble in them, and only the search toggles.
SCENARIOS = {
    **CANONICAL,
    "trouble": scenario(Trouble(1), Sync(VIPS), Leave(VIPS, ("ann",)), Trouble(1), Sync(VIPS)),
    "removed-twice": scenario(Sync(VIPS), Leave(VIPS, ("ann",)), Fates(("deliver", "lose")), Sync(VIPS)),
}


def _found(entry: Entry) -> Finding:
    with open_kit(entry.factory, BUILT_IN, time_limit=0.5) as kit:
        for name, what in SCENARIOS.items():
            outcome = run(kit, what)
            for violation in (outcome.violation, *outcome.advice):
                if violation is not None:
                    return Finding(violation, outcome.scenario, outcome.history, name, 1, outcome.id_property)
    raise AssertionError(f"nothing is found in {entry.name}")


@pytest.mark.parametrize("entry", [each for each in zoo.entries() if not each.correct], ids=lambda entry: entry.name)
def test_every_faulty_receiver_of_the_zoo_has_a_story(entry: Entry) -> None:
    finding = _found(entry)
    for width in (24, 80, 200):
        told = tell(finding, width=width)
        assert "".join(told.split()).startswith("".join(title_of(finding).split()))
        assert max(map(cell_len, told.splitlines())) <= width
        assert all(sign.isprintable() or sign == "\n" for sign in told)
