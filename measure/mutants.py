"""Small wrong versions of a module, one edit each: what the mutation run puts in the place of the code.

Edits are made on the syntax tree, so that they reach what carries this protocol's facts (constants, tables, defaults
of dataclasses, properties, cached functions) as well as plain function bodies. Where whoever notices one edit is bound
to notice another one too, only the sharper one is made: `a and b` becomes `a` and becomes `b`, never `a or b`.

Left alone, since no test of behaviour can or should tell: annotations and type aliases, decorators, docstrings,
`__all__`, the words of an exception, and the text of f-strings.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

__all__ = ["Mutant", "find_mutants"]

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Variant: TypeAlias = tuple[ast.AST, str]
"""What may stand in the place of a node, and the change in words."""

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_TYPING_CALLS = {"cast", "TypeVar", "NewType"}
_TYPING_FORMS = {"Literal", "Union", "Optional", "Callable", "Annotated"}
_FIELDS_LEFT_ALONE = {"annotation", "returns", "decorator_list", "type_params", "ctx", "ops", "op", "format_spec"}
_NAMES_LEFT_ALONE = {"__all__", "__slots__"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of one module.

    Args:
        path: the module's file, relative to the repository.
        place: the function, method, constant or field that the edit is in, or `<module>`.
        change: the edit in words, as code before and after.
        repeat: 1, or more when the same change is possible at several points of the place.
        line: where the edit is.
        span: first and last line of the outermost function round it; None outside functions, in code run on import.
        edit: a node of the tree, one of its fields, an index if that is a list, and the node to put there.
    """

    path: str
    place: str
    change: str
    repeat: int
    line: int
    span: tuple[int, int] | None
    edit: tuple[ast.AST, str, int | None, ast.AST]

    @property
    def name(self) -> str:
        """What the list of allowed mutants calls it; an edit elsewhere in the file does not change it."""
        repeat = f" ({self.repeat})" if self.repeat > 1 else ""
        return f"{self.path}:{self.place}: {self.change}{repeat}"

    def apply(self) -> None:
        """Make the edit, in the tree that the mutant was found in."""
        owner, field, index, node = self.edit
        if index is None:
            setattr(owner, field, node)
        else:
            getattr(owner, field)[index] = node
        ast.fix_missing_locations(owner)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What has to be known of the surroundings of a node; `quiet` inside an exception's words."""

    names: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    rebound: frozenset[str] = frozenset()
    quiet: bool = False

    def enter(self, node: ast.AST) -> _Scope:
        if isinstance(node, Function):
            span = self.span or (node.body[0].lineno, node.end_lineno or node.lineno)
            return _Scope((*self.names, node.name), span, _rebound(node))
        match node:
            case ast.ClassDef(name=name):
                return replace(self, names=(*self.names, name))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if not self.span:
                return replace(self, names=(*self.names, name))
            case ast.Raise():
                return replace(self, quiet=True)
        return self


def find_mutants(tree: ast.Module, path: str) -> list[Mutant]:
    """All mutants of a module, from top to bottom.

    Example:
        >>> tree = ast.parse("def late(age): return age > 3")
        >>> [mutant.change for mutant in find_mutants(tree, "m.py")]
        ['return age > 3 -> return None', 'age > 3 -> age >= 3', 'age > 3 -> age <= 3', '3 -> 4']
    """
    repeats: Counter[tuple[str, str]] = Counter()
    found = []
    for slot, line, (node, change), scope in _walk(tree, _Scope()):
        place = ".".join(scope.names) or "<module>"
        repeats[place, change] += 1
        found.append(Mutant(path, place, change, repeats[place, change], line, scope.span, (*slot, node)))
    return found


_Edit: TypeAlias = tuple[tuple[ast.AST, str, int | None], int, Variant, _Scope]


def _walk(owner: ast.AST, scope: _Scope) -> Iterator[_Edit]:
    for field, index, node in _children(owner):
        inner = scope.enter(node)
        for variant in _variants(node, owner, inner):
            yield (owner, field, index), _line(node), variant, inner
        yield from _walk(node, inner)


def _children(owner: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    typing_call = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id in _TYPING_CALLS
    for field, value in ast.iter_fields(owner):
        if field in _FIELDS_LEFT_ALONE:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            first_of_typing_call = typing_call and field == "args" and index == 0
            if isinstance(node, ast.AST) and not first_of_typing_call and not _left_alone(node):
                yield field, index, node


def _left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(value=ast.Subscript(value=ast.Name(id=form))) if form in _TYPING_FORMS:
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) if name in _NAMES_LEFT_ALONE:
            return True
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def _variants(node: ast.AST, owner: ast.AST, scope: _Scope) -> Iterator[Variant]:
    if isinstance(node, ast.stmt):
        yield from _statements(node, scope)
    elif isinstance(node, ast.expr):
        yield from _expressions(node, owner, scope)
    elif isinstance(node, ast.comprehension):
        for index in range(len(node.ifs)):
            yield _without(node, "ifs", index)
    elif isinstance(node, ast.match_case) and node.guard is not None:
        yield from _settled(node, "guard", node.guard, (True, False))
    elif isinstance(node, ast.MatchOr):
        for index in range(len(node.patterns)):
            yield _without(node, "patterns", index)


def _statements(node: ast.stmt, scope: _Scope) -> Iterator[Variant]:
    match node:
        case ast.If():
            yield from _settled(node, "test", node.test, (True, False))
        case ast.While():
            yield from _settled(node, "test", node.test, (False,))  # for ever True would only cost the time limit
        case ast.Match() if len(node.cases) > 1:
            for index in range(len(node.cases)):
                yield _without(node, "cases", index)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield _changed(node, value=ast.Constant(None))
        case ast.Break():
            yield ast.Continue(), "break -> continue"
        case ast.Continue():
            yield ast.Break(), "continue -> break"
        case ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield _changed(node, op=_ARITHMETIC[type(node.op)]())
    if _can_go(node, scope):
        yield ast.Pass(), f"{_show(node)} -> pass"


def _can_go(node: ast.stmt, scope: _Scope) -> bool:
    """Whether the statement may be left out; to leave out a name's only binding would merely be a NameError."""
    match node:
        case ast.Expr() | ast.Raise() | ast.Assert() | ast.Delete() | ast.AugAssign() | ast.Return(value=None):
            return True
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target, value=ast.expr()):
            in_function = scope.span is not None
            return in_function and (not isinstance(target, ast.Name) or target.id in scope.rebound)
    return False


def _expressions(node: ast.expr, owner: ast.AST, scope: _Scope) -> Iterator[Variant]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                for other in _COMPARISONS[type(operator)]:
                    yield _changed(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])
        case ast.BoolOp():
            for index in range(len(node.values)):
                yield _without(node, "values", index)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand, f"{_show(node)} -> {_show(node.operand)}"
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield _changed(node, op=_ARITHMETIC[type(node.op)]())
        case ast.IfExp():
            yield from _settled(node, "test", node.test, (True, False))
        case ast.Constant() if not isinstance(owner, ast.JoinedStr):
            yield from _constants(node, scope)
        case ast.Dict() | ast.Set() | ast.List() | ast.Tuple():
            yield from _displays(node, owner, scope)
        case ast.Call():
            for index in range(len(node.keywords)):
                yield _without(node, "keywords", index)
            if isinstance(node.func, ast.Name) and node.func.id in _TWINS:
                yield _changed(node, func=ast.Name(_TWINS[node.func.id], ast.Load()))
        case ast.Slice():
            for bound in ("lower", "upper", "step"):
                if getattr(node, bound) is not None:
                    yield _changed(node, **{bound: None})


def _constants(node: ast.Constant, scope: _Scope) -> Iterator[Variant]:
    match node.value:
        case bool(flag):
            yield _changed(node, value=not flag)
        case int(number) | float(number):
            yield _changed(node, value=number + 1)
        case str(text) if not scope.quiet:
            yield _changed(node, value=f"{text}X")  # a letter: codecs and the like look past other signs
        case bytes(raw):
            yield _changed(node, value=raw + b"X")


def _displays(node: ast.Dict | ast.Set | ast.List | ast.Tuple, owner: ast.AST, scope: _Scope) -> Iterator[Variant]:
    """Tables lose a row. A tuple in a function is one only where it is searched; elsewhere its length is its type."""
    if isinstance(node, ast.Tuple) and scope.span is not None and not isinstance(owner, ast.Compare):
        return
    if isinstance(node, ast.Dict):
        for index in range(len(node.keys)):
            shorter, change = _without(node, "keys", index)
            assert isinstance(shorter, ast.Dict)
            shorter.values = [*node.values[:index], *node.values[index + 1 :]]
            yield shorter, change
    elif isinstance(getattr(node, "ctx", ast.Load()), ast.Load):  # not the names that an assignment fills
        for index in range(len(node.elts)):
            if len(node.elts) > 1 or not isinstance(node, ast.Set):  # there is no literal for the empty set
                yield _without(node, "elts", index)


def _settled(node: ast.AST, field: str, test: ast.expr, outcomes: tuple[bool, ...]) -> Iterator[Variant]:
    """A condition that always comes out the same."""
    if not isinstance(test, ast.Constant):
        kind = {ast.While: "while", ast.match_case: "case if"}.get(type(node), "if")
        for outcome in outcomes:
            settled, _ = _changed(node, **{field: ast.Constant(outcome)})
            yield settled, f"{kind} {_show(test)} -> {kind} {outcome}"


def _changed(node: ast.AST, **fields: Any) -> Variant:
    changed = copy.copy(node)
    for field, value in fields.items():
        setattr(changed, field, value)
    return changed, f"{_show(node)} -> {_show(changed)}"


def _without(node: ast.AST, field: str, index: int) -> Variant:
    """The node without one element of a list; `a and b` without `b` is `a`."""
    elements = getattr(node, field)
    rest = [*elements[:index], *elements[index + 1 :]]
    if len(rest) == 1 and isinstance(node, (ast.BoolOp, ast.MatchOr)):
        return rest[0], f"{_show(node)} -> {_show(rest[0])}"
    shorter = copy.copy(node)
    setattr(shorter, field, rest)
    return shorter, f"drop {_show(elements[index] or node)}"  # a key of None stands for ** in a dictionary


def _rebound(function: Function) -> frozenset[str]:
    """The names that a function binds more than once, parameters included."""
    nodes = list(ast.walk(function))
    stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    bound = Counter(stored + [node.arg for node in nodes if isinstance(node, ast.arg)])
    return frozenset(name for name, times in bound.items() if times > 1)


def _show(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:97]}..."


def _line(node: ast.AST) -> int:
    return next((line for part in ast.walk(node) if (line := getattr(part, "lineno", None))), 0)
