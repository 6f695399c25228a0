"""The measurements of each pump, fetched once for all browsers and only those that are new.

A plot of four hours is redrawn every few seconds on every screen; without this each redraw would carry the whole past
across the daemon's socket. The daemon thins what it keeps; here the rows are bounded once more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from pumpd.api_client import AsyncClient
from pumpd.api_models import SampleView

ROWS_MAX: Final = 6_000  # more than the daemon keeps of one pump
AGAIN_S: Final = 1.0  # a sample a second is all there is


class Traces:
    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._rows: dict[str, deque[SampleView]] = {}
        self._since_ms: dict[str, int] = {}
        self._asked_at: dict[str, float] = {}
        self._turn = asyncio.Lock()

    async def of(self, slot: str, since_ms: int) -> list[SampleView]:
        """In order of time. Raises ApiError."""
        async with self._turn:
            rows = self._rows.get(slot)
            now = asyncio.get_running_loop().time()
            if rows is None or since_ms < self._since_ms[slot]:
                rows = deque(await self._client.samples(slot, since_ms), maxlen=ROWS_MAX)
                self._rows[slot], self._since_ms[slot], self._asked_at[slot] = rows, since_ms, now
            elif now - self._asked_at[slot] >= AGAIN_S:
                rows.extend(await self._client.samples(slot, rows[-1].ts_ms + 1 if rows else since_ms))
                self._asked_at[slot] = now
        return [row for row in rows if row.ts_ms >= since_ms]
