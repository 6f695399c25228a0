"""A module is read in one sitting, a function on one screen, and a file says why it exists."""

from __future__ import annotations

import ast
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 70
PATTERN_WORDS = ("manager", "handler", "service", "factory", "helper", "util")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of(function: Function) -> int:
    """Without the docstring: prose is not what makes a function long."""
    first = function.body[0]
    prose = 0
    if ast.get_docstring(function, clean=False) is not None:
        prose = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - prose


def test_modules_fit_in_400_lines(root: Path, product: dict[str, ast.Module]) -> None:
    lengths = {path: len((root / path).read_text().splitlines()) for path in product}
    assert {path: length for path, length in lengths.items() if length > MODULE_LINES} == {}


def test_functions_fit_in_70_lines(product: dict[str, ast.Module]) -> None:
    long = {
        f"{path}:{node.lineno} {node.name}": lines_of(node)
        for path, tree in product.items()
        for node in ast.walk(tree)
        if isinstance(node, Function) and lines_of(node) > FUNCTION_LINES
    }
    assert long == {}


def test_every_module_says_why_it_exists(root: Path, product: dict[str, ast.Module]) -> None:
    silent = [p for p, tree in product.items() if not p.endswith("__init__.py") and not ast.get_docstring(tree)]
    tests = [p for p in sorted((root / "tests").rglob("*.py")) if not ast.get_docstring(ast.parse(p.read_text()))]
    assert silent + [str(path.relative_to(root)) for path in tests] == []


def test_package_init_files_are_empty(root: Path, product: dict[str, ast.Module]) -> None:
    inits = [path for path in product if path.endswith("__init__.py")]
    assert "pumpd/core/__init__.py" in inits
    assert [path for path in inits if (root / path).stat().st_size] == []


def test_names_are_bedside_words_not_patterns(product: dict[str, ast.Module]) -> None:
    names = [(path, Path(path).stem) for path in product]
    names += [(p, n.name) for p, tree in product.items() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    assert [(p, name) for p, name in names if any(word in name.lower() for word in PATTERN_WORDS)] == []


def test_at_most_one_broad_except(product: dict[str, ast.Module]) -> None:
    """It is the supervisor's; anywhere else it would swallow a failed assertion."""
    broad = [
        f"{path}:{node.lineno}"
        for path, tree in product.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert [place.rpartition(":")[0] for place in broad] == ["pumpd/supervision.py"], broad
    assert len(broad) <= 1, broad
