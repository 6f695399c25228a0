"""One line for each figure: what was measured, the aim, whether it was met, and the load of the machine meanwhile.

A figure without the load it was taken under says little on a shared machine, so none is printed without. A missed
aim is printed as missed; nothing here is an assertion.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`met`: None where there is no aim."""

    name: str
    value: str
    aim: str = ""
    met: bool | None = None
    note: str = ""

    def line(self) -> str:
        verdict = "" if self.met is None else ("met" if self.met else "MISSED")
        one, five, _ = os.getloadavg()
        load = f"load {one:.1f} (1 min) {five:.1f} (5 min) on {os.cpu_count()} cores"
        said = f"{self.name:<34} {self.value:<42} {self.aim:<16} {verdict:<6}  {load}"
        return f"{said}\n{'':<34} {self.note}" if self.note else said


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank."""
    assert values, "nothing was measured"
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def ms(seconds: float) -> str:
    return f"{seconds * 1_000:.2f} ms"
