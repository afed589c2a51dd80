"""The tests that the guides show pass, each in a project of its own; and right apps pass a search with each sink."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.cover.contrib.test_guides import GUIDES, ROOT
from tests.cover.effects.shops import MailsOnRetry, Shop, found_by_search
from tests.cover.effects.test_campaigns import EACH_WAY, OpenWay

TRIALS = 25


@pytest.mark.parametrize(
    ("name", "fixture"),
    [("test_django_club", "transactional_db"), ("test_django_club", "db"), ("test_celery_club", "tasks")],
)
def test_the_tests_of_a_guide_pass(tmp_path: Path, name: str, fixture: str) -> None:
    source = (GUIDES / f"{name}.py").read_text("utf-8")
    test = tmp_path / f"{name}.py"
    test.write_text(source.replace("transactional_db", fixture), "utf-8")
    plugin = () if "cohortprop" in entry_points(group="pytest11").names else ("-p", "cohortprop.pytest_plugin")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(GUIDES)])}
    options = ["-q", "-c", os.devnull, "--rootdir", str(tmp_path), "-p", "no:cacheprovider"]
    asked = ["--cohortprop-trials", "5", "--cohortprop-time-limit", "60", str(test)]
    command = [sys.executable, "-m", "pytest", *plugin, *options, *asked]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_command_of_the_flask_guide_finds_no_bug(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(GUIDES)])}
    asked = ["flask_club_receiver:receiver", "--no-save", "--seed", "1", "--trials", "20", "--time-limit", "60"]
    command = [sys.executable, "-m", "cohortprop", "run", *asked]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "No bug found" in done.stdout, done.stdout + done.stderr


@EACH_WAY
def test_the_right_shop_passes_a_search(open_way: OpenWay) -> None:
    with open_way() as way:
        assert found_by_search(way.make(Shop), TRIALS) == set()


@EACH_WAY
def test_a_shop_that_sends_again_is_found_by_a_search(open_way: OpenWay) -> None:
    with open_way() as way:
        assert "arrivals/duplicate-on-retry" in found_by_search(way.make(MailsOnRetry), 4 * TRIALS)
