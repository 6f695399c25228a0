"""The picture in docs/phases.md, made from the table that decides, and the reasons, made from the states explored.

A picture that somebody drew is right on the day it is drawn. This one is written between two marks of the page, as
Mermaid, which many viewers draw; a test compares it with the table. Why a pump takes each way stands in no table: it is
what `./run explore --quick` saw happen, and a test compares that with the page too. Both are written anew by
`python -m pumpd.testing.phase_diagram`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pumpd.core.codes import Phase, Why
from pumpd.core.phases import TRANSITIONS
from pumpd.testing.explore import QUICK
from pumpd.testing.explore_search import Search, Way

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "phases.md"
_BLOCK: Final = re.compile(r"(?<=<!-- generated: phases -->\n).*?(?=<!-- end -->)", re.DOTALL)
_REASONS: Final = re.compile(r"(?<=<!-- generated: reasons -->\n).*?(?=<!-- end -->)", re.DOTALL)


def mermaid() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_name(Phase.IDLE)}"]
    lines += [f"    {_name(before)} --> {_name(after)}" for before, ways in TRANSITIONS.items() for after in ways]
    return "\n".join([*lines, "```"]) + "\n"


def redrawn(page: str) -> str:
    """The page with the picture of today."""
    assert _BLOCK.search(page), "the marks of the generated block are gone"
    return _BLOCK.sub(lambda _: mermaid(), page)


def reasons(ways: Iterable[Way]) -> str:
    """Each way between two phases, and everything that was seen to lead along it."""
    walked = set(ways)
    lines = ["| From | To | Why |", "|---|---|---|"]
    for before, following in TRANSITIONS.items():
        for after in following:
            whys = [why.value.replace("_", " ") for why in Why if (before, after, why) in walked]
            lines.append(f"| {_name(before)} | {_name(after)} | {', '.join(whys)} |")
    return "\n".join(lines) + "\n"


def with_reasons(page: str, ways: Iterable[Way]) -> str:
    """The page with the reasons that these ways had."""
    assert _REASONS.search(page), "the marks of the generated block are gone"
    return _REASONS.sub(lambda _: reasons(ways), page)


def _name(phase: Phase) -> str:
    return phase.value.capitalize()


if __name__ == "__main__":
    text = redrawn(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(with_reasons(text, Search(QUICK[0]).run().ways), encoding="utf-8")
