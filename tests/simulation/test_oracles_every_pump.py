"""No driver can tell the oracles that its pump stands still while it is driven: each is made to lie, and is caught.

The oracles' other tests play a New Era. What "driven" and "a start" look like is another for each look-alike, so here
each driver is its own liar: it reads its pump as always, and then says that it stands still. The bed believes it, since
a report is all that it has (wall 3); the plant knows better.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from pumpd_sim.bus import SimBus

from pumpd.core.codes import Phase
from pumpd.core.events import LinkState
from pumpd.core.order import Order
from pumpd.core.state import PumpState
from pumpd.driver_api import Drive, Driver, DriverInfo, Framing, Procedure, PumpProcedures, Report
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.pairs import PAIRS, Pair
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

LOOK_S: Final = 0.25
INFUSES_S: Final = 10


@dataclass(slots=True, kw_only=True)
class Liar:
    """A driver's procedures; once it lies, every look shows standstill, and a stop is no more than such a look."""

    told: PumpProcedures
    lies: bool = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # what it does not lie about
        return getattr(self.told, name)

    def observe(self) -> Procedure[Report]:
        report = yield from self.told.observe()
        return replace(report, drive=Drive.STILL) if self.lies else report

    def stop(self) -> Procedure[Report]:
        return (yield from (self.observe() if self.lies else self.told.stop()))


@dataclass(frozen=True, slots=True, kw_only=True)
class LyingDriver:
    honest: Driver
    liars: list[Liar]

    @property
    def info(self) -> DriverInfo:
        return self.honest.info

    def framing(self) -> Framing:
        return self.honest.framing()

    def pump(self, *, address: int, options: Mapping[str, str | int | bool]) -> Any:  # noqa: ANN401  # a Liar
        self.liars.append(Liar(told=self.honest.pump(address=address, options=options)))
        return self.liars[-1]


def is_ready(pump: PumpState) -> bool:
    return pump.link is LinkState.UP and pump.sighting.last is not None and pump.sighting.last.alarm is None


async def caught(clock: VirtualClock, pair: Pair, *, stopped: bool) -> list[str]:
    """What the oracles say of a lesson in its tenth second, from which on the driver lies."""
    driver = LyingDriver(honest=pair.loaded(), liars=[])
    device = pair.pump(now_ns=clock.now_ns())
    sim = SimBus([device], baud=device.baud)
    watch = Watch(slot="p1", address=pair.address, sim=sim, info=driver.info, starts=pair.starts)
    oracles = Oracles(clock=clock, watches=(watch,))
    bed = PlayedBed.boot(clock, (Line(sim=sim, slots=(("p1", pair.address),), driver=driver),))
    bed.bedside.watch(oracles.on_facts)
    await bed.until_it(is_ready, within_s=90)  # an Alaris shows by 40 s without a change that it stands still
    order = Order(regimen=pair.regimen, day=1, weight_g=70_000, height_mm=1_750, container=pair.container)
    assert (await bed.start(order)).accepted
    await bed.until(Phase.INFUSING)
    for second in range(2 * INFUSES_S):
        if second == INFUSES_S:
            assert oracles.violations == [], "nothing is said of a driver that tells the truth"
            driver.liars[-1].lies = True
            if stopped:
                await bed.stop("p1")
        for _ in range(round(1 / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            oracles.look(bed.bedside.state)
    await bed.kill()
    return oracles.violations


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


@pytest.mark.parametrize("pair", PAIRS.values(), ids=list(PAIRS))
@pytest.mark.parametrize("stopped", [False, True], ids=["by itself", "by a stop that never left"])
def test_a_pump_that_is_told_at_rest_while_it_is_driven_is_seen(pair: Pair, stopped: bool) -> None:  # noqa: FBT001
    said = run_virtual(lambda clock: caught(clock, pair, stopped=stopped))
    assert any("p1 is stopped while the motor turns" in each for each in said), said
