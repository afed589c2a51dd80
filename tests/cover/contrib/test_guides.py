"""The apps of the guides: right as they stand, and found once they are made to welcome twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import cohortprop

ROOT = Path(cohortprop.__file__).parents[1]
GUIDES = ROOT / "docs" / "guides"

JUDGE = """
from tests.cover.effects.shops import found_in
{setup}
print(sorted(found_in({target}, {scenarios})))
{teardown}
"""


@dataclass(frozen=True)
class Guide:
    """An app of a guide.

    Args:
        name: of its module.
        right: a piece of it that keeps anybody from being welcomed twice.
        wrong: what somebody might have written in its place.
        target: what builds its receiver.
        setup: lines that come first.
    """

    name: str
    right: str
    wrong: str
    target: str
    setup: str
    teardown: str = ""


CELERY = """
from celery.contrib.testing.worker import start_worker
from celery_club import celery, create_app
from cohortprop import Receiver
from cohortprop.contrib.celery import SentTasks
from test_celery_club import TestClub, cohort_receiver
tasks = SentTasks(celery)
worker = start_worker(celery, perform_ping_check=False)
worker.__enter__()
make = cohort_receiver.__wrapped__(tasks)
"""

EACH = [
    Guide(
        "flask_club",
        "if db.session.get(Welcome, (list_id, user)) is None and addresses[user]]",
        "if addresses[user]]",
        "receiver",
        "from flask_club_receiver import receiver",
    ),
    Guide(
        "django_club",
        "Welcome.objects.filter(pk=each.pk).update(sent=True)",
        "each.sent = True",
        "with_tables",
        "from django_club_receiver import with_tables",
    ),
    Guide(
        "celery_club",
        "self.welcomed.add((list_id, user))",
        "pass",
        "make",
        CELERY,
        "worker.__exit__(None, None, None)",
    ),
]


def judged(folder: Path, guide: Guide, *scenarios: str) -> str:
    """What a process of its own prints: Django can be set up once in each."""
    code = JUDGE.format(setup=guide.setup, target=guide.target, scenarios=list(scenarios), teardown=guide.teardown)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), str(GUIDES)])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("guide", EACH, ids=lambda guide: guide.name)
def test_the_app_of_a_guide_is_right(tmp_path: Path, guide: Guide) -> None:
    assert judged(tmp_path, guide, "a-lost-acknowledgement", "a-new-address", "a-failing-dependency") == "[]"


@pytest.mark.parametrize("guide", EACH, ids=lambda guide: guide.name)
def test_it_is_found_once_it_welcomes_twice(tmp_path: Path, guide: Guide) -> None:
    source = (GUIDES / f"{guide.name}.py").read_text("utf-8")
    assert source.count(guide.right) == 1
    (tmp_path / f"{guide.name}.py").write_text(source.replace(guide.right, guide.wrong), "utf-8")
    for path in GUIDES.glob("*_receiver.py"):
        shutil.copy(path, tmp_path)
    assert judged(tmp_path, guide, "a-lost-acknowledgement").startswith("['arrivals/duplicate-on-")
