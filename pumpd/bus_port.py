"""The port under a bus: when it is tried again, why it is down, and whether the machine slept meanwhile.

A port that cannot be opened is tried for ever, with a back-off that neither hammers nor sleeps through a plug that is
put back. The name that the configuration gives is resolved anew at every attempt, so an adapter that comes back as
another ttyUSB is found again behind its name in /dev/serial/by-id.

After a suspend nothing on a wire is what it was: a USB adapter may have been powered down, a TCP connection is dead
without knowing it, and replies may lie about that are an hour old. So the port is closed and opened anew, what was
under way ends, and every pump is asked who it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from pumpd.core.events import LinkWhy
from pumpd.errors import (
    LinkError,
    PortAbsent,
    PortForbidden,
    PortHeld,
    PortHungUp,
    PortStuck,
    PortUnreachable,
)
from pumpd.link import Link

BACKOFF_FIRST_S: Final = 0.1
BACKOFF_MOST_S: Final = 2.0  # a plug that is put back is noticed within this
OPEN_LIMIT_S: Final = 0.9  # shorter than the second in which a bus has to prove life
SLEPT_NS: Final = 1_000_000_000  # boot time ahead of monotonic by more than this: the machine was suspended
_NS_PER_S: Final = 1_000_000_000


def why_of(error: LinkError) -> LinkWhy:
    """The name of what is wrong with a port, for people who cannot read its error."""
    match error:
        case PortAbsent():
            return LinkWhy.ABSENT
        case PortHeld():
            return LinkWhy.HELD
        case PortForbidden():
            return LinkWhy.FORBIDDEN
        case PortUnreachable():
            return LinkWhy.UNREACHABLE
        case PortHungUp():
            return LinkWhy.HUNG_UP
        case PortStuck():
            return LinkWhy.STUCK
        case _:
            return LinkWhy.PORT_FAULT


class Port:
    def __init__(self, name: str, open_link: Callable[[], Awaitable[Link]]) -> None:
        self.detail = "it has not been opened yet"
        self.try_at = 0.0
        self._name = name
        self._open_link = open_link
        self._backoff_s = BACKOFF_FIRST_S
        self._opened_at = 0.0

    async def open(self) -> Link:
        """Raises LinkError, and then waits longer before the next attempt."""
        loop = asyncio.get_running_loop()
        self.try_at = loop.time() + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, BACKOFF_MOST_S)
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                link = await self._open_link()
        except TimeoutError as error:
            raise PortUnreachable(f"{self._name} did not open within {OPEN_LIMIT_S} s") from error
        self._opened_at = loop.time()
        return link

    def soon(self) -> None:
        """Somebody has reason to think that it is back: no waiting."""
        self.try_at = 0.0
        self.works()

    def works(self) -> None:
        """A pump has answered: the next fault begins with the shortest wait."""
        self._backoff_s = BACKOFF_FIRST_S

    def lost(self) -> None:
        """It failed while it was open; one that opens and fails at once does not work."""
        now = asyncio.get_running_loop().time()
        if now - self._opened_at >= BACKOFF_MOST_S:
            self.works()
        self.try_at = now + self._backoff_s


class Awake:
    """Notices that the machine was suspended: its boot time went on, the loop's time stood still."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._apart_ns: int | None = None

    def slept_s(self) -> int:
        """Whole seconds of sleep since the last call, or 0."""
        apart_ns = self._now_ns() - round(asyncio.get_running_loop().time() * _NS_PER_S)
        before_ns, self._apart_ns = self._apart_ns, apart_ns
        if before_ns is None or apart_ns - before_ns <= SLEPT_NS:
            return 0
        return (apart_ns - before_ns) // _NS_PER_S
