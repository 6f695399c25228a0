"""Mutants: the core with one small thing changed, as a slip of the hand might change it.

A test that passes whatever the code says proves nothing. So a comparison is turned, an `and` becomes an `or`, a number
one more, a rounding goes the other way, a call is left out; and then some test has to fail. What is changed stands
here, and how a changed function comes to life in a running interpreter; mutant_trials.py runs the tests.

Why not mutmut or cosmic-ray: docs/decisions has the numbers. What nobody decides by is not changed: texts, annotations,
assertions, and what a class body declares (an enum's values, a dataclass's fields).
"""

from __future__ import annotations
import __future__

import ast
import copy
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

_ANNOTATIONS: Final = __future__.annotations.compiler_flag
CORE: Final = Path(__file__).resolve().parents[1] / "core"
COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
}  # fmt: skip
NAMED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
MEMBERS: Final = {"UP": "DOWN", "DOWN": "UP"}  # of Towards: what is given is rounded down, what may be in is rounded up


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change. `nth` counts the same change within one function, so that a line that moves changes no name."""

    module: str
    where: str  # the function as it qualifies, or the constant
    change: str
    nth: int
    lines: range
    place: int  # in the order in which the tree is walked

    @property
    def name(self) -> str:
        return f"{self.module} {self.where}: {self.change} #{self.nth}"

    @property
    def is_constant(self) -> bool:
        return self.where.isupper()


def changes_at(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """How a change at this node reads, and what then stands there."""
    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                turned = [*ops[:index], COMPARED[type(op)](), *ops[index + 1 :]]
                yield _turned(op, turned[index]), _with(node, ops=turned)
        case ast.BoolOp(op=ast.And() as op):
            yield _turned(op, ast.Or()), _with(node, op=ast.Or())
        case ast.BoolOp(op=op):
            yield _turned(op, ast.And()), _with(node, op=ast.And())
        case ast.BinOp(op=op) if type(op) in COMPUTED:
            yield _turned(op, COMPUTED[type(op)]()), _with(node, op=COMPUTED[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield f"{ast.unparse(node)[:40]} -> {ast.unparse(operand)[:40]}", operand
        case ast.If(test=test) | ast.IfExp(test=test) if isinstance(test, ast.Name | ast.Attribute | ast.Call):
            yield f"if {ast.unparse(test)[:40]} -> if not", _with(node, test=ast.UnaryOp(op=ast.Not(), operand=test))
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", ast.Constant(value=not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", ast.Constant(value=value + 1)
        case ast.Name(id=name) if name in NAMED:
            yield f"{name} -> {NAMED[name]}", _with(node, id=NAMED[name])
        case ast.Attribute(value=ast.Name(id="Towards"), attr=attr):
            yield f"{attr} -> {MEMBERS[attr]}", _with(node, attr=MEMBERS[attr])
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            pass  # mypy proves that nothing gets there
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield f"{ast.unparse(node)[:60]} left out", ast.Pass()
        case _:
            pass


def _turned(op: ast.AST, other: ast.AST) -> str:
    return f"{type(op).__name__} -> {type(other).__name__}"


def _with(node: ast.AST, **changed: object) -> ast.AST:
    other = copy.copy(node)
    for field, value in changed.items():
        setattr(other, field, value)
    return other


class _Walk(ast.NodeTransformer):
    """Goes to every place where something may be changed; changes it at `place`, and leaves all others as they are."""

    def __init__(self, place: int | None = None) -> None:
        self.place = place
        self.passed = 0
        self.found: list[tuple[str, range]] = []

    def visit(self, node: ast.AST) -> Any:  # noqa: ANN401  # as the base class says
        """Inner nodes first, in the order in which they stand; what decides nothing is not entered."""
        if isinstance(node, ast.Assert | ast.MatchValue | ast.arguments | ast.Raise):
            return node
        changed = None
        for text, instead in changes_at(node):
            if self.passed == self.place:
                changed = ast.copy_location(instead, node)
            self.passed += 1
            first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
            self.found.append((text, range(first, last + 1)))
        if changed is not None:
            return changed
        for field, value in ast.iter_fields(node):
            if field not in {"annotation", "returns", "decorator_list"}:
                setattr(node, field, self._inside(value))
        return node

    def _inside(self, value: object) -> object:
        if isinstance(value, ast.AST):
            return self.visit(value)
        if isinstance(value, list):
            return [self.visit(each) if isinstance(each, ast.AST) else each for each in value]
        return value


def _pieces(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """What comes to life by itself: functions, methods, and constants of the module that are computed."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name):
                yield name, node
            case ast.ClassDef(name=name, body=body):
                yield from ((f"{name}.{each.name}", each) for each in body if isinstance(each, ast.FunctionDef))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                yield name, node
            case _:
                pass


def _source(module: str) -> str:
    return (CORE / f"{module}.py").read_text(encoding="utf-8")


def mutants_of(module: str) -> list[Mutant]:
    """Every change of a module of the core, in the order in which they stand."""
    found = []
    for where, piece in _pieces(ast.parse(_source(module))):
        walk = _Walk()
        walk.visit(piece)
        seen: Counter[str] = Counter()
        for place, (change, lines) in enumerate(walk.found):
            seen[change] += 1
            found.append(Mutant(module=module, where=where, change=change, nth=seen[change], lines=lines, place=place))
    return found


# --- coming to life ---------------------------------------------------------------------------------------------


def bring_to_life(mutant: Mutant) -> None:
    """In this process, for good: for all who have imported the function or the constant that is changed."""
    module = import_module(f"pumpd.core.{mutant.module}")
    tree = ast.parse(_source(mutant.module))
    piece = next(piece for where, piece in _pieces(tree) if where == mutant.where)
    changed = _Walk(mutant.place).visit(piece)
    if isinstance(piece, ast.FunctionDef):
        ast.fix_missing_locations(tree)
        code = _code_of(compile(tree, str(CORE / f"{mutant.module}.py"), "exec"), mutant.where)
        _function(module, mutant.where).__code__ = code
        return
    lone = ast.fix_missing_locations(ast.Module(body=[changed], type_ignores=[]))
    old = vars(module)[mutant.where]
    exec(compile(lone, mutant.where, "exec", flags=_ANNOTATIONS), vars(module))  # noqa: S102  # our own source
    for each in list(sys.modules.values()):
        if getattr(each, "__name__", "").startswith("pumpd") and vars(each).get(mutant.where) is old:
            setattr(each, mutant.where, vars(module)[mutant.where])


def _code_of(outer: CodeType, where: str) -> CodeType:
    for const in outer.co_consts:
        if isinstance(const, CodeType):
            if const.co_qualname == where:
                return const
            if where.startswith(f"{const.co_qualname}."):
                return _code_of(const, where)
    raise LookupError(where)


def _function(module: ModuleType, where: str) -> FunctionType:
    owner, _, name = where.rpartition(".")
    found = vars(vars(module)[owner] if owner else module)[name]
    found = found.fget if isinstance(found, property) else found
    found = getattr(found, "__wrapped__", found)
    assert isinstance(found, FunctionType), where
    return found
