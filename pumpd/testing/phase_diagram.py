"""The picture in docs/phases.md, made from the table that decides: `python -m pumpd.testing.phase_diagram`.

A picture that somebody drew is right on the day it is drawn. This one is written between two marks of the page, as
Mermaid, which many viewers draw; a test compares it with the table.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pumpd.core.codes import Phase
from pumpd.core.phases import TRANSITIONS

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "phases.md"
_BLOCK: Final = re.compile(r"(?<=<!-- generated: phases -->\n).*?(?=<!-- end -->)", re.DOTALL)


def mermaid() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_name(Phase.IDLE)}"]
    lines += [f"    {_name(before)} --> {_name(after)}" for before, ways in TRANSITIONS.items() for after in ways]
    return "\n".join([*lines, "```"]) + "\n"


def redrawn(page: str) -> str:
    """The page with the picture of today."""
    assert _BLOCK.search(page), "the marks of the generated block are gone"
    return _BLOCK.sub(lambda _: mermaid(), page)


def _name(phase: Phase) -> str:
    return phase.value.capitalize()


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
