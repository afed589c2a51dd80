"""The protocol's numbers are the document's, and each says which section it comes from."""

from __future__ import annotations

import ast
import inspect
import itertools
import re

import pytest

from cohortprop import wire
from cohortprop.sender import QUESTIONS
from cohortprop.wire import constants

SECTIONS = {
    "Exported Properties",
    "Webhook Format",
    "Expected Response Format",
    "Sync Behavior",
    "Full Sync",
    "Diffing",
    "Example Webhook Sync Scenario",
    "Failed Syncs",
    "FAQ",
}


def cited() -> dict[str, str]:
    """The words that stand below each constant."""
    body = ast.parse(inspect.getsource(constants)).body
    words = {}
    for statement, after in itertools.pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = after.value if isinstance(after, ast.Expr) else None
            words[statement.target.id] = str(text.value) if isinstance(text, ast.Constant) else ""
    return words


def test_values() -> None:
    assert constants.MEMBERS == "members"
    assert constants.ADD_MEMBERS == "add_members"
    assert constants.REMOVE_MEMBERS == "remove_members"
    assert constants.ACTIONS == ("members", "add_members", "remove_members")
    assert constants.SYNC_INTERVAL == 1800
    assert constants.BATCH_SIZE == 1000
    assert constants.SNAPSHOT_LIFETIME == 259_200
    assert constants.RETRIES == 5
    assert constants.RETRY_WINDOW == 60
    assert {400, 401, 403, 404} == constants.PAUSING_STATUSES
    assert constants.TOO_MANY_REQUESTS == 429
    assert constants.REPLY_TIMEOUT == 30
    assert constants.INTEGRATION_ID == "0"


def test_each_constant_cites_a_section_or_says_that_it_has_none() -> None:
    words = cited()
    plain = {name for name in words if name not in {"Action", "ACTIONS"}}  # whose parts are cited one by one
    assert plain == {name for name in constants.__all__ if name not in {"Action", "ACTIONS"}}
    for name in plain:
        sections = re.findall(r'\("([^"]+)"(?:, "([^"]+)")*\)', words[name])
        named = {section for found in sections for section in found if section}
        assert named <= SECTIONS
        assert named or "(Seen.)" in words[name] or "(Not in the document;" in words[name], name


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_of_the_dialect_cites_its_sections(question: str) -> None:
    assert set(QUESTIONS[question].source.split("; ")) <= SECTIONS


def test_the_package_names_what_it_has() -> None:
    assert all(hasattr(wire, name) for name in wire.__all__)
    assert wire.Action is constants.Action
