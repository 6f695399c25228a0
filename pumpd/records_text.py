"""The record as plain text, to be pasted into another system: lines of at most 100 characters, nothing but ASCII rules.

A table becomes a block of lines for each of its rows, since a system that takes pasted text keeps no columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from pumpd.words_record import Block, Sheet

COLUMNS: Final = 100
LABEL: Final = 22


def text(sheet: Sheet) -> str:
    return "\n".join([*_lines(sheet), ""])


def _lines(sheet: Sheet) -> Iterator[str]:
    yield sheet.title
    yield "=" * len(sheet.title)
    yield sheet.note
    for block in sheet.blocks:
        yield ""
        yield block.title
        yield "-" * len(block.title)
        for label, told in block.lines:
            yield from _wrapped(f"{label + ':':<{LABEL}} {told}")
        if block.head:
            yield from _rows(block)
    yield ""
    yield sheet.foot


def _rows(block: Block) -> Iterator[str]:
    if block.to_write:
        yield from _wrapped(" | ".join(block.head))
        yield from ("_" * COLUMNS for _ in block.rows)
        return
    if not block.rows:
        yield "none"
    for row in block.rows:
        named = [f"{name}: {value}" for name, value in zip(block.head[2:], row[2:], strict=True) if value]
        yield from _wrapped(f"{row[0]:<{LABEL}} {'; '.join((row[1], *named))}")


def _wrapped(line: str) -> list[str]:
    return wrap(line, COLUMNS, subsequent_indent=" " * (LABEL + 1), break_on_hyphens=False) or [""]
