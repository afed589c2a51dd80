"""The command line as a user meets it: an empty folder, an app written into it, and what is printed."""

from __future__ import annotations

import inspect
import itertools
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner

import cohortprop as package
from cohortprop.cli import main

SHOP = """
from flask import Flask, jsonify, request
from werkzeug.exceptions import HTTPException

from cohortprop import Receiver

ACTIONS = {"members", "add_members", "remove_members"}


def refused(fault):
    return jsonify(action="", status="failure", error={"message": repr(fault)[:99], "code": 400}), 400


def create_app(merges=False):
    app = Flask("shop")
    app.held = {}
    app.copies = {}
    for kind in (HTTPException, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        app.register_error_handler(kind, refused)

    @app.post("/hook")
    def hook():
        body = request.get_json()
        if body["action"] not in ACTIONS:
            raise ValueError("no such action")
        page = body["parameters"]
        held = app.held.setdefault(page["mixpanel_cohort_id"], set())
        ids = {member["mixpanel_distinct_id"] for member in page["members"]}
        print("printed by the app")
        if body["action"] == "remove_members":
            held -= ids
        elif body["action"] == "add_members" or merges:
            held |= ids
        else:
            pages = page.get("page_info", {"total_pages": 1, "page_count": 1})
            copy = app.copies.setdefault(page["mixpanel_session_id"], {})
            copy[pages["page_count"]] = ids
            held |= ids
            if len(copy) == pages["total_pages"]:
                held.intersection_update(set().union(*copy.values()))
        return jsonify(action=body["action"], status="success")

    return app


def receiver(merges=False):
    app = create_app(merges)
    return Receiver(app, path="/hook", members=lambda cohort: app.held.get(cohort, ()))


def merging():
    return receiver(merges=True)


app = create_app()
shared = Receiver(app, path="/hook", members=lambda cohort: app.held.get(cohort, ()))


def members_of_app(cohort):
    return app.held.get(cohort, ())


def empty_app():
    app.held.clear()
    app.copies.clear()
"""
"""A shop's module: right unless it is told to merge a full sync."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run: TypeAlias = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    monkeypatch.setenv("COLUMNS", "100")
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def environment() -> dict[str, str]:
    """For a process of its own: with this cohortprop, wherever it is started."""
    places = [str(Path(package.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places)), "COLUMNS": "100"}


_NUMBERS = itertools.count()


@pytest.fixture
def shop(folder: Path) -> str:
    """The name of the shop's module."""
    name = f"shop{next(_NUMBERS)}"
    (folder / f"{name}.py").write_text(SHOP, "utf-8")
    return name


@pytest.fixture
def module(folder: Path) -> Callable[[str], str]:
    """Write a module; returns its name."""

    def write(text: str) -> str:
        name = f"mod{next(_NUMBERS)}"
        (folder / f"{name}.py").write_text(textwrap.dedent(text).lstrip("\n") + "\n", "utf-8")
        return name

    return write


@pytest.fixture
def cohortprop(folder: Path) -> Run:
    """Run a command in this process."""
    apart: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}

    def run(*arguments: str) -> Said:
        result = CliRunner(**apart).invoke(main, list(arguments))
        return Said(result.exit_code, result.stdout, result.stderr)

    return run
