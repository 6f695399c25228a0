"""One stream from the daemon, however many browsers: the newest view, and nothing but the newest.

A browser has no queue here. Whoever reads slowly misses the views in between, which the next one replaces; it costs
the console a socket's buffer and the daemon nothing. When the daemon is gone every browser is told at once, and told
again at every attempt to reach it, so that a page can tell a bed without a daemon from a page without a console.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from pumpd.api_client import AsyncClient
from pumpd.api_models import BedView
from pumpd.console.live import message
from pumpd.errors import ApiError

BROWSERS_MAX: Final = 64  # a bed has a panel and a few phones; the rest is tabs that were forgotten
RETRY_S: Final = 0.5  # to the daemon: soon enough for a page that has to know within 2 s
BROWSER_RETRY_MS: Final = 1_000


class Feed:
    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._fresh = asyncio.Event()
        self._frame = _event({"gone": "not asked yet"})
        self._frames = 0
        self._closing = False
        self.name = f"console-{os.getpid()}"  # of the stream: a pause of the sound ends with it
        self.browsers = 0

    @property
    def full(self) -> bool:
        return self.browsers >= BROWSERS_MAX

    async def run(self) -> None:
        """Follow the daemon until cancelled; one that is gone is asked again for ever."""
        while True:
            try:
                async with aclosing(self._client.events(self.name)) as views:
                    async for view in views:
                        self._put(_of(view))
                gone = "the daemon said good-bye"
            except ApiError as error:
                gone = str(error)
            self._put(_event({"gone": gone}))
            await asyncio.sleep(RETRY_S)

    def close(self) -> None:
        """Every stream to a browser ends."""
        self._closing = True
        self._fresh.set()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Server-sent events until the browser leaves or the feed is closed."""
        self.browsers += 1
        try:
            sent = self._frames
            yield f"retry: {BROWSER_RETRY_MS}\n".encode() + self._frame
            while not self._closing:
                if sent == self._frames:
                    await self._fresh.wait()
                    continue
                sent = self._frames
                yield self._frame
        finally:
            self.browsers -= 1

    def _put(self, frame: bytes) -> None:
        self._frame = frame
        self._frames += 1
        fresh, self._fresh = self._fresh, asyncio.Event()
        fresh.set()


def _of(view: BedView) -> bytes:
    return f"data: {message(view)}\n\n".encode()


def _event(told: dict[str, str]) -> bytes:
    return f"data: {json.dumps(told)}\n\n".encode()
