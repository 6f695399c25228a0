"""Telemetry is one way: what a broker says never becomes a request to the bed."""

from __future__ import annotations

import ast

import pytest

ASKS = {"ask", "submit", "stop_all", "send"}  # how anything in the daemon asks bed or bus for something
FORBIDDEN = ("pumpd.core.requests", "pumpd.core.bed", "pumpd.bus", "pumpd.api")


def requests_in(tree: ast.Module) -> list[str]:
    """Calls that ask the bed for something, and imports of what one would need for it."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS:
            found.append(f"line {node.lineno}: {ast.unparse(node.func)}()")
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found += [f"imports {each}" for each in modules if each.startswith(FORBIDDEN)]
    return found


@pytest.mark.requirement("CMD-09")
def test_nothing_from_a_broker_becomes_a_request(product: dict[str, ast.Module]) -> None:
    telemetry = {path: tree for path, tree in product.items() if path.startswith("pumpd/telemetry/")}
    assert len(telemetry) > 5
    assert {path: found for path, tree in telemetry.items() if (found := requests_in(tree))} == {}


def test_a_request_would_be_seen() -> None:
    assert requests_in(ast.parse("self._bedside.submit(StopRequested())"))
    assert requests_in(ast.parse("from pumpd.core.requests import StopRequested"))
    assert requests_in(ast.parse("import pumpd.core.bed"))
