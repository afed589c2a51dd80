"""The same mistake is the same finding, whatever the webhook is written in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.examples import guide, running

FRAMEWORKS = "flask-sqlalchemy", "fastapi-sqlalchemy", "express-node"
BUG = "membership", "ghost-after-full-sync"


@pytest.fixture(scope="module")
def in_flask(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return first_finding("flask-sqlalchemy", tmp_path_factory.mktemp("flask"))


def first_finding(name: str, folder: Path) -> dict[str, object]:
    """What is saved of the first finding in the wrong version of an example."""
    (said,) = (each for each in guide.said_by(name) if each.runs == "wrong")
    copy, environ = running.copy_of(name, folder), running.environment()
    with running.servers_of(name, environ), running.set_up(name, "wrong", copy, environ):
        _told, code = running.run(f"{said.command} --first", copy, environ)
    assert code == 1
    (saved,) = (copy / ".cohortprop" / "findings").glob("*.json")
    found: dict[str, object] = json.loads(saved.read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", FRAMEWORKS[1:])
def test_it_has_the_same_cause_and_a_scenario_of_the_same_steps(
    name: str, in_flask: dict[str, object], tmp_path: Path
) -> None:
    found = first_finding(name, tmp_path)
    assert (found["check"], found["cause"]) == BUG
    assert (in_flask["check"], in_flask["cause"]) == BUG
    assert found["scenario"] == in_flask["scenario"]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_it_is_what_the_readme_names(name: str) -> None:
    assert guide.named_bugs(name) == {" / ".join(BUG)}
