"""A whole bed in virtual time: the daemon's own loop, buses and drivers, and simulated pumps behind them.

Only three parts are stood in for: the serial line (in memory, with the simulator's faults), the journal's disk
(simulated_journal.py) and the clock. Everything else is what runs at a bedside. A bed can be killed and booted again,
with what its journal had made durable, while the pumps behind it go on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from pumpd_sim.bus import SimBus

from pumpd.bedside import Bedside
from pumpd.bus import Bus, Station
from pumpd.bus_turns import worst_cycle_ms
from pumpd.clock import Clock
from pumpd.core.actor import Actor
from pumpd.core.bed import preview
from pumpd.core.codes import Phase
from pumpd.core.effects import PumpEffect, Reply
from pumpd.core.order import Order
from pumpd.core.people import Role
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import Rules
from pumpd.core.requests import (
    ContainerChangeRequested,
    Keep,
    Override,
    PumpConfirmed,
    ResumeRequested,
    StartRequested,
    StepRequested,
    StopRequested,
)
from pumpd.core.state import PumpState
from pumpd.core.turn import Setup
from pumpd.driver_api import Driver
from pumpd.journal_rows import Stored
from pumpd.registry import load
from pumpd.samples import RecentSamples
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.simulated_journal import Disk, SimulatedJournal
from pumpd.testing.virtual import PortToSim, VirtualClock

NURSE = Actor(person="nurse-1", role=Role.NURSE)
AGREED = Override(reason="as ordered", second=Actor(person="nurse-2", role=Role.NURSE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One simulated serial line: the pumps on it, by slot and address."""

    sim: SimBus
    slots: tuple[tuple[str, int], ...]
    driver: str | Driver = "new_era"  # by its entry point, or one that no package brings
    options: tuple[tuple[str, str | int | bool], ...] = ()  # of each pump

    def loaded(self) -> Driver:
        return load(self.driver) if isinstance(self.driver, str) else self.driver


def asset_of(slot: str) -> str:
    """The label on the housing of the pump that belongs on a slot."""
    return f"NE-1000 No. {slot}"


def setup_for(
    lines: Sequence[Line], *, training: bool = True, resume_limit_s: int = 900, rules: Rules | None = None
) -> Setup:
    """What the configuration of such a bed would say."""
    pumps: list[tuple[str, DriverInfo]] = []
    cycles: list[tuple[str, int]] = []
    for line in lines:
        info = line.loaded().info
        pumps += [(slot, info) for slot, _ in line.slots]
        cycles += [(slot, worst_cycle_ms([info] * len(line.slots))) for slot, _ in line.slots]
    return Setup(
        rules=shipped_rules() if rules is None else rules,
        pumps=tuple(pumps),
        worst_cycle_ms=tuple(cycles),
        resume_limit_s=resume_limit_s,
        training=training,
        assets=tuple((slot, asset_of(slot)) for line in lines for slot, _ in line.slots),
        buses=tuple(tuple(slot for slot, _ in line.slots) for line in lines),
    )


@dataclass(slots=True, kw_only=True)
class PlayedBed:
    """One run of the daemon. `kill` ends it as SIGKILL would; `boot` on its survivors begins the next."""

    clock: VirtualClock
    lines: tuple[Line, ...]
    bedside: Bedside
    journal: SimulatedJournal
    samples: RecentSamples
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    def boot(
        cls,
        clock: VirtualClock,
        lines: Sequence[Line],
        *,
        chance: random.Random | None = None,
        disk: Disk | None = None,
        survivors: Sequence[Stored] = (),
        rules: Rules | None = None,
        daemons_clock: Clock | None = None,
    ) -> Self:
        """Build and start everything; the pumps are looked for at once. The daemon may have a clock of its own."""
        own = clock if daemons_clock is None else daemons_clock
        boot = clock.new_id()
        journal = SimulatedJournal(boot, chance or random.Random(0), disk or Disk(), survivors)
        buses: dict[str, Bus] = {}

        def send(effect: PumpEffect) -> None:
            buses[effect.slot].submit(effect)

        samples = RecentSamples()
        bedside = Bedside(
            setup=setup_for(lines, rules=rules),
            journal=journal,
            samples=samples,
            clock=own,
            send=send,
            beat=lambda: None,
        )
        bedside.boot(boot)
        bed = cls(clock=clock, lines=tuple(lines), bedside=bedside, journal=journal, samples=samples)
        for index, line in enumerate(lines):
            driver: Driver = line.loaded()
            bus = Bus(
                name=f"bus{index}",
                open_link=PortToSim(line.sim, clock).open,
                framing=driver.framing(),
                pumps={
                    slot: Station(
                        address=address,
                        procedures=driver.pump(address=address, options=dict(line.options)),
                        info=driver.info,
                    )
                    for slot, address in line.slots
                },
                deliver=bedside.submit,
                now_ns=own.now_ns,
                beat=lambda: None,
            )
            buses.update({slot: bus for slot, _ in line.slots})
            bed.tasks.append(asyncio.create_task(bus.run(), name=bus.name))
        bed.tasks.append(asyncio.create_task(bedside.run(), name="bedside"))
        return bed

    async def kill(self) -> tuple[Stored, ...]:
        """End at once, as SIGKILL would; returns the journal that the disk has."""
        self.journal.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return self.journal.survivors

    def fail_if_broken(self) -> None:
        """Raise what a task of this daemon died of."""
        for task in self.tasks:
            if task.done() and not task.cancelled():
                task.result()
                raise AssertionError(f"{task.get_name()} ended")

    # --- a nurse ----------------------------------------------------------------------------------------------

    def pump(self, slot: str = "p1") -> PumpState:
        pump = self.bedside.state.pump(slot)
        assert pump is not None, slot
        return pump

    async def start(self, order: Order, slot: str = "p1") -> Reply:
        """Review and start at once, as a nurse who reads fast."""
        review = preview(self.bedside.state, slot, order, self.bedside.setup, self.bedside.clock.now_ns())
        return await self.bedside.ask(
            StartRequested(
                at_ns=self.bedside.clock.now_ns(), request_id=self.clock.new_id(), actor=NURSE, slot=slot, order=order,
                digest=review.digest, override=AGREED if review.grant.needs_override else None,
            )
        )  # fmt: skip

    async def stop(self, slot: str | None = None) -> Reply:
        return await self.bedside.ask(
            StopRequested(at_ns=self.bedside.clock.now_ns(), request_id=self.clock.new_id(), actor=None, slot=slot)
        )

    async def resume(self, slot: str = "p1", keep: Keep = Keep.END_TIME) -> Reply:
        return await self.bedside.ask(
            ResumeRequested(
                at_ns=self.bedside.clock.now_ns(), request_id=self.clock.new_id(), actor=NURSE, slot=slot, keep=keep
            )
        )

    async def change_container(self, slot: str = "p1") -> Reply:
        """The next container hangs; its label says what was ordered."""
        infusion = self.pump(slot).due()
        return await self.bedside.ask(
            ContainerChangeRequested(
                at_ns=self.clock.now_ns(), request_id=self.clock.new_id(), actor=NURSE, slot=slot,
                container=infusion.order.container,
                concentration_ug_per_ml=infusion.programme.concentration_ug_per_ml,
            )
        )  # fmt: skip

    async def confirm(self, asset: str, slot: str = "p1") -> Reply:
        """Read the label of the pump that stands there."""
        return await self.bedside.ask(
            PumpConfirmed(
                at_ns=self.clock.now_ns(), request_id=self.clock.new_id(), actor=NURSE, slot=slot, asset=asset
            )
        )

    async def step(self, slot: str = "p1") -> Reply:
        return await self.bedside.ask(
            StepRequested(at_ns=self.bedside.clock.now_ns(), request_id=self.clock.new_id(), actor=NURSE, slot=slot)
        )

    async def until_ready(self, slot: str = "p1", within_s: float = 30.0) -> PumpState:
        """Wait until the pump has been identified, and seen without the alarm of its power-up."""

        def is_ready(pump: PumpState) -> bool:
            return pump.sighting.last is not None and pump.sighting.last.alarm is None

        return await self.until_it(is_ready, slot=slot, within_s=within_s)

    async def until(self, *phases: Phase, slot: str = "p1", within_s: float = 60.0) -> PumpState:
        """Wait until the pump's phase is one of these; TimeoutError names what it was instead."""
        return await self.until_it(lambda pump: pump.phase in phases, slot=slot, within_s=within_s)

    async def until_it(
        self, holds: Callable[[PumpState], bool], *, slot: str = "p1", within_s: float = 60.0
    ) -> PumpState:
        """Wait until this holds of a pump; looks after every decision that has facts."""
        changed = asyncio.Event()
        unwatch = self.bedside.watch(lambda _state, _facts: changed.set())
        try:
            async with asyncio.timeout(within_s):
                while not holds(self.pump(slot)):
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            raise TimeoutError(f"after {within_s} s {slot} is {self.pump(slot).phase}") from None
        finally:
            unwatch()
        return self.pump(slot)
