"""The bed's view as a stream of server-sent events, from memory, for however slow a reader.

There is one newest view and every reader waits for it: nobody has a queue. A reader that falls behind
misses the views in between, which the next one replaces anyway, and costs the daemon nothing but a socket's
buffer. The first event is sent at once; then one whenever something changed, and one a second when nothing
did, so that silence means a dead stream and nothing else.

The view is made once for all readers, and not at all while there are none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import Final

from pumpd.api_models import BedView

READERS_MAX: Final = 16  # a console needs one; the rest is for a few screens and tools
HEARTBEAT_S: Final = 0.75  # with the gap below: at least one event a second
GAP_S: Final = 0.2  # nobody reads faster, and ten pump reports a second need no ten views
RETRY_MS: Final = 1_000  # what a browser waits before it connects again


class Feed:
    def __init__(self, look: Callable[[], BedView], gone: Callable[[str], None]) -> None:
        """`gone` is told the name of each named stream that ended."""
        self._look = look
        self._gone = gone
        self._watchers: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._fresh = asyncio.Event()
        self._frame = b""
        self._frames = 0
        self._closing = False
        self.readers = 0

    @property
    def full(self) -> bool:
        return self.readers >= READERS_MAX

    def poke(self) -> None:
        """Something changed; the next view follows within GAP_S."""
        self._changed.set()

    def close(self) -> None:
        """Every stream ends after what it is sending."""
        self._closing = True
        self._changed.set()
        self._fresh.set()

    async def run(self, beat: Callable[[], None]) -> None:
        """Until closed. `beat` is called at least once a second."""
        while not self._closing:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            beat()
            if self.readers:
                self._frame = self._render()
                self._frames += 1
                fresh, self._fresh = self._fresh, asyncio.Event()
                fresh.set()
            await asyncio.sleep(GAP_S)

    def is_watched_by(self, watcher: str) -> bool:
        """Does a stream of this name run?"""
        return self._watchers[watcher] > 0

    async def frames(self, watcher: str | None = None) -> AsyncGenerator[bytes, None]:
        """Server-sent events until the reader leaves or the feed is closed. `watcher`: a name for this stream."""
        if self._closing:
            return
        self.readers += 1
        if watcher is not None:
            self._watchers[watcher] += 1
        try:
            sent = self._frames
            yield f"retry: {RETRY_MS}\n".encode() + self._render()
            while not self._closing:
                if sent == self._frames:
                    await self._fresh.wait()
                    continue
                sent = self._frames
                yield self._frame
        finally:
            self.readers -= 1
            if watcher is not None:
                self._watchers[watcher] -= 1
                if not self._watchers[watcher]:
                    del self._watchers[watcher]
                    self._gone(watcher)

    def _render(self) -> bytes:
        view = self._look()
        return f"id: {view.number}\nevent: bed\ndata: {view.model_dump_json()}\n\n".encode()
