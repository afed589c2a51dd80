"""`--require-reach`: a run that has not met what it should have met has not shown anything."""

from __future__ import annotations

import json

import pytest

from tests.cover.cli.conftest import Run

RIGHT = ("run", "cohortprop.zoo:applies_each_page", "--trials", "5", "--seed", "1", "--no-save", "-q")


def test_what_is_met_often_enough_passes(cohortprop: Run) -> None:
    said = cohortprop(*RIGHT, "--require-reach", "late-replay=1", "--require-reach", "restarted=0")
    assert said.code == 0
    assert "not reached" not in said.out


def test_what_is_met_too_seldom_fails(cohortprop: Run) -> None:
    said = cohortprop(*RIGHT, "--require-reach", "late-replay=1", "--require-reach", "restarted=3")
    assert said.code == 1
    assert said.out.splitlines()[-1] == "not reached: restarted was met in 0 trials, not 3"
    data = json.loads(cohortprop(*RIGHT, "--json", "--require-reach", "restarted=3").out)
    assert data["out_of_reach"] == ["restarted"]


@pytest.mark.parametrize(
    ("required", "told"),
    [
        ("restarted", "write situation=trials, as in late-replay=20, not 'restarted'"),
        ("restarted=many", "write situation=trials, as in late-replay=20, not 'restarted=many'"),
        ("restart=3", "there is no situation 'restart'; did you mean 'restarted'?"),
    ],
)
def test_wrong_usage(cohortprop: Run, required: str, told: str) -> None:
    said = cohortprop(*RIGHT, "--require-reach", required)
    assert (said.code, said.out, said.err) == (2, "", f"cohortprop: error: require-reach: {told}\n")
