"""Every driver meets its look-alike, in every reading of the manual that is plausible, and the plant has the last word.

Drivers and look-alikes were written from the same manuals by different hands, so this is where they may disagree. A
whole lesson in virtual time: three steps, a pause, a resume, the planned end. The oracles look every quarter second
(never infusing without a confirmed start, never told stopped while driven, the truth inside the interval), no alarm may
be raised but the end's, and what was displaced is what was ordered, to the grain of the pump.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Device
from pumpd_sim.devices import Bench, load
from pumpd_sim.readings import Reading, read

from pumpd.core.codes import Condition, Phase
from pumpd.core.events import LinkState
from pumpd.core.facts import AlarmRaised, Fact
from pumpd.core.order import Order
from pumpd.core.requests import Keep
from pumpd.core.state import BedState, PumpState
from pumpd.driver_api import Driver
from pumpd.registry import load as load_driver
from pumpd.testing.clinical import CONFIG
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

LOOK_S = 0.25
LESSON_S = 240
LATE = {"reply_ms=450", "slow_every=5"}  # a pump that answers so late has not confirmed a stop in its time
EXPECTED = {Condition.ENDED, Condition.NEAR_END}


BAG_PUMP = CONFIG / "pumps" / "bedside-bag-pump.toml"
MAP = (("map", BAG_PUMP.read_text()), ("map_file", str(BAG_PUMP)))


# what a site has to find out about its pump, and to say in its configuration
SAID_IN_CONFIGURATION: dict[str, tuple[tuple[str, str | int | bool], ...]] = {
    "dulcoflex numbers=one_more": (("register_offset", -1),),
    "dulcoflex run_byte=high": (("run_in_high_byte", True),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A driver and what answers it."""

    driver: str
    device: str
    address: int = 0
    container: str = "syringe-60"
    mode: str = ""
    options: tuple[tuple[str, str], ...] = ()
    regimen: str = "TRAIN-3GENTLE"
    under_nl: int = 35_000  # short of what was ordered: the wire's grain, and what three legs round down
    over_nl: int = 1_000  # past it: a step of the motor, or a look where the pump has no target of its own

    def loaded(self) -> Driver:
        return load_driver(self.driver, dict(self.options))

    def pump(self, reading: Reading, now_ns: int) -> Device:
        kind = load(self.device)
        options = read(kind.options, dict(reading.settings))
        bench = Bench(
            address=self.address,
            baud=kind.bauds[0],
            plant=kind.plant,
            options=options,
            mode=self.mode or kind.modes[0],
            now_ns=now_ns,
        )
        return kind.build(bench)


PAIRS = (
    Pair(driver="new_era", device="new_era"),
    Pair(driver="alaris", device="alaris"),
    Pair(driver="isco", device="isco", address=1, mode="rtu", over_nl=20_000),
    Pair(driver="harvard", device="harvard"),
    # what is left is programmed by what may be in: a fifth of a turn, and as much again by which the flow is behind
    Pair(
        driver="dulcoflex",
        device="dulcoflex",
        address=20,
        container="bag-100",
        regimen="TRAIN-3TURN",
        under_nl=2_000_000,
    ),
    Pair(driver="generic_modbus", device="bag_pump", address=1, container="bag-100", over_nl=20_000, options=MAP),
)
CASES = [
    pytest.param(pair, reading, id=f"{pair.driver}-{reading.name}")
    for pair in PAIRS
    for reading in load(pair.device).readings
]


def is_ready(pump: PumpState) -> bool:
    return pump.link is LinkState.UP and pump.sighting.last is not None and pump.sighting.last.alarm is None


async def lesson(clock: VirtualClock, pair: Pair, reading: Reading) -> list[str]:
    driver = pair.loaded()
    pump = pair.pump(reading, clock.now_ns())
    sim = SimBus([pump], baud=pump.baud)
    said = SAID_IN_CONFIGURATION.get(f"{pair.driver} {reading.name}", ())
    line = Line(sim=sim, slots=(("p1", pair.address),), driver=driver, options=said)
    oracles = Oracles(clock=clock, watches=(Watch(slot="p1", address=pair.address, sim=sim, info=driver.info),))
    alarms: list[Condition] = []

    def on_facts(_state: BedState, facts: tuple[Fact, ...]) -> None:
        alarms.extend(fact.condition for fact in facts if isinstance(fact, AlarmRaised))

    bed = PlayedBed.boot(clock, (line,))
    bed.bedside.watch(oracles.on_facts)
    bed.bedside.watch(on_facts)
    try:
        # an Alaris shows that it stands still by 40 s without a change
        await bed.until_it(is_ready, within_s=90)
        order = Order(regimen=pair.regimen, day=1, weight_g=70_000, height_mm=1_750, container=pair.container)
        reply = await bed.start(order)
        assert reply.accepted, reply.reasons
        paused = False
        for _ in range(round(LESSON_S / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            bed.fail_if_broken()
            oracles.look(bed.bedside.state)
            state = bed.pump()
            if state.phase is Phase.ENDED:
                break
            if state.phase is Phase.INFUSING and not paused and sim.truth(clock.now_ns()).displaced_nl > 500_000:
                paused = True
                assert (await bed.stop("p1")).accepted
            elif state.phase is Phase.STOPPED and paused:
                assert (await bed.resume(keep=Keep.VOLUME)).accepted
        assert paused
        assert bed.pump().phase is Phase.ENDED, (bed.pump().phase, bed.pump().why, alarms)
        infusion = bed.pump().infusion
        assert infusion is not None
        displaced = sim.truth(clock.now_ns()).displaced_nl
        assert infusion.delivered.low_nl <= displaced <= infusion.delivered.high_nl
        assert -pair.over_nl <= infusion.total_nl - displaced <= pair.under_nl
        oracles.journal(bed.bedside.state, bed.journal)
    finally:
        await bed.kill()
    return [*oracles.violations, *(f"alarm {each.value}" for each in alarms if each not in EXPECTED)]


@pytest.mark.parametrize(("pair", "reading"), CASES)
def test_every_reading_of_every_pump_gives_what_was_ordered(pair: Pair, reading: Reading) -> None:
    quiet()

    async def played(clock: VirtualClock) -> list[str]:
        return await lesson(clock, pair, reading)

    excused = ["alarm stop_unconfirmed"] if reading.name in LATE else []
    assert [told for told in run_virtual(played) if told not in excused] == []
