"""All that pumpd raises is one tree, drawn at the top of one file, so that whoever catches sees the rest."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re

DRAWN = re.compile(r"^(?P<branch>[\s│├└─|`+*-]*)(?P<name>[A-Z]\w+)(?=$|[\s(:,])")


def raisable(product: dict[str, ast.Module]) -> dict[str, str]:
    """Every exception class of pumpd and where it stands, found by its bases until nothing new is found."""
    known = {
        name for name, thing in vars(builtins).items() if inspect.isclass(thing) and issubclass(thing, BaseException)
    }
    found: dict[str, str] = {}
    classes = [
        (path, node)
        for path, tree in product.items()
        if path.startswith("pumpd/") and not path.startswith("pumpd/testing/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    growing = True
    while growing:
        growing = False
        for path, node in classes:
            bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
            if node.name not in found and bases & (known | found.keys()):
                found[node.name] = path
                growing = True
    return found


def drawn_tree(text: str) -> dict[str, str | None]:
    """Name -> parent, by indentation, of the lines of a docstring that draw the tree."""
    parents: dict[str, str | None] = {}
    trunk: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = DRAWN.match(line)
        if not match or not (match["name"].endswith("Error") or parents or "─" in line):
            continue
        depth = len(match["branch"])
        while trunk and trunk[-1][0] >= depth:
            trunk.pop()
        parents[match["name"]] = trunk[-1][1] if trunk else None
        trunk.append((depth, match["name"]))
    return parents


def test_every_exception_stands_in_errors(product: dict[str, ast.Module]) -> None:
    found = raisable(product)
    assert found
    assert {name: path for name, path in found.items() if path != "pumpd/errors.py"} == {}


def test_the_drawn_tree_is_the_real_one(product: dict[str, ast.Module]) -> None:
    errors = importlib.import_module("pumpd.errors")
    drawn = drawn_tree(inspect.getdoc(errors) or "")
    real = {name: getattr(errors, name) for name in raisable(product)}
    assert [name for name in real if name not in drawn] == [], "not drawn in the docstring of pumpd/errors.py"
    wrong = {
        name: f"drawn under {parent}, but it is a {real[name].__bases__}"
        for name, parent in drawn.items()
        if name in real and parent in real and not issubclass(real[name], real[parent])
    }
    assert wrong == {}
