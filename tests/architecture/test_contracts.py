"""import-linter judges who imports whom (`./run lint`); here its contracts are held against what exists.

A layer list that names a module which does not exist, or forgets one that does, is a map of another house.
"""

from __future__ import annotations

import ast
import importlib
import re
from enum import Enum
from pathlib import Path
from typing import Any

# A wall's contract is wanted as soon as the module behind it exists.
WALLED = (
    "pumpd", "pumpd_drivers", "pumpd_sim", "pumpd.console", "pumpd.board", "pumpd.demo", "pumpd.driver_api",
    "pumpd.api_models", "pumpd.health",
)  # fmt: skip


def modules_in(folder: Path) -> set[str]:
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


def contracts(pyproject: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pyproject["tool"]["importlinter"]["contracts"]
    return found


def test_layers_list_exactly_the_modules_that_exist(root: Path, pyproject: dict[str, Any]) -> None:
    complaints = []
    layered = [contract for contract in contracts(pyproject) if contract["type"] == "layers"]
    assert [contract["containers"] for contract in layered] == [["pumpd"], ["pumpd.core"]]
    for contract in layered:
        assert contract["exhaustive"], f"{contract['name']}: a module that nobody placed must be an error"
        package = contract["containers"][0]
        listed = {name for layer in contract["layers"] for name in re.split(r" [|:] ", layer)}
        existing = modules_in(root / package.replace(".", "/"))
        complaints += [f"{package}.{name} exists: place it in the layers" for name in sorted(existing - listed)]
        complaints += [f"{package}.{name} is listed but does not exist" for name in sorted(listed - existing)]
    assert complaints == []


def test_every_wall_has_its_contract(root: Path, pyproject: dict[str, Any]) -> None:
    walled = {
        name
        for contract in contracts(pyproject)
        for name in contract.get("source_modules", []) + contract.get("protected_modules", [])
    }
    pumpd = {f"pumpd.{name}" for name in modules_in(root / "pumpd")}
    existing = pumpd | {"pumpd", "pumpd_drivers", "pumpd_sim"}
    assert [name for name in WALLED if name in existing - walled] == []


def test_what_crosses_the_socket_takes_only_enums_from_the_core(product: dict[str, ast.Module]) -> None:
    """A page must not depend on how the core keeps its state, only on the codes that it names."""
    tree = product.get("pumpd/api_models.py", ast.Module(body=[], type_ignores=[]))
    strays = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pumpd.core"):
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                thing = getattr(module, alias.name)
                if not (isinstance(thing, type) and issubclass(thing, Enum)):
                    strays.append(f"line {node.lineno}: {node.module}.{alias.name}")
    assert strays == []
