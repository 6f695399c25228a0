"""What a person types is a quantity in a unit that its field names; there is none without, and none to choose."""

from __future__ import annotations

import ast

import pytest

UNITS = ("_kg", "_cm", "_mg", "_mg_per_ml", "_mg_per_h", "_ml_per_h", "_ml", "_min", "_years")


def typed_fields(tree: ast.Module) -> list[str]:
    """Fields of type `Typed`: texts that are read as numbers."""
    fields = [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    return [ast.unparse(node.target) for node in fields if "Typed" in ast.unparse(node.annotation).split(" | ")]


@pytest.mark.requirement("CMD-14")
def test_every_number_that_a_person_types_has_its_unit_in_its_name(product: dict[str, ast.Module]) -> None:
    found = [name for path, tree in product.items() if path.startswith("pumpd/api_") for name in typed_fields(tree)]
    assert {"weight_kg", "height_cm", "rate_ml_per_h"} <= set(found)
    assert [name for name in found if not name.endswith(UNITS)] == []


def test_a_number_without_a_unit_would_be_seen() -> None:
    assert typed_fields(ast.parse("class Order:\n    dose: Typed\n    weight_kg: Typed | None = None\n")) == [
        "dose", "weight_kg",
    ]  # fmt: skip


@pytest.mark.requirement("CMD-14")
def test_no_request_has_a_unit_to_choose(product: dict[str, ast.Module]) -> None:
    bodies = [
        node
        for path, tree in product.items()
        if path.startswith("pumpd/api_")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Body")
    ]
    fields = {ast.unparse(each.target) for body in bodies for each in body.body if isinstance(each, ast.AnnAssign)}
    assert "weight_kg" in fields
    assert {name for name in fields if "unit" in name} == set()
