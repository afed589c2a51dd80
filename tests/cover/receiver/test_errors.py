"""An exception out of the user's code, said in one line with the place in that code."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
import werkzeug.urls

from cohortprop.errors import ToolkitError, UsageError, in_one_line
from cohortprop.sender import Dialect

HERE = Path(__file__).name


def caught(failing: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as fault:  # noqa: PT011 - whatever it is
        failing()
    return fault.value


def failing() -> None:
    raise ValueError("no such cohort")


def failing_for(_: int) -> int:
    failing()
    return 0


LINE = failing.__code__.co_firstlineno + 1


def test_kind_message_and_place() -> None:
    assert in_one_line(caught(failing)) == f"ValueError: no such cohort ({HERE}, line {LINE})"


@pytest.mark.parametrize(
    "through",
    [
        lambda: statistics.mean(map(failing_for, range(3))),
        lambda: asyncio.run(later()),
    ],
)
def test_the_place_is_the_innermost_of_the_users_own(through: Callable[[], object]) -> None:
    assert in_one_line(caught(through)) == f"ValueError: no such cohort ({HERE}, line {LINE})"


async def later() -> None:
    failing()


def test_a_place_in_the_standard_library_is_not_the_users_own() -> None:
    said = in_one_line(caught(lambda: json.loads("{")))
    assert said.startswith("JSONDecodeError: Expecting property name")
    assert said.endswith(f"({HERE}, line {line_of('json.loads')})")


def line_of(text: str) -> int:
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_nor_one_in_a_package_that_was_installed() -> None:
    said = in_one_line(caught(lambda: werkzeug.urls.iri_to_uri(7)))  # type: ignore[arg-type]
    assert said.endswith(f"({HERE}, line {line_of('iri_to_uri(7)')})")


def test_nor_one_of_ours() -> None:
    said = in_one_line(caught(lambda: Dialect.parse(["colour=red"])))
    assert said.endswith(f"({HERE}, line {line_of('colour=red')})")


def test_nor_one_in_code_that_has_no_file() -> None:
    assert in_one_line(caught(lambda: eval("1 / 0"))).endswith(f"({HERE}, line {line_of('1 / 0')})")  # noqa: S307


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    assert in_one_line(KeyError("1001")) == "KeyError: '1001'"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError("\n  \n first \nsecond"), "ValueError: first"),
        (ValueError(""), "ValueError"),
        (ValueError("  \n"), "ValueError"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_only_the_first_line_of_the_message(fault: Exception, said: str) -> None:
    assert in_one_line(fault) == said


def test_a_syntax_error_names_its_place_itself() -> None:
    fault = caught(lambda: compile("a b", "shop.py", "exec"))
    assert in_one_line(fault) == "SyntaxError: invalid syntax (shop.py, line 1)"


def test_whose_fault_it_is() -> None:
    assert issubclass(UsageError, ValueError)
    assert issubclass(ToolkitError, RuntimeError)
    assert not issubclass(UsageError, ToolkitError)
