"""Which pages of this console would sound an alarm, and telling the daemon how many (core/listening.py asks for it).

A page whose sound is on says so itself, by a name that it made up, and again every few seconds for as long as it hears
the bed: so a page that was closed, a browser that lost its network and a tablet that went to sleep all count as silent
once LASTS_S is over. A page that is loaded anew, as at every step of a nurse, has a new name before the old one is
forgotten. One that turned its sound off is forgotten at once.

The daemon is told at every change, and every AGAIN_S while there is anything to tell; one that does not answer is told
again. Pages are counted and not trusted: a browser that says more than PAGES_MAX names has the oldest forgotten.
"""

from __future__ import annotations

import asyncio
from typing import Final

from pumpd.api_client import AsyncClient
from pumpd.errors import ApiError

PAGES_MAX: Final = 128  # twice as many as there are streams: one that was just left counts on for a moment
NAME_MAX: Final = 64
LASTS_S: Final = 9.0  # two lost words of a page that speaks every 3 s, and a moment
AGAIN_S: Final = 3.0
LOOK_S: Final = 1.0


class Ears:
    """All times are the loop's."""

    def __init__(self, client: AsyncClient, name: str) -> None:
        """`name`: of the stream of views that this console reads; the word ends with it."""
        self._client = client
        self._name = name
        self._heard_at: dict[str, float] = {}  # page -> when it said last that its sound is on
        self._changed = asyncio.Event()

    def hear(self, page: str, *, armed: bool) -> None:
        """A page says whether its sound is on."""
        before = len(self._heard_at)
        self._heard_at.pop(page, None)
        if armed:
            self._heard_at[page] = asyncio.get_running_loop().time()
            while len(self._heard_at) > PAGES_MAX:
                del self._heard_at[next(iter(self._heard_at))]
        if len(self._heard_at) != before:
            self._changed.set()

    def pages(self) -> int:
        """How many would sound an alarm now."""
        oldest = asyncio.get_running_loop().time() - LASTS_S
        self._heard_at = {page: at for page, at in self._heard_at.items() if at > oldest}
        return len(self._heard_at)

    async def run(self) -> None:
        """Tell the daemon until cancelled."""
        loop = asyncio.get_running_loop()
        told, told_at = 0, loop.time()
        while True:
            pages = self.pages()
            if pages != told or (pages and loop.time() - told_at >= AGAIN_S):
                try:
                    await self._client.listens(self._name, pages)
                    told, told_at = pages, loop.time()
                except ApiError:
                    told = -1  # it may have heard it or not: told again at the next look
            self._changed.clear()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
