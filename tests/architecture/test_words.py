"""Only pumpd/words.py turns a quantity into text: ISMP form (leading zero, none trailing, mL) has one home.

A unit that stands next to a formatted value anywhere else is a second opinion on how to write a dose.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

UNIT = r"(?:[mµnu]?[Ll]|[mµnuk]?g|mcg|cc)(?:/(?:kg|h|min|mL|ml))*"
AFTER_VALUE = re.compile(rf"^[\s\u00a0\u202f]*{UNIT}(?![\w'])")
AFTER_PLACEHOLDER = re.compile(rf"(?:\}}|%[-+0-9.]*[a-z])[\s\u00a0\u202f]*{UNIT}(?![\w'])")
IN_TEMPLATE = re.compile(rf"\}}(?:\s|&nbsp;|&#160;|<[^>]*>)*{UNIT}(?![\w'])")
TEMPLATES = {".html", ".j2", ".jinja", ".js", ".svg", ".txt"}


def text_after_value(joined: ast.JoinedStr) -> list[str]:
    pairs = zip(joined.values, joined.values[1:], strict=False)
    return [
        str(after.value)
        for value, after in pairs
        if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant)
    ]


def formats_a_quantity(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr():
            return any(AFTER_VALUE.match(text) for text in text_after_value(node))
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return bool(AFTER_PLACEHOLDER.search(text))
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return bool(AFTER_PLACEHOLDER.search(text))
        case ast.BinOp(op=ast.Add(), right=ast.Constant(value=str(text))):
            return bool(AFTER_VALUE.match(text))
    return False


def quantities_formatted_in(tree: ast.Module) -> list[int]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.expr))
    return [node.lineno for node in nodes if formats_a_quantity(node)]


def test_the_detector_knows_a_quantity_when_it_sees_one() -> None:
    guilty = (
        'f"{x} mL/h"',
        'f"{x:.1f} mg/kg left"',
        '"{} mL".format(x)',
        '"%s mg" % x',
        'str(x) + " mg/h"',
        'f"{x}µL"',
    )
    innocent = ('f"{x} lines"', 'f"{x}: give it"', '"mL"', 'f"{x} mLx"', 'f"{name} goes"')
    assert [code for code in guilty if not quantities_formatted_in(ast.parse(code))] == []
    assert [code for code in innocent if quantities_formatted_in(ast.parse(code))] == []


def test_words_is_the_only_place_that_formats_quantities(product: dict[str, ast.Module]) -> None:
    strays = [
        f"{path}:{line}"
        for path, tree in product.items()
        if path.startswith("pumpd/") and path != "pumpd/words.py" and not path.startswith("pumpd/testing/")
        for line in quantities_formatted_in(tree)
    ]
    assert strays == []


def test_templates_show_quantities_as_words_made_them(root: Path) -> None:
    strays = [
        f"{path.relative_to(root)}:{number}"
        for path in sorted((root / "pumpd").rglob("*"))
        if path.suffix in TEMPLATES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if IN_TEMPLATE.search(line)
    ]
    assert strays == []
