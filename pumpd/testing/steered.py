"""A clock that can be steered: real time, real sockets, and two hours in a moment when a test says so.

On a virtual clock (virtual.py) nothing real can take part: a browser, or a client over a socket, would find that an
hour has gone by while it drew breath. On this one, time runs 1:1, so that anybody may talk to what runs on it; only
`advance` jumps, timer by timer: whatever would have happened in these two hours happens, in order, at its own time.
For the daemon it is as if the hours had passed. Only a program that reads the machine's own clock knows better.

What threads and other processes do takes real time even then. So the loop never jumps over it: while something works
outside of the loop (a PIN that is hashed, a row that is being made durable, or whatever is named in `busy`), time goes
1:1. What asyncio's own threads would do in a jump is done at once instead. A frame on a real wire cannot be seen that
way: simulated pumps are in the same process, behind a wire in memory.

The product's clock is not scaled and knows nothing of this; test code alone has such a loop.
"""

from __future__ import annotations

import asyncio
import selectors
import signal
import time
from collections.abc import Callable
from datetime import date
from typing import Any, Final, TypeVar, TypeVarTuple

from pumpd.clock import SystemClock
from pumpd.testing.own_time import OwnTime

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
LOOK_NS: Final = (
    NS_PER_MS  # of real time: in a jump nobody outside is asked more often, which costs as much as it tells
)
BUSY_LOOK_S: Final = 0.01  # of real time: until somebody looks again whether the work outside is done
_FIRST_DAY: Final = date(1970, 1, 1)


class _Steered(OwnTime):
    """Waits as any selector does; while an advance is under way it jumps to the next timer instead."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self.jumped_ns = 0
        self.advancing = 0
        super().__init__()
        self._busy = busy
        self._looked_ns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.advancing or timeout is None:
            return self._real.select(timeout)
        if self._busy():
            return self._real.select(min(timeout, BUSY_LOOK_S))
        now_ns = time.monotonic_ns()
        look = now_ns - self._looked_ns >= LOOK_NS
        ready = self._real.select(0) if look else []
        if look:
            self._looked_ns = now_ns
        if not ready and timeout > 0:
            self.jumped_ns += max(1, round(timeout * NS_PER_S))
        return ready


class SteeredLoop(asyncio.SelectorEventLoop):
    """`busy` holds whatever tells that something works outside of the loop; signals are handled by `leave`."""

    def __init__(self) -> None:
        self.busy: list[Callable[[], bool]] = []
        self._threads = 0
        self._leaving: list[Callable[[], object]] = []
        self._steered = _Steered(lambda: self._threads > 0 or any(busy() for busy in self.busy))
        super().__init__(self._steered)

    @property
    def jumped_ns(self) -> int:
        """By how much this loop is ahead of the machine."""
        return self._steered.jumped_ns

    def time(self) -> float:
        return (time.monotonic_ns() + self.jumped_ns) / NS_PER_S

    async def advance(self, by_ns: int) -> None:
        """Until so much time has gone by: nearly at once, but that everything happens that is due in it."""
        assert by_ns >= 0, "no clock runs backwards"
        self._steered.advancing += 1
        try:
            await asyncio.sleep(by_ns / NS_PER_S)
        finally:
            self._steered.advancing -= 1

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:  # noqa: ANN401  # asyncio's own
        if executor is None and self._steered.advancing:
            return self.create_task(_at_once(func, *args))
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _future: asyncio.Future[Any]) -> None:
        self._threads -= 1

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Signals belong to the test's process; SIGTERM to what runs here is `leave`."""
        if sig == signal.SIGTERM:
            self._leaving.append(lambda: callback(*args))

    def leave(self) -> None:
        """What SIGTERM would say to every program on this loop."""
        for callback in self._leaving:
            callback()


async def _at_once(func: Callable[[*Ts], T], *args: *Ts) -> T:
    """In a jump: the bed looks at small files every 2 s, and to hand each to a thread takes real time."""
    return func(*args)


class SteeredClock(SystemClock):
    """The product's clock, ahead by all that the loop has jumped. May be read in any thread."""

    def __init__(self, loop: SteeredLoop) -> None:
        self._loop = loop

    def now_ns(self) -> int:
        return super().now_ns() + self._loop.jumped_ns

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self._loop.jumped_ns

    def wall_ms(self) -> int:
        return super().wall_ms() + self._loop.jumped_ns // NS_PER_MS

    def local_day(self) -> int:
        return (date(*time.localtime(self.wall_ms() // 1_000)[:3]) - _FIRST_DAY).days
