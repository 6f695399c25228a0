"""A played bed with a story: what happens to it is written line by line, and the oracles watch every quarter second.

`watched(story)` gives what they have to complain of, in sentences; empty when all walls stood. The daemon is the real
one on virtual time (played_bed.py), and may be killed and booted again in the middle of a sentence. A part of it that
raises is a complaint too, since without one of its guards a daemon may end in an assertion and not on a patient.

The daemon's clock here is the product's own `SystemClock`, over a kernel that the story can tamper with: the wall
clock steps, runs fast or stands still, while boot time and the pumps go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from pumpd_sim.bus import SimBus
from pumpd_sim.device import Truth
from pumpd_sim.faults import Fault
from pumpd_sim.new_era import NewEra

import pumpd.clock
from pumpd.clock import SystemClock
from pumpd.core import facts as f
from pumpd.core.codes import Condition, Phase
from pumpd.core.facts import Fact
from pumpd.core.order import Order
from pumpd.core.state import BedState
from pumpd.journal_rows import Stored
from pumpd.registry import load
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import BOOT_NS, WALL_MS, VirtualClock, run_virtual

LOOK_S: Final = 0.25
SALINE: Final = Order(regimen="TRAIN-2MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")
STEPS: Final = Order(regimen="TRAIN-3STEP", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")


class KernelTime:
    """What the module `time` would say on a machine whose wall clock is tampered with."""

    CLOCK_BOOTTIME: Final = 7

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._since_ms = clock.wall_ms()
        self.fast_permille = 0  # the wall clock gains this much; -1000 is a clock that stands still

    def clock_gettime_ns(self, _which: int) -> int:
        return self._clock.now_ns()

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    def time_ns(self) -> int:
        wall_ms = self._clock.wall_ms()
        return (wall_ms + (wall_ms - self._since_ms) * self.fast_permille // 1_000) * 1_000_000

    def localtime(self) -> time.struct_time:
        return time.gmtime(self.time_ns() // 1_000_000_000)


class _DaemonsClock(SystemClock):
    """The product's clock, but for ids and the kernel's boot, which come from the seed."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def new_id(self) -> str:
        return self._clock.new_id()

    def kernel_boot(self) -> str:
        return self._clock.kernel_boot()


class WatchedBed:
    """One story under way; the sentences are about `p1` unless they say otherwise."""

    def __init__(self, clock: VirtualClock, kernel: KernelTime, *, pumps: int) -> None:
        self.clock, self.kernel = clock, kernel
        self.sim = SimBus([NewEra(address=each, now_ns=clock.now_ns()) for each in range(pumps)])
        self.line = Line(sim=self.sim, slots=tuple((f"p{each + 1}", each) for each in range(pumps)))
        info = load("new_era").info
        watches = tuple(Watch(slot=slot, address=each, sim=self.sim, info=info) for slot, each in self.line.slots)
        self.oracles = Oracles(clock=clock, watches=watches)
        self.facts: list[Fact] = []
        self.complaints: list[str] = []
        self.bed = self._booted()

    def _booted(self, survivors: Sequence[Stored] = ()) -> PlayedBed:
        bed = PlayedBed.boot(self.clock, (self.line,), survivors=survivors, daemons_clock=_DaemonsClock(self.clock))
        bed.bedside.watch(self.oracles.on_facts)
        bed.bedside.watch(self._keep)
        return bed

    def _keep(self, _state: BedState, facts: tuple[Fact, ...]) -> None:
        self.facts += facts

    # --- what was seen ------------------------------------------------------------------------------------------

    def phase(self, slot: str = "p1") -> Phase:
        return self.bed.pump(slot).phase

    def truth(self, address: int = 0) -> Truth:
        return self.sim.truth(self.clock.now_ns(), address)

    def heard(self, command: str, address: int = 0) -> int:
        """How often a host's frame with this command was sent to that pump, so far."""
        frame = f"{address}{command}".encode()
        return sum(each.event == "host_sends" and frame in each.data for each in self.sim.journal)

    def alarms(self) -> list[Condition]:
        """Every alarm that was raised so far, in order."""
        return [fact.condition for fact in self.facts if isinstance(fact, f.AlarmRaised)]

    # --- what happens -------------------------------------------------------------------------------------------

    async def runs(self, order: Order = SALINE, slot: str = "p1") -> None:
        await self.bed.until_ready(slot)
        reply = await self.bed.start(order, slot)
        assert reply.accepted, reply.reasons
        await self.bed.until(Phase.INFUSING, slot=slot)

    async def passes(self, seconds: float) -> None:
        """Time passes, and the oracles watch."""
        while seconds > 0:
            await asyncio.sleep(min(LOOK_S, seconds))
            seconds -= LOOK_S
            self.bed.fail_if_broken()
            self.oracles.look(self.bed.bedside.state)

    async def ends(self, *, within_s: float = 200, slot: str = "p1") -> None:
        """Until the volume is in, or the time is over."""
        for _ in range(round(within_s)):
            if self.phase(slot) is Phase.ENDED:
                return
            await self.passes(1)

    async def killed(self, *, away_s: float) -> None:
        """SIGKILL; some time later the next run of the daemon, with what the disk had."""
        self.oracles.died(self.bed.bedside.state)
        survivors = await self.bed.kill()
        for _ in range(round(away_s / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            self.oracles.look_alone()
        self.bed = self._booted(survivors)

    def fault(self, fault: Fault) -> None:
        self.sim.inject(self.clock.now_ns(), fault)

    def say(self, what: str) -> None:
        """The story's own complaint, ahead of those of the oracles."""
        self.complaints.append(what)


def by_the_wall(clock: SystemClock) -> int:
    """What a daemon without boot time would take for now: right until somebody touches the wall clock."""
    return BOOT_NS + (clock.wall_ms() - WALL_MS) * 1_000_000


def watched(story: Callable[[WatchedBed], Awaitable[None]], *, pumps: int = 1) -> list[str]:
    """Play a story on a bed of so many pumps, on one wire; returns what there is to complain of."""
    quiet()
    shipped_rules()

    async def played(clock: VirtualClock) -> list[str]:
        kernel = KernelTime(clock)
        with _kernel(kernel):
            told = WatchedBed(clock, kernel, pumps=pumps)
            try:
                await story(told)
                told.oracles.journal(told.bed.bedside.state, told.bed.journal)
            except AssertionError as error:
                told.say(f"raised: {error!r}")
            finally:
                await told.bed.kill()
            return told.complaints + told.oracles.violations

    return run_virtual(played)


@contextmanager
def _kernel(kernel: KernelTime) -> Iterator[None]:
    """The daemon's clock reads this kernel; every other module keeps the machine's."""
    real = vars(pumpd.clock)["time"]
    vars(pumpd.clock)["time"] = kernel
    try:
        yield
    finally:
        vars(pumpd.clock)["time"] = real
