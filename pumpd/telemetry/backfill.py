"""Which measurements no live message carried, and how they follow behind.

A stretch without a broker is kept as a span of wall time for the whole bed; what was measured in it comes
from the samples, at a limited rate and only while nothing live waits. Spans are joined when there are too
many: sending a sample twice is harmless (it says when it was taken), losing one is a hole in somebody's chart.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from pumpd.samples import RECENT_ROWS_MAX, Sample, SampleStore, read

SPANS_MAX: Final = 16  # outages that wait to be filled; beyond it neighbours are joined
ROWS_AT_ONCE: Final = 200  # one read of the store
PER_SECOND: Final = 20  # an hour without a broker is filled in 3 minutes, beside 5 live messages a second
PERIOD_S: Final = 1 / PER_SECOND
_FINE_MS: Final = RECENT_ROWS_MAX * 1_000  # the memory has every sample of this long, a row a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Wall time, both ends inclusive."""

    from_ms: int
    to_ms: int


class Missing:
    """Spans that still have to be filled, oldest first."""

    def __init__(self) -> None:
        self._spans: list[Span] = []

    def __bool__(self) -> bool:
        return bool(self._spans)

    @property
    def spans(self) -> tuple[Span, ...]:
        return tuple(self._spans)

    def add(self, from_ms: int, to_ms: int) -> None:
        """A wall clock that was set back in between leaves nothing to ask for."""
        if to_ms < from_ms:
            return
        self._spans.append(Span(from_ms=from_ms, to_ms=to_ms))
        self._spans.sort(key=lambda span: span.from_ms)
        joined = self._spans[:1]
        for span in self._spans[1:]:
            if span.from_ms <= joined[-1].to_ms + 1_000:
                joined[-1] = replace(joined[-1], to_ms=max(joined[-1].to_ms, span.to_ms))
            else:
                joined.append(span)
        while len(joined) > SPANS_MAX:
            gaps = [after.from_ms - before.to_ms for before, after in pairwise(joined)]
            at = gaps.index(min(gaps))
            joined[at : at + 2] = [Span(from_ms=joined[at].from_ms, to_ms=joined[at + 1].to_ms)]
        self._spans = joined

    def filled_to(self, at_ms: int) -> None:
        """Everything of the first span before `at_ms` has been sent."""
        first = self._spans[0]
        if at_ms > first.to_ms:
            self._spans.pop(0)
        else:
            self._spans[0] = replace(first, from_ms=max(first.from_ms, at_ms))


async def stored(
    span: Span, slots: Sequence[str], samples: SampleStore, file: Path | None, now_ms: int
) -> tuple[list[Sample], int]:
    """The first samples of the span, oldest first, and up to which time that is all of them (exclusive)."""
    rows: list[Sample] = []
    complete_to = span.to_ms + 1
    for slot in slots:
        part: Sequence[Sample] = ()
        if file is not None and span.from_ms < now_ms - _FINE_MS:
            part = await asyncio.to_thread(_from_file, file, slot, span.from_ms)
        part = part or samples.recent(slot, span.from_ms)[:ROWS_AT_ONCE]
        if len(part) >= ROWS_AT_ONCE:
            complete_to = min(complete_to, part[-1].wall_ms)
        rows += part
    if rows and complete_to <= span.from_ms:  # more rows than one read holds at one time stamp: go on behind it
        complete_to = span.from_ms + 1
    rows = [row for row in rows if row.wall_ms < complete_to]
    return sorted(rows, key=lambda row: (row.wall_ms, row.slot)), complete_to


def _from_file(file: Path, slot: str, since_ms: int) -> list[Sample]:
    """An unreadable file is no reason to send nothing: the memory has the last hours."""
    try:
        return list(read(file, slot, since_ms, rows_max=ROWS_AT_ONCE))
    except sqlite3.Error:
        return []
