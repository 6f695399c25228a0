"""A value named in one unit is never given to a name in another.

`typing.NewType` cannot guard this: arithmetic strips it (docs/decisions/0003-integers-with-units.md). The names can:
every quantity ends in its unit, so `volume_nl=total_ul` is wrong on sight, and here it is seen. Products and quotients
have no name and are not judged; conversions stand in core/units.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

UNIT = "nl|ul|ml|ng|ug|mg|g|kg|pa|mmhg|mm|um|cm|ns|us|ms|s|min|h|ppm|permille|percent|milli"
SUFFIX = re.compile(rf"(?:^|_)((?:{UNIT})(?:_per_(?:{UNIT}))*)$")
FACTOR = re.compile(rf"(?:{UNIT})_per_(?:{UNIT})")  # NS_PER_S is a factor, not a quantity
# A table of a TOML file is named as the file writes it; its field's type has scaled the value to the unit beside it.
EDGE = ("pumpd/library_file.py",)
QUALIFIERS = ("_min", "_max")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def unit_of(name: str) -> str | None:
    """The unit in which a name says that it is."""
    name = name.lower()
    if FACTOR.fullmatch(name):
        return None
    for qualifier in QUALIFIERS:
        bare = name.removesuffix(qualifier)
        if bare != name and SUFFIX.search(bare):
            return unit_of(bare)
    found = SUFFIX.search(name)
    if found is None or (found[1] == name and len(name) == 1):  # a variable called s is no second
        return None
    return found[1]


def unit_in(node: ast.expr) -> str | None:
    """The unit of an expression as far as names tell it."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return unit_of(name)
        case ast.Call(func=ast.Name(id="min" | "max" | "sum" | "abs"), args=[first, *_]):
            return unit_in(first)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return unit_of(name)
        case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
            return unit_in(left) or unit_in(right)
        case ast.IfExp(body=body, orelse=other):
            return unit_in(body) or unit_in(other)
        case ast.GeneratorExp(elt=element):
            return unit_in(element)
    return None


def pairs(tree: ast.AST, parameters: dict[str, list[str]]) -> Iterator[tuple[int, str, str | None, str | None]]:
    """Everything that puts two quantities side by side: line, text, and the unit of either."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
                for keyword in keywords:
                    if keyword.arg is not None:
                        text = f"{keyword.arg}={ast.unparse(keyword.value)}"
                        yield keyword.value.lineno, text, unit_of(keyword.arg), unit_in(keyword.value)
                for wanted, given in zip(parameters.get(name, []), args, strict=False):
                    text = f"{name}({wanted}={ast.unparse(given)})"
                    yield given.lineno, text, unit_of(wanted), unit_in(given)
                if name in {"min", "max"} and args:
                    for other in args[1:]:
                        yield node.lineno, ast.unparse(node), unit_in(args[0]), unit_in(other)
            case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
                yield node.lineno, ast.unparse(node), unit_of(name), unit_in(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield node.lineno, ast.unparse(node), unit_of(name), unit_in(value)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add() | ast.Sub(), value=value):
                yield node.lineno, ast.unparse(node), unit_of(name), unit_in(value)
            case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
                yield node.lineno, ast.unparse(node), unit_in(left), unit_in(right)
            case ast.Compare(left=left, comparators=others):
                for one, other in zip([left, *others], others, strict=False):
                    yield node.lineno, ast.unparse(node), unit_in(one), unit_in(other)
            case ast.FunctionDef(name=name, body=body):
                for inner in body:
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield inner.lineno, f"{name}: {ast.unparse(inner)}", unit_of(name), unit_in(inner.value)


def parameters_in(trees: dict[str, ast.Module]) -> dict[str, list[str]]:
    """Positional parameters of every function whose name is used once in all the product."""
    found: dict[str, list[list[str]]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
                found.setdefault(node.name, []).append([each for each in names if each not in {"self", "cls"}])
    return {name: lists[0] for name, lists in found.items() if len(lists) == 1}


def mismatches(trees: dict[str, ast.Module]) -> list[str]:
    parameters = parameters_in(trees)
    return [
        f"{path}:{line}: {text[:120]} ({one} and {other})"
        for path, tree in trees.items()
        for line, text, one, other in pairs(tree, parameters)
        if one is not None and other is not None and one != other
    ]


@pytest.mark.requirement("FLOW-21")
def test_no_quantity_goes_to_a_name_of_another_unit(product: dict[str, ast.Module]) -> None:
    within = {path: tree for path, tree in product.items() if path not in EDGE}
    parameters = parameters_in(within)
    judged = sum(
        one is not None and other is not None
        for tree in within.values()
        for _, _, one, other in pairs(tree, parameters)
    )
    assert judged > 300, "hardly anything was judged: do names no longer end in their unit?"
    assert mismatches(within) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "give(volume_nl=total_ul)",
        "give(volume_nl=plan.total_ul)",
        "deliver(total_ul, 3)",
        "low_nl = delivered_ul(rate, time)",
        "late = at_ns - waited_ms",
        "late = age_ns > LIMIT_MS",
        "rate_ul_per_h = asked_ml_per_h",
        "low_nl += more_ul",
        "least_nl = max(one_ul, two_ul)",
        "least = min(one_nl, two_ul)",
        "limit_s_max = wait_ms",
        "def total_nl(self): return self.total_ul",
    ],
)
def test_a_mismatch_is_seen(wrong: str) -> None:
    source = "def deliver(volume_nl, count): ...\n" + wrong
    assert mismatches({"example.py": ast.parse(source)}) != []


@pytest.mark.parametrize(
    "right",
    [
        "give(volume_nl=total_nl)",
        "give(volume_nl=total_ul * NL_PER_UL)",
        "wait_ns = NS_PER_S",
        "at_ns = now_ns + 3 * NS_PER_S",
        "piston_um_per_h_min = slowest_um_per_h",
        "offset_min = local_offset_min",
        "volume_nl = s.volume_nl",
        "ready = at_ns is not None and phase == wanted",
    ],
)
def test_what_fits_is_left_alone(right: str) -> None:
    assert mismatches({"example.py": ast.parse(right)}) == []
