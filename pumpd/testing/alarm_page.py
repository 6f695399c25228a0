"""The table in docs/alarms.md, made from the one that decides: `python -m pumpd.testing.alarm_page`.

Written between two marks of the page; a test compares it with the table and the words of today.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pumpd.core.alarm_table import TABLE, Clears, PumpAction, Row
from pumpd.core.codes import Phase
from pumpd.words_bed import ALARMS

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "alarms.md"
_BLOCK: Final = re.compile(r"(?<=<!-- generated: alarms -->\n).*?(?=<!-- end -->)", re.DOTALL)
_GOES: Final = {Clears.ITSELF: "by itself", Clears.SEEN: "over and seen", Clears.BY_SEEING: "seen"}


def table() -> str:
    """The most urgent first."""
    lines = [
        "| Code | What is said, and what to do | Harm, onset | Priority | Goes when | Pump stopped in |",
        "|---|---|---|---|---|---|",
    ]
    for condition, row in sorted(TABLE.items(), key=lambda each: -each[1].priority.value):
        said, todo = ALARMS[condition]
        why = f"{row.harm.value}, {row.onset.value}"
        cells = [condition.value, f"{said}. {todo}", why, _priority(row), _GOES[row.clears], _stopped(row)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def redrawn(page: str) -> str:
    """The page with the table of today."""
    assert _BLOCK.search(page), "the marks of the generated block are gone"
    return _BLOCK.sub(lambda _: table(), page)


def _priority(row: Row) -> str:
    if row.rises is None:
        return row.priority.name
    return f"{row.priority.name}, after {row.rises.after_s // 60} min {row.rises.to.name}"


def _stopped(row: Row) -> str:
    stopped = [phase.value for phase in Phase if row.action(phase) is PumpAction.STOP]
    unused = [phase.value for phase in Phase if row.action(phase) is PumpAction.OUT_OF_USE]
    told = ", ".join(stopped)
    out = f"out of use: {', '.join(unused)}" if unused else ""
    return "; ".join(each for each in (told, out) if each) or "none"


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
