"""Facts about how alarms signal: one that became more urgent because nobody came.

They stand beside facts.py, which joins them to all others, as those of deliveries.py do. The same rules hold: past
tense, final, codes and integers.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.codes import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRose:
    """Nobody acknowledged it in its time: it is more urgent now."""

    at_ns: int
    alarm_id: int
    priority: Priority
