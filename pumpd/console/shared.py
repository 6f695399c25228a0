"""The daemon's client for many pages: what two of them ask at the same moment is asked once.

A page is made of what the daemon says of the bed just then. Two hundred pages a second would ask it two hundred times,
which costs the bed's own process a whole core; so a look that is under way, or came less than SHARED_S ago, serves
whoever asks the same. What somebody did at this console ends that at once: nobody is shown the bed as it was before
their own tap. What the bed does by itself meanwhile comes with the stream, as it does for a page that is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pumpd.api_client import AsyncClient
from pumpd.api_exchange import Call

SHARED_S: Final = 0.1  # a look at the bed is never older; its stream has a view every 0.2 s at most
ASKED_MAX: Final = 64

T = TypeVar("T")
_Asked = tuple[str, tuple[tuple[str, str], ...], str | None]


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    answer: asyncio.Task[Any]


class SharedClient(AsyncClient):
    def __init__(self, path: str | Path | None = None, *, sent_at_ns: Callable[[], int] | None = None) -> None:
        super().__init__(path, sent_at_ns=sent_at_ns)
        self._looks: dict[_Asked, _Look] = {}

    async def send(self, call: Call[T], token: str | None = None) -> T:
        """As AsyncClient. Raises ApiError."""
        if call.method != "GET":
            try:
                return await super().send(call, token)
            finally:
                self._looks.clear()
        asked: _Asked = (call.path, tuple(call.query), token)
        now = asyncio.get_running_loop().time()
        look = self._looks.get(asked)
        if look is None or (look.answer.done() and now - look.at > SHARED_S):
            if len(self._looks) >= ASKED_MAX:
                self._looks.clear()
            look = self._looks[asked] = _Look(now, asyncio.create_task(super().send(call, token)))
        answer: T = await asyncio.shield(look.answer)
        return answer
