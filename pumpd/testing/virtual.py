"""Virtual time: the whole daemon and its simulated pumps on one event loop that never waits.

The loop's selector does not sleep until the next timer, it jumps there; so eight hours at one look a second take
about a second, and the same seed gives the same order of events in every process. Time is kept in whole
nanoseconds: a sum of floats would drift.

What stops being true on such a loop has to be said at once instead of hanging: if nothing is ready and no timer
is set, nothing will ever happen, and an AssertionError names the tasks that wait. Threads take no virtual time,
so a daemon in virtual time has none: its journal and its buses are in memory.

`VirtualClock` is the daemon's `Clock` on that loop; it can be suspended, as a laptop is by its lid.
`WireToSim` is a `Link` in memory to a chain of simulated pumps.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from pumpd_sim.bus import SimBus

from pumpd.clock import Clock
from pumpd.errors import LinkError, PortAbsent
from pumpd.testing.own_time import OwnTime

T = TypeVar("T")

NS_PER_S: Final = 1_000_000_000
BOOT_NS: Final = 3_600 * NS_PER_S  # the machine has been up for an hour: zero would hide a forgotten offset
DAY_MS: Final = 86_400_000
WALL_MS: Final = 1_767_258_000_000  # 2026-01-01 09:00 UTC, a working day
BITS_PER_BYTE: Final = 10


class _Jumping(OwnTime):
    """Asks the real selector without waiting; when nothing is ready, time jumps to the next timer."""

    def __init__(self, on_deadlock: Callable[[], str]) -> None:
        self.now_ns = 0
        self.now_s = 0.0
        super().__init__()
        self._on_deadlock = on_deadlock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # the loop's own wake-up socket alone is not worth a system call at every step
        if timeout is None or len(self._real.get_map()) > 1:
            ready = self._real.select(0)
            if ready:
                return ready
        if timeout is None:
            raise AssertionError(self._on_deadlock())
        if timeout > 0:
            self.now_ns += max(1, round(timeout * NS_PER_S))  # the loop takes a timer within 1 ns for due
            self.now_s = self.now_ns / NS_PER_S
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at zero. Its time moves only when nothing is left to do at the present moment."""

    def __init__(self) -> None:
        self._jumping = _Jumping(self._who_waits)
        super().__init__(self._jumping)
        self.slow_callback_duration = float("inf")  # it would compare virtual time

    def time(self) -> float:
        return self._jumping.now_s

    @property
    def elapsed_ns(self) -> int:
        return self._jumping.now_ns

    def hold(self, for_ns: int) -> None:
        """A callback that does not come back for so long: time goes on, and all that was due meanwhile is late."""
        assert for_ns > 0
        self._jumping.now_ns += for_ns
        self._jumping.now_s = self._jumping.now_ns / NS_PER_S

    def _who_waits(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        lines = [f"  {task.get_name()}: {task.get_coro()!r}" for task in tasks]
        return "\n".join(
            [f"nothing will ever happen again after {self.time():.3f} s of virtual time; these wait:", *lines]
        )


class VirtualClock:
    """The daemon's clock on a virtual loop. Outlives a restart of the daemon, as the kernel's does."""

    def __init__(self, loop: VirtualLoop, *, seed: int = 0) -> None:
        self._loop = loop
        self._seed = seed
        self._chance = random.Random(f"ids of {seed}")
        self._suspended_ns = 0
        self._stepped_ms = 0

    def now_ns(self) -> int:
        return BOOT_NS + self._loop.elapsed_ns + self._suspended_ns

    def monotonic_ns(self) -> int:
        return BOOT_NS + self._loop.elapsed_ns

    def wall_ms(self) -> int:
        return WALL_MS + (self._loop.elapsed_ns + self._suspended_ns) // 1_000_000 + self._stepped_ms

    def local_day(self) -> int:
        return self.wall_ms() // DAY_MS

    def new_id(self) -> str:
        return f"{self._chance.getrandbits(48):012x}"

    def kernel_boot(self) -> str:
        return f"virtual-{self._seed}"

    def suspend(self, by_ns: int) -> None:
        """The machine slept for so long: boot time and wall time have gone on, no timer has."""
        assert by_ns > 0
        self._suspended_ns += by_ns

    def hold_up(self, for_ns: int) -> None:
        """The processor was elsewhere: the loop is held, and no clock stands still."""
        self._loop.hold(for_ns)

    def step_wall(self, by_ms: int) -> None:
        """Somebody set the wall clock, forwards or back."""
        self._stepped_ms += by_ms


def run_virtual(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], *, seed: int = 0) -> T:
    """Run `main(clock)` to its end on a new virtual loop; tasks that it leaves behind are cancelled."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(VirtualClock(loop, seed=seed)))


class PortToSim:
    """The port in front of simulated pumps: opened as often as the daemon likes, gone while the simulator says so."""

    def __init__(self, sim: SimBus, clock: Clock) -> None:
        self._sim = sim
        self._clock = clock
        self._wire: WireToSim | None = None
        self._back_ns = 0
        sim.on_hang_up = self._hangs_up

    async def open(self) -> WireToSim:
        """Raises PortAbsent while it is gone."""
        if self._clock.now_ns() < self._back_ns:
            raise PortAbsent("the simulated port is not there")
        self._wire = WireToSim(self._sim, self._clock)
        return self._wire

    def _hangs_up(self, for_ns: int) -> None:
        """Once what is under way has ended: the fault may have come in the middle of reading this very port."""
        self._back_ns = self._clock.now_ns() + for_ns
        if self._wire is not None:
            asyncio.get_running_loop().call_soon(self._wire.hang_up)


class WireToSim:
    """One open connection to simulated pumps. The pumps live in `sim`, and go on when this is closed."""

    def __init__(self, sim: SimBus, clock: Clock) -> None:
        self.byte_s = 0.0 if sim.baud is None else BITS_PER_BYTE / sim.baud
        self._sim = sim
        self._clock = clock
        self._ring: Callable[[], None] = lambda: None
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0  # when it rings, by the loop: a clock that is suspended moves away from it
        self._failed = ""
        sim.poll(clock.now_ns())  # what the pumps said while nobody listened is lost
        self._set_timer()

    def listen(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        if self._received or self._failed:
            ring()

    def write(self, data: bytes) -> None:
        self._check()
        self._sim.write(self._clock.now_ns(), data)
        self._fetch()

    def unsent(self) -> int:
        self._check()
        return 0

    def take(self) -> bytes:
        if not self._received:
            self._check()
        data = bytes(self._received)
        self._received.clear()
        return data

    def close(self) -> None:
        self.hang_up("the link is closed")

    def hang_up(self, why: str = "the simulated port hung up") -> None:
        """Pull the plug: the next call raises LinkError."""
        if self._failed:
            return
        self._failed = why
        if self._timer is not None:
            self._timer.cancel()
        self._ring()

    def _check(self) -> None:
        if self._failed:
            raise LinkError(self._failed)

    def _rung(self) -> None:
        self._timer = None
        self._fetch()

    def _fetch(self) -> None:
        data = self._sim.poll(self._clock.now_ns())
        self._set_timer()
        if data:
            self._received += data
            self._ring()

    def _set_timer(self) -> None:
        wake_ns = self._sim.next_wake_ns()
        now_ns, loop_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        # A pump whose wake never moves would hold time still: a nanosecond keeps the loop going.
        wait_ns = None if wake_ns is None else max(1, wake_ns - now_ns)
        if self._timer is not None:
            if wait_ns is not None and self._timer_ns == loop_ns + wait_ns:
                return
            self._timer.cancel()
            self._timer = None
        if wait_ns is None:
            return
        self._timer_ns = loop_ns + wait_ns
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(loop.time() + wait_ns / NS_PER_S, self._rung)
