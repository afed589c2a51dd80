"""Each check has its page, in the package and in the documentation, and no page is left over."""

from __future__ import annotations

import re
from pathlib import Path

import cohortprop
from cohortprop.checks import BUILT_IN

PACKAGE = Path(cohortprop.__file__).parent
DOCS = PACKAGE.parent / "docs"
NAMES = [each.name for each in BUILT_IN]


def test_each_check_has_a_page_in_the_package() -> None:
    assert sorted(page.stem for page in (PACKAGE / "checks" / "pages").iterdir()) == sorted(NAMES)


def test_each_check_has_a_page_in_the_documentation_made_from_it() -> None:
    assert sorted(page.stem for page in (DOCS / "checks").iterdir()) == sorted(NAMES)
    for name in NAMES:
        text = (DOCS / "checks" / f"{name}.md").read_text("utf-8")
        assert f"```{{include}} ../../cohortprop/checks/pages/{name}.md\n" in text
        assert f"```{{generated}} check {name}\n" in text


def test_the_contents_list_them_in_the_order_of_a_report() -> None:
    text = (DOCS / "checks.md").read_text("utf-8")
    assert re.findall(r"^checks/(\w+)$", text, re.MULTILINE) == NAMES
    assert "```{generated} checks\n" in text
