from __future__ import annotations

import ast

import pytest

from measure.mutants import find_mutants


def changes(source: str) -> list[str]:
    return [mutant.change for mutant in find_mutants(ast.parse(source), "m.py")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x < 1", ["x < 1 -> pass", "x < 1 -> x <= 1", "x < 1 -> x >= 1", "1 -> 2"]),
        ("a in b", ["a in b -> pass", "a in b -> a not in b"]),
        ("a and b", ["a and b -> pass", "a and b -> b", "a and b -> a"]),
        ("not a", ["not a -> pass", "not a -> a"]),
        ("a // b", ["a // b -> pass", "a // b -> a * b"]),
        ("x = True", ["True -> False"]),
        ("x = 'up'", ["'up' -> 'upX'"]),
        ("x = b'up'", ["b'up' -> b'upX'"]),
        ("x = {a: b, **c}", ["drop a", "drop {a: b, **c}"]),
        ("x = {a, b}", ["drop a", "drop b"]),
        ("x = {a}", []),
        ("x = (a, b)", ["drop a", "drop b"]),
        ("x = f(a, b=c)", ["drop b=c"]),
        ("x = max(a)", ["max(a) -> min(a)"]),
        ("x = a[b:]", ["b: -> :"]),
        ("x = [a for a in b if c]", ["drop c"]),
        ("x = a if b else c", ["if b -> if True", "if b -> if False"]),
        ("while a:\n    break", ["while a -> while False", "break -> continue"]),
        ("def f(a):\n    return a", ["return a -> return None"]),
        ("def f(a):\n    return 1", ["1 -> 2"]),
        ("def f(a):\n    a += b", ["a += b -> a -= b", "a += b -> pass"]),
        ("def f(a):\n    a = b", ["a = b -> pass"]),
        ("def f(a):\n    a.x = b", ["a.x = b -> pass"]),
        ("def f(a):\n    raise E('words', 1)", ["raise E('words', 1) -> pass", "1 -> 2"]),
        (
            "match a:\n    case b if c:\n        pass\n    case x.y | x.z:\n        pass",
            [
                "drop case b if c: pass",
                "drop case x.y | x.z: pass",
                "case if c -> case if True",
                "case if c -> case if False",
                "x.y | x.z -> x.z",
                "x.y | x.z -> x.y",
            ],
        ),
    ],
)
def test_edits(source: str, expected: list[str]) -> None:
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring with 1 number."""',
        "import a",
        "__all__ = ['a', 'b']",
        "Kind = Literal['full', 'diff']",
        "Both: TypeAlias = int | str",
        "if TYPE_CHECKING:\n    x = 1",
        "x = cast('int', y)",
        "x: Final[1]",
        "@cache(maxsize=1)\ndef f(a: Literal['b']) -> Literal['c']:\n    pass",
        "x = f'text {a}'",
        "def f():\n    a = b",
        "def f(a):\n    return (a, b)",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    assert [change for change in changes(source) if not change.startswith("return")] == []


def test_each_mutant_compiles_and_differs_in_its_own_place_only() -> None:
    source = "LIMIT = 3\nclass A:\n    size: int = 5\n    def late(self, age):\n        return age > 3 and age != 3\n"
    original = ast.dump(ast.parse(source))
    for index in range(len(find_mutants(ast.parse(source), "m.py"))):
        tree = ast.parse(source)
        mutant = find_mutants(tree, "m.py")[index]
        mutant.apply()
        compile(tree, "m.py", "exec")
        assert ast.dump(tree) != original, mutant.name


def test_names_hold_when_other_lines_change() -> None:
    source = "class A:\n    size: int = 5\n\n    def late(self, age):\n        return age > 3\n"
    names = [mutant.name for mutant in find_mutants(ast.parse(source), "m.py")]
    moved = [mutant.name for mutant in find_mutants(ast.parse(f"import b\n\nX = y\n{source}"), "m.py")]
    assert names == moved
    assert names[0] == "m.py:A.size: 5 -> 6"
    assert "m.py:A.late: age > 3 -> age >= 3" in names


def test_the_same_change_twice_in_a_place_is_numbered() -> None:
    names = [mutant.name for mutant in find_mutants(ast.parse("X = (1, 1)"), "m.py") if "->" in mutant.change]
    assert names == ["m.py:X: 1 -> 2", "m.py:X: 1 -> 2 (2)"]


def test_code_that_runs_on_import_has_no_span() -> None:
    spans = {mutant.place: mutant.span for mutant in find_mutants(ast.parse("X = 1\ndef f():\n    return 2\n"), "m.py")}
    assert spans == {"X": None, "f": (3, 3)}
