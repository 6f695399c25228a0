"""What keeps a decision repeatable: no float, no clock, no chance and no I/O where doses are decided.

The lists are allow-lists, so that a new import is a decision and not an accident.
"""

from __future__ import annotations

import ast

import pytest

CORE_MAY_IMPORT = {
    "__future__", "collections.abc", "dataclasses", "decimal", "enum", "fractions", "functools", "itertools",
    "re", "typing",
}  # fmt: skip
# A driver also packs bytes, computes checksums, reads a map from text, names the nearest option; pymodbus lends PDUs.
DRIVERS_MAY_IMPORT = CORE_MAY_IMPORT | {
    "binascii", "difflib", "string", "struct", "tomllib", "pymodbus.pdu", "pumpd.driver_api", "pumpd.core.units",
}  # fmt: skip
READS_CLOCK_OR_CHANCE = {"time", "random", "secrets", "uuid"}
CALLS_CLOCK_OR_CHANCE = {"now", "utcnow", "today", "urandom", "getrandom"}


def imports_of(tree: ast.Module) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found += [(node.lineno, alias.name) for alias in names]
            case ast.ImportFrom(module=module, names=names, level=0):
                found += [(node.lineno, f"{module}.{alias.name}") for alias in names]
            case ast.ImportFrom():
                found.append((node.lineno, "." * node.level + (node.module or "")))
    return found


def allowed(name: str, may: set[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in may)


def floats_in(tree: ast.Module) -> list[int]:
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()) | ast.Name(id="float" | "complex"):
                found.append(node.lineno)
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                found.append(node.lineno)
    return found


@pytest.mark.requirement("FLOW-21")
@pytest.mark.requirement("G16")
def test_core_and_driver_api_know_no_float(product: dict[str, ast.Module]) -> None:
    exact = {p: t for p, t in product.items() if p.startswith("pumpd/core/") or p == "pumpd/driver_api.py"}
    assert len(exact) > 1
    assert [f"{path}:{line}" for path, tree in exact.items() for line in floats_in(tree)] == []


def test_core_imports_only_itself_errors_and_what_computes(product: dict[str, ast.Module]) -> None:
    may = CORE_MAY_IMPORT | {"pumpd.core", "pumpd.errors"}
    core = {path: tree for path, tree in product.items() if path.startswith("pumpd/core/")}
    assert len(core) > 1
    strays = [f"{p}:{line} {name}" for p, t in core.items() for line, name in imports_of(t) if not allowed(name, may)]
    assert strays == []


def test_drivers_import_only_driver_api_units_and_what_computes(product: dict[str, ast.Module]) -> None:
    may = DRIVERS_MAY_IMPORT | {"pumpd_drivers"}
    drivers = {path: tree for path, tree in product.items() if path.startswith("drivers/")}
    assert drivers
    strays = [
        f"{p}:{line} {name}" for p, t in drivers.items() for line, name in imports_of(t) if not allowed(name, may)
    ]
    assert strays == []


def test_only_clock_reads_a_clock_or_draws_a_number(product: dict[str, ast.Module]) -> None:
    """Tests steer time and chance through pumpd/clock.py; whatever goes past it cannot be replayed."""
    elsewhere = {
        path: tree
        for path, tree in product.items()
        if path.startswith(("pumpd/", "drivers/"))
        and path != "pumpd/clock.py"
        and not path.startswith("pumpd/testing/")
    }
    strays = [
        f"{path}:{line} imports {name}"
        for path, tree in elsewhere.items()
        for line, name in imports_of(tree)
        if name.split(".")[0] in READS_CLOCK_OR_CHANCE
    ]
    strays += [
        f"{path}:{node.lineno} calls {ast.unparse(node.func)}"
        for path, tree in elsewhere.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CALLS_CLOCK_OR_CHANCE
        and ast.unparse(node.func.value).split(".")[-1] in {"datetime", "date", "os"}
    ]
    assert strays == []


@pytest.mark.requirement("G13")
def test_drivers_yield_nothing_in_finally(product: dict[str, ast.Module]) -> None:
    """A stop closes a procedure: a yield in its `finally` would put one more request on the wire."""
    strays = [
        f"{path}:{inner.lineno}"
        for path, tree in product.items()
        if path.startswith("drivers/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Try)
        for statement in node.finalbody
        for inner in ast.walk(statement)
        if isinstance(inner, ast.Yield | ast.YieldFrom)
    ]
    assert strays == []
