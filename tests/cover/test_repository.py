"""What the files beside the code promise about each other."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NEEDS = [*PROJECT["dependencies"], *(need for extra in PROJECT["optional-dependencies"].values() for need in extra)]


@pytest.mark.parametrize("name", sorted({re.split(r"[<>=\[]", need)[0] for need in NEEDS} - {"cohortprop"}))
def test_each_dependency_has_its_reason_in_the_changelog(name: str) -> None:
    assert f"**{name}**" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_an_installation_has_the_data_of_the_package() -> None:
    package = resources.files("cohortprop")
    assert package.joinpath("py.typed").is_file()
    assert package.joinpath("wire", "schemas", "delivery.schema.json").is_file()
