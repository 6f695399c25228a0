"""The simulator's own clock, used only where real wires are served; everything else is told the time."""

from __future__ import annotations

import time


def now_ns() -> int:
    return time.monotonic_ns()
