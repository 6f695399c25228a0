"""One seed is one story: everything that happens at one bed in some virtual hours, drawn before it happens.

A bed with one pump or two on one wire, each drawn from the plausible readings of its manual; a wire with its own
climate of mishaps; people at the pump's keys; a disk that stalls or fails; a host that sleeps; a daemon that is
killed and started again; a nurse. The oracles watch all of it from outside. When the hours are over nothing new goes
wrong, and within SETTLE_S no pump may be in any doubt but a fresh one.

Each use of chance has its own stream, so that adding one changes no other. The same seed gives the same journal, hash
for hash, in any process.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Final

from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fired, Injection
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.swarm import WireRates, swarm_schedule
from pumpd_sim.wire_faults import WireFaults

from pumpd.core.codes import Phase
from pumpd.core.units import NS_PER_S
from pumpd.journal import Entry
from pumpd.testing.fault_story import Day, schedule
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.pairs import DEFAULT, PAIRS, Pair
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.played_nurse import ORDERS, PlayedNurse
from pumpd.testing.simulated_journal import Disk
from pumpd.testing.virtual import BOOT_NS, VirtualClock, run_virtual

LOOK_S: Final = 0.25
SETTLE_S: Final = 90.0  # after the last fault every question has an answer within this
DOUBT_S: Final = 20.0  # totals have 15 s to decide; a step of the plan may begin such a doubt at any moment
TWO_PUMPS: Final = 0.3  # of the seeds
IN_A_HURRY: Final = 4  # a nurse whose pump is to meet as many faults as may be while it infuses
DOUBTFUL: Final = (Phase.CHECKING, Phase.STARTING, Phase.STOPPING, Phase.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one seed came to."""

    seed: int
    virtual_s: float
    journal_hash: str
    rows: int
    violations: tuple[str, ...]
    phases: tuple[str, ...]
    faults: int
    seen: tuple[tuple[str, int], ...] = ()  # how often each phase, alarm, fault and mishap came about
    entries: tuple[Entry, ...] = ()
    fired: tuple[Fired, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is drawn for one seed before anything happens."""

    seed: int
    hours: float
    calm: bool = False  # no faults: the ordinary day
    driver: str = ""  # with its look-alike, and with every fault that this one can have; "" is New Era, by swarm
    day: Day = Day.LOT  # which of them
    jitter: bool = False  # an ordinary day on which a third of all replies come late or in pieces, and the disk is slow

    def chance(self, what: str) -> random.Random:
        """The stream of one use."""
        return random.Random(f"{self.seed} {what}")

    @property
    def ordinary(self) -> bool:
        """Nothing that happens calls for an alarm."""
        return self.calm or self.jitter or (self.day is Day.UNSEEN and bool(self.driver))

    @property
    def pair(self) -> Pair | None:
        return PAIRS[self.driver] if self.driver else None

    @property
    def horizon_ns(self) -> int:
        return int(self.hours * 3_600 * NS_PER_S)

    def line(self, now_ns: int) -> Line:
        """The pumps, their wire, and what will befall them."""
        if self.pair is not None:
            return self._line_of(self.pair, now_ns)
        addresses = (0, 1) if self.chance("pumps").random() < TWO_PUMPS else (0,)
        slots = tuple((f"p{address + 1}", address) for address in addresses)
        if self.ordinary:
            late = WireRates(delay_ppm=200_000, split_ppm=100_000) if self.jitter else WireRates()
            new = [NewEra(address=each, now_ns=now_ns) for each in addresses]
            return Line(sim=SimBus(new, wire=WireFaults(self.chance("faults"), late)), slots=slots)
        rng, firmware = self.chance("faults"), self.chance("firmware")
        pumps = [NewEra(address=each, now_ns=now_ns, options=NewEraOptions.drawn(firmware)) for each in addresses]
        schedule = tuple(
            Injection(at_ns=now_ns + each.at_ns, fault=each.fault)
            for each in swarm_schedule(rng, horizon_ns=self.horizon_ns * 9 // 10, addresses=addresses)
        )
        return Line(sim=SimBus(pumps, wire=WireFaults(rng, WireRates.drawn(rng)), schedule=schedule), slots=slots)

    def _line_of(self, pair: Pair, now_ns: int) -> Line:
        """One pump of the pair; by lot it is read in any way that its manual allows."""
        rng = self.chance("faults")
        reading = (
            self.chance("reading").choice(pair.kind.readings) if self.day is Day.LOT and not self.calm else DEFAULT
        )
        pump = pair.pump(reading, now_ns=now_ns)
        faults = () if self.calm else schedule(pair, self.day, rng, now_ns=now_ns, horizon_ns=self.horizon_ns)
        rates = WireRates.drawn(rng) if self.day is Day.LOT and not self.calm else WireRates()
        sim = SimBus([pump], baud=pump.baud, wire=WireFaults(rng, rates), schedule=faults)
        said = pair.said(reading)
        return Line(sim=sim, slots=(("p1", pair.address),), driver=pair.loaded(), options=said)

    def disk(self) -> Disk:
        """How the disk behaves."""
        if self.ordinary:
            return Disk(delay_ms=(1, 120)) if self.jitter else Disk()
        rng = self.chance("disk")
        return Disk(
            delay_ms=(1, rng.choice((5, 30, 120))),
            stall_per_mille=rng.choice((0, 0, 5, 50)),
            fail_per_mille=rng.choice((0, 0, 0, 5, 20)),
        )

    def times(self, what: str, now_ns: int, *counts: int) -> list[int]:
        """When something happens to the host, in order."""
        rng = self.chance(what)
        count = 0 if self.ordinary else rng.choice(counts)
        return sorted(now_ns + rng.randrange(self.horizon_ns) for _ in range(count))


def play(story: Story, *, keep: bool = False) -> Outcome:
    """Play one seed to its end in virtual time; `keep` what a time line needs."""

    async def played(clock: VirtualClock) -> Outcome:
        return await _Played(story, clock).to_its_end(keep=keep)

    return run_virtual(played, seed=story.seed)


class _Played:
    """One seed under way."""

    def __init__(self, story: Story, clock: VirtualClock) -> None:
        now_ns = clock.now_ns()
        self._story, self._clock = story, clock
        self._line, self._disk = story.line(now_ns), story.disk()
        self._kills = story.times("kills", now_ns, 0, 0, 1, 2)
        self._naps = story.times("naps", now_ns, 0, 0, 1)
        self._settings = story.times("wall clock", now_ns, 0, 0, 1, 3)
        info = self._line.loaded().info
        pair = story.pair
        starts = b"" if pair is None else pair.starts
        watches = tuple(
            Watch(slot=slot, address=address, sim=self._line.sim, info=info, starts=starts)
            for slot, address in self._line.slots
        )
        self._oracles = Oracles(clock=clock, watches=watches, calm=story.ordinary)
        orders = ORDERS if pair is None else pair.orders
        slots = [slot for slot, _ in self._line.slots]
        haste = 1 if pair is None else IN_A_HURRY
        rng = story.chance("nurse")
        self._nurse = PlayedNurse(rng, slots, calm=story.ordinary, orders=orders, haste=haste)
        self._bed = PlayedBed.boot(clock, (self._line,), chance=story.chance("journal"), disk=self._disk)
        self._bed.bedside.watch(self._oracles.on_facts)

    async def to_its_end(self, *, keep: bool) -> Outcome:
        ends_ns = BOOT_NS + self._story.horizon_ns
        while self._clock.now_ns() < ends_ns:
            await self._look()
            await self._nurse.act(self._bed)
            if self._naps and self._clock.now_ns() >= self._naps[0]:
                self._naps.pop(0)
                self._nap()
            if self._settings and self._clock.now_ns() >= self._settings[0]:
                self._settings.pop(0)
                self._set_wall_clock()
            if self._kills and self._clock.now_ns() >= self._kills[0]:
                self._kills.pop(0)
                await self._kill_and_boot()
        await self._settle()
        bed, oracles, fired = self._bed, self._oracles, self._line.sim.fired
        oracles.journal(bed.bedside.state, bed.journal)
        survivors = await bed.kill()
        return Outcome(
            seed=self._story.seed,
            virtual_s=(self._clock.now_ns() - BOOT_NS) / NS_PER_S,
            journal_hash=bed.journal.head.hash,
            rows=len(survivors),
            violations=tuple(oracles.violations),
            phases=tuple(pump.phase.value for pump in bed.bedside.state.pumps),
            faults=len(fired),
            seen=tuple(sorted((oracles.seen + Counter(f"fault {each.kind.value}" for each in fired)).items())),
            entries=tuple(bed.journal.entries()) if keep else (),
            fired=tuple(fired) if keep else (),
        )

    async def _look(self) -> None:
        await asyncio.sleep(LOOK_S)
        self._bed.fail_if_broken()
        self._oracles.look(self._bed.bedside.state)

    def _nap(self) -> None:
        """The host sleeps, the pumps do not."""
        seconds = self._story.chance(f"nap at {self._clock.now_ns()}").choice((2, 8, 20, 120))
        self._oracles.seen["host slept"] += 1
        self._clock.suspend(seconds * NS_PER_S)

    def _set_wall_clock(self) -> None:
        """Somebody, or NTP, sets the wall clock: nothing but stamps may follow it."""
        hours = self._story.chance(f"wall clock at {self._clock.now_ns()}").choice((-24, -1, 1, 24))
        self._oracles.seen["wall clock set"] += 1
        self._clock.step_wall(hours * 3_600_000)

    async def _kill_and_boot(self) -> None:
        """SIGKILL, and some time later the next run of the daemon, with what the disk had."""
        self._oracles.seen["daemon killed"] += 1
        self._oracles.died(self._bed.bedside.state)
        survivors = await self._bed.kill()
        rng = self._story.chance(f"restart at {self._clock.now_ns()}")
        for _ in range(int(rng.choice((0.25, 1.0, 4.0, 20.0, 60.0)) / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            self._oracles.look_alone()
        self._bed = PlayedBed.boot(self._clock, (self._line,), chance=rng, disk=self._disk, survivors=survivors)
        self._bed.bedside.watch(self._oracles.on_facts)

    async def _settle(self) -> None:
        """Nothing new goes wrong: within SETTLE_S no phase is in doubt any more."""
        self._line.sim.wire.rates = WireRates()
        for _ in range(int(SETTLE_S / LOOK_S)):
            await self._look()
        for pump in self._bed.bedside.state.pumps:
            for_s = (self._clock.now_ns() - pump.phase_since_ns) / NS_PER_S
            if pump.phase in DOUBTFUL and for_s > DOUBT_S:
                doubt = f"{pump.slot} is {pump.phase.value} ({pump.why.value}) for {for_s:.0f} s"
                self._oracles.say(f"{doubt}, the last {SETTLE_S:.0f} s without faults")
