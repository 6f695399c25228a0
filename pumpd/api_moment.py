"""Now, by both clocks: what turns the core's nanoseconds since boot into a time of day that a person reads.

The core knows no wall clock and no time zone. It says when something is due by boot time, or so many nanoseconds from
now; the time of day is made here, from the wall clock and the zone of this computer at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pumpd import words
from pumpd.core.units import NS_PER_MS, NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, by both clocks."""

    now_ns: int
    wall_ms: int

    def ts_ms(self, at_ns: int) -> int:
        """Wall time of a boot time."""
        return self.wall_ms + (at_ns - self.now_ns) // NS_PER_MS

    def at_second_ns(self, ts_ms: int) -> int:
        """Boot time of a wall time, in whole seconds: the same again when the same is asked again."""
        return (self.now_ns + (ts_ms - self.wall_ms) * NS_PER_MS) // NS_PER_S * NS_PER_S

    def clock_text(self, at_ns: int) -> str:
        ts_ms = self.ts_ms(at_ns)
        offset = datetime.fromtimestamp(ts_ms // 1_000, tz=UTC).astimezone().utcoffset()
        return words.clock_time(ts_ms, offset_min=0 if offset is None else int(offset.total_seconds()) // 60)
